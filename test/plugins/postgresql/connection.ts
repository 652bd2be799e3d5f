import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Client, escapeIdentifier } from "pg";
import { boolean, number, text, type Values } from "../support/values";

/** Where the provider connects, as its configuration or libpq's environment says. */
export interface Server {
  host: string;
  port: number;
  user: string;
  password: string | undefined;
  database: string;
  ssl: false | ConnectionOptions;
  /** False: nothing that only a superuser may read is read. */
  superuser: boolean;
  connectTimeoutMillis: number;
  /** The role that objects go to when their owner is dropped. */
  databaseUsername: string;
}

function serverFrom(config: Values): Server {
  const env = process.env;
  const user = text(config.username) ?? env["PGUSER"] ?? "postgres";
  return {
    host: text(config.host) ?? env["PGHOST"] ?? "localhost",
    port: number(config.port) ?? number(env["PGPORT"]) ?? 5432,
    user,
    password: text(config.password) ?? env["PGPASSWORD"],
    database: text(config.database) ?? env["PGDATABASE"] ?? "postgres",
    ssl: tls(text(config.sslmode) ?? text(config.sslMode) ?? env["PGSSLMODE"], text(config.sslrootcert)),
    superuser: boolean(config.superuser) ?? boolean(env["PGSUPERUSER"]) ?? true,
    connectTimeoutMillis: 1000 * (number(config.connectTimeout) ?? number(env["PGCONNECT_TIMEOUT"]) ?? 180),
    databaseUsername: text(config.databaseUsername) || user,
  };
}

/** The modes that the official provider's driver knows; without one it asks for TLS. */
function tls(mode: string | undefined, rootCertificate: string | undefined): Server["ssl"] {
  const ca = rootCertificate ? { ca: readFileSync(rootCertificate, "utf8") } : {};
  switch (mode || "require") {
    case "disable":
      return false;
    case "require":
      return {
        rejectUnauthorized: rootCertificate !== undefined,
        checkServerIdentity: () => undefined,
        ...ca,
      };
    case "verify-ca":
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...ca };
    case "verify-full":
      return { rejectUnauthorized: true, ...ca };
    default:
      throw new Error(
        `unsupported sslmode "${mode}"; only "require" (default), "verify-full", "verify-ca", and "disable" supported`,
      );
  }
}

/** The server of this plugin's process. Nothing connects before a resource is made, changed or read. */
let configured: Server | undefined;

export function configure(config: Values): void {
  configured = serverFrom(config);
}

export function server(): Server {
  if (configured === undefined) throw new Error("the provider is not configured");
  return configured;
}

/** Everything that `work` does is one transaction in one database (the provider's by default). */
export async function transaction<T>(
  database: string | undefined,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { host, port, user, password, ssl, connectTimeoutMillis, ...rest } = server();
  const client = new Client({
    host,
    port,
    user,
    ssl,
    database: database || rest.database,
    connectionTimeoutMillis: connectTimeoutMillis,
    ...(password === undefined ? {} : { password }),
  });
  client.on("error", () => {}); // the statement under way fails with it
  try {
    await client.connect();
  } catch (error) {
    throw new Error(
      `error connecting to PostgreSQL server ${host} (port ${port}): ${(error as Error).message}`,
    );
  }
  try {
    await client.query("BEGIN");
    const result = await work(new Transaction(client));
    await client.query("COMMIT");
    return result;
  } finally {
    await client.end().catch(() => {});
  }
}

export class Transaction {
  constructor(private readonly client: Client) {}

  /** Runs a statement; `doing` goes before the server's message when it fails. */
  async run(doing: string, statement: string): Promise<void> {
    try {
      await this.client.query(statement);
    } catch (error) {
      throw new Error(`${doing}: ${(error as Error).message}`);
    }
  }

  async rows<Row extends object>(query: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(query, parameters)).rows;
  }

  async exists(query: string, parameters: unknown[]): Promise<boolean> {
    return (await this.rows(query, parameters)).length > 0;
  }

  /** One change to a role or database at a time, whatever runs beside. */
  async lock(what: "role" | "database", name: string): Promise<void> {
    await this.client.query("SET LOCAL statement_timeout = 0");
    await this.client.query(
      what === "role"
        ? "SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_roles WHERE rolname = $1"
        : "SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_database WHERE datname = $1",
      [name],
    );
    if (what === "role") {
      await this.client.query(
        "SELECT pg_advisory_xact_lock(member::bigint) FROM pg_auth_members JOIN pg_roles ON roleid = pg_roles.oid WHERE rolname = $1",
        [name],
      );
    }
  }

  async isSuperuser(role: string): Promise<boolean> {
    return this.exists("SELECT 1 FROM pg_roles WHERE rolname = $1 AND rolsuper", [role]);
  }

  /** Does something with membership of roles that is only lent for it; a superuser needs none. */
  async withRoles<T>(roles: string[], work: () => Promise<T>): Promise<T> {
    const me = (await this.rows<{ me: string }>("SELECT current_user AS me"))[0]?.me ?? "";
    if (roles.length === 0 || (await this.isSuperuser(me))) return work();
    const lent: string[] = [];
    const taken: string[] = [];
    for (const role of roles) {
      if (role === me || (await this.isSuperuser(role))) continue;
      if (await this.isMember(me, role)) {
        await this.run("error revoking role", `REVOKE ${id(me)} FROM ${id(role)}`);
        taken.push(role);
      }
      if (!(await this.isMember(role, me))) {
        await this.run(`error granting role ${role} to ${me}`, `GRANT ${id(role)} TO ${id(me)}`);
        lent.push(role);
      }
    }
    const result = await work();
    for (const role of lent) {
      if (await this.isMember(role, me))
        await this.run("error revoking role", `REVOKE ${id(role)} FROM ${id(me)}`);
    }
    for (const role of taken) {
      if (!(await this.exists("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]))) continue;
      if (!(await this.isMember(me, role)))
        await this.run("error granting role", `GRANT ${id(me)} TO ${id(role)}`);
    }
    return result;
  }

  /** From PostgreSQL 16 on a membership counts only where it lets one become the role. */
  private async isMember(role: string, member: string): Promise<boolean> {
    const settable = await this.exists(
      "SELECT 1 FROM information_schema.columns WHERE table_name = 'pg_auth_members' AND column_name = $1",
      ["set_option"],
    );
    return this.exists(
      `SELECT 1 FROM pg_auth_members
        WHERE pg_get_userbyid(roleid) = $1 AND pg_get_userbyid(member) = $2${settable ? " AND set_option" : ""}`,
      [role, member],
    );
  }
}

export const id = escapeIdentifier;
