import { text } from "node:stream/consumers";
import { Client, type ClientConfig, DatabaseError, type QueryResult } from "pg";

/** Statements that belong together. */
export interface SqlStep {
  /** What it does, for messages. */
  name: string;
  sql: string;
  /**
   * `query`: a text that opens its own transaction, or a single statement. `statements`: a query whose rows
   * (column `statement`) are run one by one, each outside a transaction (CREATE INDEX CONCURRENTLY).
   */
  kind?: "query" | "statements";
  /** Run before it: lends the admin login what it lacks; its column `revoke` says how to take that back. */
  assume?: string;
}

/** A row of a query: values by column. */
export interface SqlRow {
  [column: string]: unknown;
}

/** What arrives on standard input, as JSON: everything secret is in here, nothing on the command line. */
export interface SqlJob {
  connection: {
    host: string;
    port: number;
    database: string;
    user: string;
    password: string;
    sslmode: string;
  };
  apply: SqlStep[];
  remove: SqlStep[];
}

/**
 * Runs the steps of one side of a job, in their order.
 * @returns the rows of the steps' queries
 * @throws Error without any secret in it
 */
export async function runSteps(
  job: SqlJob,
  side: "apply" | "remove",
  note: (line: string) => void,
): Promise<SqlRow[]> {
  const { host, port, database, user } = job.connection;
  const client = new Client(clientConfig(job.connection));
  client.on("notice", (notice) => note(`${notice.severity ?? "NOTICE"}: ${notice.message ?? ""}`));
  client.on("error", () => {}); // a lost connection fails the query that waits on it
  const where = `database ${database} at ${host}:${port} as ${user}`;
  try {
    await client.connect();
  } catch (error) {
    throw new Error(
      `could not connect to ${where}: ${messageOf(error)}\nSet database.address, .port, .name, .adminUser, .adminPassword and .sslmode as psql needs them from this machine.`,
    );
  }
  const rows: SqlRow[] = [];
  try {
    for (const step of job[side]) {
      try {
        rows.push(...(await runStep(client, step)));
      } catch (error) {
        throw new Error(`${step.name}, in ${where}: ${messageOf(error)}`);
      }
    }
  } finally {
    await client.end().catch(() => {});
  }
  return rows;
}

async function runStep(client: Client, step: SqlStep): Promise<SqlRow[]> {
  const lent = step.assume === undefined ? [] : await query(client, step.assume);
  try {
    const rows = await query(client, step.sql);
    if (step.kind !== "statements") return rows;
    for (const { statement } of rows) await client.query(String(statement));
    return [];
  } finally {
    const revoke = String(lent[0]?.["revoke"] ?? "");
    if (revoke !== "") await client.query(revoke);
  }
}

/**
 * The rows of a text that may hold several statements; it goes as one message, so that after an error the
 * server skips the rest.
 */
async function query(client: Client, sql: string): Promise<SqlRow[]> {
  const results: QueryResult[] = [await client.query(sql)].flat();
  return results.flatMap((result) => result.rows);
}

/** The four sslmodes of the configuration for `pg`: `require` encrypts without asking who answers, as libpq. */
function clientConfig({ sslmode, ...login }: SqlJob["connection"]): ClientConfig {
  const ssl = {
    disable: false,
    require: { rejectUnauthorized: false },
    "verify-ca": { rejectUnauthorized: true, checkServerIdentity: () => undefined },
    "verify-full": { rejectUnauthorized: true },
  }[sslmode];
  return {
    ...login,
    ...(ssl !== undefined && { ssl }),
    connectionTimeoutMillis: 30_000,
    application_name: "vn-sync-check",
  };
}

/** The server's words, its detail and hint; never the statement, which may hold a secret. */
function messageOf(error: unknown): string {
  if (error instanceof DatabaseError) {
    const { message, code, detail, hint, where } = error;
    return [`${message} (${code})`, detail, hint, where?.split("\n")[0]].filter(Boolean).join("\n  ");
  }
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const side = process.argv[2];
  if (side !== "apply" && side !== "remove")
    throw new Error("usage: applySql apply|remove, with a job as JSON on standard input");
  const job = JSON.parse(await text(process.stdin)) as SqlJob;
  const rows = await runSteps(job, side, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(rows)}\n`);
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
