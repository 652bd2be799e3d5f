import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type PeerCertificate, checkServerIdentity as sameHost } from "node:tls";
import { Client, type ClientConfig, DatabaseError } from "pg";

export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** Where a database is and who logs in, in libpq's words. */
export interface Connection {
  /** Name, address, or the folder of a Unix socket. */
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  sslmode: SslMode;
  /**
   * File with the certificates of trusted authorities (PEM), or `system` for Node's own. Absent:
   * ~/.postgresql/root.crt as libpq, where that file is, else Node's own.
   */
  sslrootcert?: string | undefined;
  /** The same certificates as text, instead of a file. */
  ca?: string | undefined;
  /** Seconds until an attempt to connect is given up (default 30). */
  connectTimeout?: number | undefined;
  /** Shown in pg_stat_activity. */
  applicationName: string;
}

/**
 * Opens a connection as libpq would with the same sslmode; the caller ends it. One that breaks while idle does
 * not end the process: its next query fails.
 * @throws what the server, the network or TLS said, without the password; a file of certificates that cannot be read,
 *   in words of no language
 */
export async function connect(to: Connection): Promise<Client> {
  const [first, second] = attempts(to);
  try {
    return await open(to, first);
  } catch (error) {
    if (second === undefined || !isRefusedFor(error, first)) throw error;
    return await open(to, second);
  }
}

type Tls = Exclude<ClientConfig["ssl"], undefined | boolean> | false;

/** What is tried, in this order: one attempt, or for `allow` and `prefer` a second. */
function attempts(to: Connection): [Tls, Tls?] {
  const encrypted = { rejectUnauthorized: false };
  // On a Unix socket there is nothing to encrypt, whatever the mode says.
  if (to.host.startsWith("/")) return [false];
  switch (to.sslmode) {
    case "disable":
      return [false];
    case "allow":
      return [false, encrypted];
    case "prefer":
      return [encrypted, false];
    case "require":
      // libpq's own rule: with a file of authorities, `require` is `verify-ca`.
      return [rootCertificates(to) === undefined ? encrypted : verified(to, () => undefined)];
    case "verify-ca":
      return [verified(to, () => undefined)];
    case "verify-full":
      // Said here, because Node would compare an address with "localhost".
      return [verified(to, (_name, certificate) => sameHost(to.host, certificate))];
    default:
      throw new Error(`sslmode=${to.sslmode}`); // which libpq does not know
  }
}

function verified(
  to: Connection,
  checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined,
): Tls {
  const ca = rootCertificates(to);
  return { rejectUnauthorized: true, checkServerIdentity, ...(ca !== undefined && { ca }) };
}

/** The trusted authorities' certificates; undefined for Node's own. */
function rootCertificates({ sslrootcert, ca }: Connection): string | undefined {
  if (ca !== undefined) return ca;
  if (sslrootcert === "system") return undefined;
  const libpqs = join(homedir(), ".postgresql", "root.crt");
  const path = sslrootcert ?? (existsSync(libpqs) ? libpqs : undefined);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`sslrootcert=${path}: ${(error as Error).message}`);
  }
}

/** Did the server refuse just this way to connect, so that the other way may do? */
function isRefusedFor(error: unknown, tried: Tls): boolean {
  if (tried !== false && /does not support SSL/.test((error as Error).message)) return true;
  // 28000: pg_hba.conf has no line for a connection of this kind.
  return error instanceof DatabaseError && error.code === "28000";
}

async function open(to: Connection, ssl: Tls): Promise<Client> {
  const { host, port, database, user, password } = to;
  const client = new Client({
    host,
    port,
    database,
    user,
    // As a function, an empty one is not looked up in ~/.pgpass by node-postgres, which prints warnings then.
    password: () => password,
    ssl,
    connectionTimeoutMillis: 1000 * (to.connectTimeout ?? 30),
    application_name: to.applicationName,
    keepAlive: true,
    // A network that swallows all: known after a dozen minutes, not after two hours.
    keepAliveInitialDelayMillis: 60_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}
