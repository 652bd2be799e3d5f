import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Client, escapeIdentifier } from "pg";
import { connect, type SslMode } from "../../../sql/connect";
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
    const client = await open(home, service);
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

async function open(home: string, service: string): Promise<Client> {
  const path = join(home, ".pg_service.conf");
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
  try {
    return await connect({
      ...to,
      port: Number(to.port),
      password: keys["password"] ?? passwordFor(readPgpass(home), to) ?? "",
      // libpq's own default.
      sslmode: (keys["sslmode"] ?? "prefer") as SslMode,
      sslrootcert: keys["sslrootcert"],
      connectTimeout: Number(keys["connect_timeout"] ?? 30),
      applicationName: "vn-check",
    });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new RunError({
      key: "noDatabase",
      where: `${to.host}:${to.port}/${to.database}`,
      cause: message || (code ?? ""),
    });
  }
}
