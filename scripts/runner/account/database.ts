import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, escapeIdentifier } from "pg";
import { HOME_FILES } from "../../../config/names";
import { connect, type SslMode } from "../../../sql/connect";
import { settled } from "../../../sql/session";
import { type Problem, RunError } from "../facts";
import { noDatabase, type Phase, passes, refusal, waitedInVain, wordsOf } from "./broken";
import { parseService, passwordFor, readPgpass } from "./service";

/** Seconds before each further try: a restart takes moments, a recovery or a full server minutes. */
export const PATIENCE: readonly number[] = [1, 2, 4, 8, 15, 30, 30, 30];

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
}

/**
 * Opens nothing yet; each use connects by the service of ~/.pg_service.conf, the password by ~/.pgpass.
 * libpq reads that file, node-postgres does not, hence the few keys here.
 * @param patience seconds before each further try
 */
export function databaseOf(
  home: string,
  service: string,
  schemas: { check: string; repair: string },
  patience: readonly number[],
): Database {
  const waiting: Waiting = {};
  const repair = escapeIdentifier(schemas.repair);
  const session = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      const to = whereTo(home, service);
      let client: Client | undefined;
      try {
        client = await open(to);
        return await use(client);
      } catch (error) {
        if (error instanceof RunError) throw error;
        const where = `${to.host}:${to.port}/${to.database}`;
        const cause: Problem | undefined =
          client !== undefined && waitedInVain(error)
            ? { key: "locked", where, holders: await holders(client, repair) }
            : lost(where, error, client ? "working" : "connecting");
        if (cause === undefined) {
          const refused = refusal(error);
          if (refused === undefined) throw error;
          throw new RunError({ key: "databaseRefuses", where, why: refused, cause: wordsOf(error) });
        }
        const seconds = patience[tries];
        if (seconds === undefined || (cause.key === "noDatabase" && !passes(cause.why)))
          throw new RunError(cause);
        waiting.told?.(cause, seconds);
        await sleep(seconds * 1000, undefined, waiting.stop && { signal: waiting.stop });
      } finally {
        await client?.end().catch(() => undefined);
      }
    }
  };
  const rows = <T>(sql: string, values: unknown[] = []) =>
    session(async (client) => (await client.query(sql, values)).rows as T[]);
  const call = async <T>(name: string, ...args: unknown[]) => {
    const places = args.map((_, i) => `$${i + 1}`).join(", ");
    const [row] = await rows<{ returned: T }>(`select ${repair}.${name}(${places}) as returned`, args);
    return (row as { returned: T }).returned;
  };
  return { waiting, check: escapeIdentifier(schemas.check), repair, session, rows, call };
}

/** That the database is not to be had; undefined where the error speaks of the statement. */
function lost(where: string, error: unknown, phase: Phase): Problem | undefined {
  const why = noDatabase(error, phase);
  return why && { key: "noDatabase", where, why, cause: wordsOf(error) };
}

/** Who was in the way of the statement that has just failed; null where that is not known. */
async function holders(client: Client, repair: string): Promise<string | null> {
  try {
    await client.query("rollback");
    const { rows } = await client.query<{ holders: string | null }>(`select ${repair}.holders()`);
    return rows[0]?.holders ?? null;
  } catch {
    return null;
  }
}

type To = Omit<Parameters<typeof connect>[0], "applicationName">;

/** What the files of the account say. Throws RunError. */
function whereTo(home: string, service: string): To {
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
    connectTimeout: Number(keys["connect_timeout"] ?? 30),
  };
}

/** A session of the login that means what we mean, whatever the database and the role have set. */
async function open(to: To): Promise<Client> {
  const client = await connect({ ...to, applicationName: "vn-check" });
  try {
    // Of our tables and increment_log, statements of a moment: whoever keeps them for longer is to be named.
    await client.query(`${settled()} SET ROLE NONE; SET lock_timeout = '20s'`);
    const { rows } = await client.query("SELECT current_setting('session_replication_role') AS fires");
    if (rows[0].fires !== "origin")
      throw new RunError({ key: "noTriggers", login: to.user, database: to.database });
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
