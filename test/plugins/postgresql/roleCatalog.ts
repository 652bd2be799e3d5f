import { createHash } from "node:crypto";
import { text, type Value, type Values } from "../support/values";
import { server, type Transaction, transaction } from "./connection";

/** Inputs kept by `ALTER ROLE … SET`. */
export const SETTINGS: { [input: string]: string } = {
  statementTimeout: "statement_timeout",
  idleInTransactionSessionTimeout: "idle_in_transaction_session_timeout",
  assumeRole: "role",
};

interface RoleRow {
  rolsuper: boolean;
  rolinherit: boolean;
  rolcreaterole: boolean;
  rolcreatedb: boolean;
  rolcanlogin: boolean;
  rolreplication: boolean;
  rolbypassrls: boolean;
  rolconnlimit: number;
  valid_until: string;
  config: string[] | null;
  roles: string[];
}

/** The state of a role as the catalog has it, undefined when there is none. */
export async function readRole(name: string, state: Values): Promise<Values | undefined> {
  return transaction(undefined, async (tx) => {
    const [row] = await tx.rows<RoleRow>(
      `SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
              rolconnlimit, coalesce(rolvaliduntil::text, 'infinity') AS valid_until, rolconfig AS config,
              ARRAY(SELECT pg_get_userbyid(roleid)::text FROM pg_auth_members m WHERE m.member = r.oid) AS roles
         FROM pg_roles r WHERE rolname = $1`,
      [name],
    );
    if (row === undefined) return undefined;
    const settings = new Map((row.config ?? []).map((line) => splitOnce(line)));
    const timeout = (setting: string): Value => Number(settings.get(setting) ?? 0);
    const found: { [input: string]: Value } = {
      ...state,
      name,
      superuser: row.rolsuper,
      inherit: row.rolinherit,
      createRole: row.rolcreaterole,
      createDatabase: row.rolcreatedb,
      login: row.rolcanlogin,
      replication: row.rolreplication,
      bypassRowLevelSecurity: row.rolbypassrls,
      connectionLimit: row.rolconnlimit,
      validUntil: row.valid_until,
      encryptedPassword: true,
      roles: row.roles,
      searchPaths: (settings.get("search_path") ?? "")
        .split(", ")
        .map((part) => part.replace(/^"|"$/g, ""))
        .filter((part) => part !== ""),
      assumeRole: settings.get("role") ?? "",
    };
    for (const input of ["statementTimeout", "idleInTransactionSessionTimeout"]) {
      const value = timeout(SETTINGS[input] as string);
      if (value !== 0) found[input] = value;
      else delete found[input];
    }
    if (text(state.password)) found.password = await readPassword(tx, name, state, row.rolcanlogin);
    return found;
  });
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

/** Only a superuser can read what the server keeps; the state is believed where that says nothing else. */
async function readPassword(tx: Transaction, name: string, state: Values, login: boolean): Promise<string> {
  const known = String(state.password);
  if (!login || !server().superuser) return known;
  if (!(await tx.isSuperuser(server().user))) {
    throw new Error(
      `could not read role password from Postgres as connected user ${server().user} is not a SUPERUSER. ` +
        "You can set `superuser = false` in the provider configuration so it will not try to read the password from Postgres",
    );
  }
  const [row] = await tx.rows<{ kept: string }>(
    "SELECT coalesce(passwd, '') AS kept FROM pg_catalog.pg_shadow WHERE usename = $1",
    [name],
  );
  const kept = row?.kept ?? "";
  if (/^(md5|SCRAM-SHA-256)/.test(known)) return kept;
  if (kept.startsWith("SCRAM-SHA-256")) return known;
  return kept ===
    `md5${createHash("md5")
      .update(known + name)
      .digest("hex")}`
    ? known
    : kept;
}
