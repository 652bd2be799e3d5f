/**
 * What the meaning of our statements rests on, and whether they come to their end: the one list. A database or a role
 * may set any of these otherwise (ALTER DATABASE … SET), for people's sake or against runaway queries of others.
 */

/** How texts, dates and numbers are read and written, and what a name or an operator stands for. */
export const MEANING = {
  // The style alone: the order of day and month stays the database's, which main's own triggers may count on.
  datestyle: "ISO",
  intervalstyle: "postgres",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  bytea_output: "hex",
  extra_float_digits: "1",
  xmloption: "content",
  array_nulls: "on",
  transform_null_equals: "off",
  quote_all_identifiers: "off",
  row_security: "on",
  // Else an error ends the session, caught or not.
  exit_on_error: "off",
};

/** Others' limits: a download waits for its portal, a comparison takes as long as it takes. */
export const ENDING = {
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  jit: "off",
};

/** What a transaction is when nobody says otherwise. */
const SESSIONS = {
  default_transaction_read_only: "off",
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  default_table_access_method: "heap",
  // The database's own: in another one the kit's roles may have no right.
  default_tablespace: "",
  client_encoding: "UTF8",
};

/** Not known to every version, and an old one is to be refused with words. */
export const OPTIONAL = {
  /** PostgreSQL 14. */
  idle_session_timeout: "0",
  /** PostgreSQL 17. */
  transaction_timeout: "0",
  /** 15.8, 16.4, 17. */
  restrict_nonsystem_relation_kind: "",
};

/**
 * The settings of the synchronisation's login in its database. Neither a search_path nor a time zone: triggers that
 * people put on the check tables find what they call, and what the client stamps fits the database's own clock.
 */
export const LOGIN = { ...MEANING, ...ENDING, ...SESSIONS, ...OPTIONAL, role: "none" };

/** Each transaction of ours begins with it, whatever the session's default is. */
export const TRANSACTION = "ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE";

/**
 * Statements that settle a session of the synchronisation's login, or (`LOCAL`) a transaction that has just begun. As
 * statements: a start-up option would be refused by a connection pooler. Sessions of other logins are left alone, for a
 * pooler may give them to others.
 */
export function settled(scope: "SESSION" | "LOCAL" = "SESSION"): string {
  const local = scope === "LOCAL";
  const set = (name: string, value: string) => `SET ${scope} ${name} = '${value}';`;
  // First: from here on no operator is another than the server's.
  const lines = [`SET ${scope} search_path = pg_catalog, pg_temp;`];
  for (const [name, value] of Object.entries({ ...MEANING, ...ENDING, ...SESSIONS }))
    if (!local || !name.startsWith("default_transaction_")) lines.push(set(name, value));
  return [...lines, optional(local)].join("\n");
}

/** A statement whose asker has gone ends too, where the server can notice that. */
export const ENDS_WITH_CLIENT =
  "DO $vn$ BEGIN PERFORM pg_catalog.set_config('client_connection_check_interval', '5s', false); EXCEPTION WHEN OTHERS THEN NULL; END $vn$;";

/** The same for a session of the synchronisation's login that is not ours to begin: the client's own. */
export function settledLogin(): string {
  // Its driver goes by the encoding, and by the way to write texts, that it has found: the first it is told otherwise.
  const {
    client_encoding: _,
    standard_conforming_strings: __,
    ...rest
  } = { ...MEANING, ...ENDING, ...SESSIONS };
  const lines = Object.entries(rest).map(([name, value]) => `SET ${name} = '${value}';`);
  // Whoever holds a table of check is to be named before the client is taken for hanging.
  return [...lines, "SET lock_timeout = '300s';", "SET ROLE NONE;", optional(false), ENDS_WITH_CLIENT].join(
    "\n",
  );
}

function optional(local: boolean): string {
  const lines = Object.entries(OPTIONAL).map(
    ([name, value]) =>
      `IF pg_catalog.current_setting('${name}', true) IS NOT NULL THEN PERFORM pg_catalog.set_config('${name}', '${value}', ${local}); END IF;`,
  );
  return ["DO $vn$ BEGIN", ...lines, "END $vn$;"].join("\n");
}

/**
 * For statements outside a transaction, in a session that others may go on with: set where it is otherwise, and put back.
 * Nothing more, for behind a connection pooler it may be another session by then. CREATE INDEX CONCURRENTLY waits for
 * transactions that began before it, a dump of hours for example; what it leaves half made is made anew by the next
 * installation.
 */
export const OUTSIDE: Record<string, string> = {
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_session_timeout: "0",
  lock_timeout: "10min",
  default_tablespace: "",
  default_transaction_read_only: "off",
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
};
