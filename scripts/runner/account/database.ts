import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, escapeIdentifier } from "pg";
import { HOME_FILES } from "../../../config/names";
import { connect, type SslMode } from "../../../sql/connect";
import { ENDS_WITH_CLIENT, settled } from "../../../sql/session";
import { type Problem, RunError } from "../facts";
import { bounded, ended } from "./bounded";
import { noDatabase, type Phase, passes, refusal, waitedInVain, wordsOf } from "./broken";
import { parseService, passwordFor, readPgpass, whyNoPassword } from "./service";

/** Seconds before each further try: a restart takes moments, a recovery or a full server minutes. */
export const PATIENCE: readonly number[] = [1, 2, 4, 8, 15, 30, 30, 30];

/** How long things may take, in seconds. */
export interface Pace {
  /** Absent: what the service file says, else 30. */
  connecting?: number;
  statement: number;
  /** Of our tables and increment_log, statements of a moment: whoever keeps them for longer is to be named. */
  lock: number;
}
/** A proof reads the whole log of a year's downloads. */
export const AT_WORK: Pace = { statement: 600, lock: 20 };
/** Somebody waits for the answer. */
export const AT_ONCE: Pace = { statement: 60, lock: 5 };
const LAST_WORDS: Pace = { connecting: 3, statement: 3, lock: 2 };
/** All last words together: whoever told the run to stop waits. */
const LAST_WORDS_MS = 6000;
/** What takes as long as the copies are large: minutes for 5 million rows, an hour with slow triggers in main. */
const LONGEST = 6 * 3600;

/** Who is told that the database is waited for, and what ends the waiting. */
export interface Waiting {
  told?(cause: Problem, seconds: number): void;
  stop?: AbortSignal;
}

/**
 * The sync's own access to its database. Connections are short: a download lasts hours between two uses. A server that
 * restarts or has no connection left is waited for, and what was under way is begun again: each use has to bear that.
 */
export interface Database {
  waiting: Waiting;
  /** Quoted names of the schemas. */
  check: string;
  repair: string;
  rows<T>(sql: string, values?: unknown[]): Promise<T[]>;
  /** What a function of the repair's schema returns. */
  call<T>(name: string, ...args: unknown[]): Promise<T>;
  /** One connection for several statements. */
  session<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** Rows of a statement that takes as long as the copies are large. */
  long<T>(sql: string, values: unknown[]): Promise<T[]>;
  /** The same database for what a run that was told to stop still has to write down: now, or not at all. */
  atLast(): Database;
}

/**
 * Opens nothing yet; each use connects by the service of ~/.pg_service.conf, the password by ~/.pgpass.
 * libpq reads that file, node-postgres does not, hence the few keys here.
 * @param patience seconds before each further try
 * @param pace how long each may take
 */
export function databaseOf(
  home: string,
  service: string,
  schemas: { check: string; repair: string },
  patience: readonly number[],
  pace: Pace,
): Database {
  const waiting: Waiting = {};
  const repair = escapeIdentifier(schemas.repair);
  const session = async <T>(use: (client: Client) => Promise<T>, longest = pace.statement): Promise<T> => {
    for (let tries = 0; ; tries++) {
      const { stop } = waiting;
      stop?.throwIfAborted();
      const to = whereTo(home, service, pace);
      let client: Client | undefined;
      try {
        client = await open(to, { ...pace, statement: longest }, stop);
        // A little more than the server's own bound, which says more.
        return await bounded(client, use(client), { seconds: longest + Math.min(60, longest), stop });
      } catch (error) {
        if (error instanceof RunError) throw error;
        const where = `${to.host}:${to.port}/${to.database}`;
        const cause: Problem | undefined =
          client !== undefined && waitedInVain(error)
            ? { key: "locked", where, holders: await holders(client, repair, pace.lock * (tries + 1)) }
            : (unarmed(home, to, error, client !== undefined) ??
              lost(where, error, client ? "working" : "connecting"));
        if (cause === undefined) {
          const refused = refusal(error);
          if (refused === undefined) throw error;
          throw new RunError({ key: "databaseRefuses", where, why: refused, cause: wordsOf(error) });
        }
        const seconds = patience[tries];
        if (
          seconds === undefined ||
          cause.key === "noPassword" ||
          (cause.key === "noDatabase" && !passes(cause.why))
        )
          throw new RunError(cause);
        waiting.told?.(cause, seconds);
        await sleep(seconds * 1000, undefined, stop && { signal: stop }).catch(() => undefined);
      } finally {
        if (client) await ended(client);
      }
    }
  };
  const rows = <T>(sql: string, values: unknown[] = [], longest?: number) =>
    session(async (client) => (await client.query(sql, values)).rows as T[], longest);
  const call = async <T>(name: string, ...args: unknown[]) => {
    const places = args.map((_, i) => `$${i + 1}`).join(", ");
    const [row] = await rows<{ returned: T }>(`select ${repair}.${name}(${places}) as returned`, args);
    return (row as { returned: T }).returned;
  };
  return {
    waiting,
    check: escapeIdentifier(schemas.check),
    repair,
    session: (use) => session(use),
    rows: (sql, values) => rows(sql, values),
    call,
    long: (sql, values) => rows(sql, values, LONGEST),
    atLast() {
      const last = databaseOf(home, service, schemas, [], LAST_WORDS);
      last.waiting.stop = AbortSignal.timeout(LAST_WORDS_MS);
      return last;
    },
  };
}

