import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig, escapeIdentifier } from "pg";
import { RunError } from "../facts";
import { parseService, passwordFor, readPgpass } from "./service";

/** The sync's own access to its database. Connections are short: a download lasts hours between two uses. */
export interface Database {
  /** The check schema, quoted. */
  schema: string;
  rows<T>(sql: string, values?: unknown[]): Promise<T[]>;
  /** One connection for several statements. */
  session<T>(use: (client: Client) => Promise<T>): Promise<T>;
}

/**
 * Opens nothing yet; each use connects by the service of ~/.pg_service.conf, the password by ~/.pgpass.
 * libpq reads that file, node-postgres does not, hence the few keys here.
 */
export function databaseOf(home: string, service: string, checkSchema: string): Database {
  const session = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = await connect(home, service);
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  return {
    schema: escapeIdentifier(checkSchema),
    session,
    rows: <T>(sql: string, values: unknown[] = []) =>
      session(async (client) => (await client.query(sql, values)).rows as T[]),
  };
}

/** The clock that stamps download_log, as text. */
export async function databaseNow(db: Database): Promise<string> {
  const [row] = await db.rows<{ now: string }>("select localtimestamp::text as now");
  return row?.now ?? "";
}

async function connect(home: string, service: string): Promise<Client> {
  const path = join(home, ".pg_service.conf");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new RunError({ key: "noServiceFile", path, cause: (error as Error).message });
  }
  const keys = parseService(text, service);
  if (!keys) throw new RunError({ key: "noService", path, service });
  const tls = ssl(keys, readFileSync);
  try {
    return await open(home, keys, tls.first);
  } catch (error) {
    const cause = error as Error;
    if (tls.orPlain && /does not support SSL/.test(cause.message)) {
      return await open(home, keys, false).catch((again: Error) => fail(keys, again));
    }
    return fail(keys, cause);
  }
}

function fail(keys: Record<string, string>, error: Error): never {
  const where = `${keys["host"] ?? "localhost"}:${keys["port"] ?? "5432"}/${keys["dbname"] ?? keys["user"]}`;
  throw new RunError({
    key: "noDatabase",
    where,
    cause: error.message || (error as NodeJS.ErrnoException).code || "",
  });
}

async function open(home: string, keys: Record<string, string>, ssl: ClientConfig["ssl"]): Promise<Client> {
  const to = {
    host: keys["host"] ?? "localhost",
    port: keys["port"] ?? "5432",
    user: keys["user"] ?? userInfo().username,
    database: keys["dbname"] ?? keys["user"] ?? userInfo().username,
  };
  const client = new Client({
    ...to,
    port: Number(to.port),
    password: keys["password"] ?? passwordFor(readPgpass(home), to) ?? "",
    application_name: "vn-check",
    connectionTimeoutMillis: 1000 * Number(keys["connect_timeout"] ?? 30),
    keepAlive: true,
    ssl: ssl ?? false,
  });
  // A connection that breaks while idle is told by the next query; alone it must not end the process.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** libpq's sslmode for node-postgres. `prefer`, libpq's default, is encrypted where the server can. */
function ssl(
  keys: Record<string, string>,
  read: (path: string) => Buffer,
): { first: ClientConfig["ssl"]; orPlain: boolean } {
  const mode = keys["sslmode"] ?? "prefer";
  const ca = keys["sslrootcert"] ? { ca: read(keys["sslrootcert"]) } : {};
  if (mode === "disable" || mode === "allow" || keys["host"]?.startsWith("/"))
    return { first: false, orPlain: false };
  if (mode === "verify-full") return { first: ca, orPlain: false };
  if (mode === "verify-ca") return { first: { ...ca, checkServerIdentity: () => undefined }, orPlain: false };
  return { first: { rejectUnauthorized: false }, orPlain: mode === "prefer" };
}
