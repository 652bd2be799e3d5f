import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Client, escapeIdentifier } from "pg";
import { HOME_FILES } from "../../../config/names";
import { connect, type SslMode } from "../../../sql/connect";
import { RunError } from "../facts";
import { parseService, passwordFor, readPgpass } from "./service";

/** The sync's own access to its database. Connections are short: a download lasts hours between two uses. */
export interface Database {
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
 */
export function databaseOf(
  home: string,
  service: string,
  schemas: { check: string; repair: string },
): Database {
  const session = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = await open(home, service);
    try {
      return await use(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const rows = <T>(sql: string, values: unknown[] = []) =>
    session(async (client) => (await client.query(sql, values)).rows as T[]);
  const repair = escapeIdentifier(schemas.repair);
  const call = async <T>(name: string, ...args: unknown[]) => {
    const places = args.map((_, i) => `$${i + 1}`).join(", ");
    const [row] = await rows<{ returned: T }>(`select ${repair}.${name}(${places}) as returned`, args);
    return (row as { returned: T }).returned;
  };
  return { check: escapeIdentifier(schemas.check), repair, session, rows, call };
}

async function open(home: string, service: string): Promise<Client> {
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