/** That the database is not to be had; undefined where the error speaks of the statement. */
function lost(where: string, error: unknown, phase: Phase): Problem | undefined {
  const why = noDatabase(error, phase);
  return why && { key: "noDatabase", where, why, cause: wordsOf(error) };
}

/** That the server asked for a password, and we have none: the login may well be right. */
function unarmed(home: string, to: To, error: unknown, connected: boolean): Problem | undefined {
  if (connected || to.password !== "" || !/password/i.test(wordsOf(error))) return undefined;
  const path = join(home, HOME_FILES.password);
  const where = `${to.host}:${to.port}/${to.database}`;
  return { key: "noPassword", path, why: whyNoPassword(path), where };
}

/** Who was in the way of the statement that has just failed; null where that is not known. */
async function holders(client: Client, repair: string, waited: number): Promise<string | null> {
  try {
    await client.query("rollback");
    const { rows } = await client.query<{ holders: string | null }>(
      `select ${repair}.holders(null, make_interval(secs => $1))`,
      [waited],
    );
    return rows[0]?.holders ?? null;
  } catch {
    return null;
  }
}

type To = Omit<Parameters<typeof connect>[0], "applicationName">;

/** What the files of the account say. Throws RunError. */
function whereTo(home: string, service: string, { connecting }: Pace): To {
  const path = join(home, HOME_FILES.service);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new RunError({ key: "noServiceFile", path, cause: (error as Error).message });
  }
  const keys = parseService(text, service);
  if (!keys) throw new RunError({ key: "noService", path, service });
  const user = keys["user"] ?? userInfo().username;
  const to = {
    host: keys["host"] ?? "localhost",
    port: keys["port"] ?? "5432",
    user,
    database: keys["dbname"] ?? user,
  };
  return {
    ...to,
    port: Number(to.port),
    password: keys["password"] ?? passwordFor(readPgpass(home), to) ?? "",
    // libpq's own default.
    sslmode: (keys["sslmode"] ?? "prefer") as SslMode,
    sslrootcert: keys["sslrootcert"],
    connectTimeout: connecting ?? Number(keys["connect_timeout"] ?? 30),
  };
}

/** A session of the login that means what we mean, whatever the database and the role have set. */
async function open(to: To, pace: Pace, stop: AbortSignal | undefined): Promise<Client> {
  const opening = settledSession(to, pace);
  try {
    // Two attempts, and what settles the session.
    return await bounded(undefined, opening, { seconds: 3 * (to.connectTimeout ?? 30), stop });
  } catch (error) {
    opening.then(ended, () => undefined);
    throw error;
  }
}

async function settledSession(to: To, { statement, lock }: Pace): Promise<Client> {
  const client = await connect({ ...to, applicationName: "vn-check" });
  try {
    // A procedure that commits takes back what it is called with, but for what has begun to count: see LONGEST.
    const bound = statement === LONGEST ? 0 : statement;
    await client.query(
      `${settled()} SET ROLE NONE; SET lock_timeout = '${lock}s'; SET statement_timeout = '${bound}s'; ${ENDS_WITH_CLIENT}`,
    );
    const { rows } = await client.query("SELECT current_setting('session_replication_role') AS fires");
    if (rows[0].fires !== "origin")
      throw new RunError({ key: "noTriggers", login: to.user, database: to.database });
    return client;
  } catch (error) {
    await ended(client);
    throw error;
  }
}
