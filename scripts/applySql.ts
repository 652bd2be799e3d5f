import { text } from "node:stream/consumers";
import { Client, type ClientConfig, DatabaseError } from "pg";

/** Statements that belong together. */
export interface SqlStep {
  /** What it does, for messages. */
  name: string;
  sql: string;
  /** False for what cannot run in a transaction (CREATE INDEX CONCURRENTLY): one statement, as it stands. */
  transaction?: boolean;
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
 * Runs the steps of one side of a job, each in a transaction of its own.
 * @returns the rows of each step's last query, if it has any
 * @throws Error without any secret in it
 */
export async function runSteps(job: SqlJob, side: "apply" | "remove", note: (line: string) => void) {
  const { host, port, database, user } = job.connection;
  const client = new Client(clientConfig(job.connection));
  client.on("notice", (notice) => note(`${notice.severity ?? "NOTICE"}: ${notice.message ?? ""}`));
  client.on("error", () => {}); // a lost connection fails the query that waits on it
  try {
    await client.connect();
  } catch (error) {
    const hint =
      "Set database.address, .port, .name, .adminUser, .adminPassword and .sslmode as psql needs them from this machine";
    throw new Error(
      `could not connect to database ${database} at ${host}:${port} as ${user}: ${messageOf(error)}\n${hint}.`,
    );
  }
  const rows: unknown[][] = [];
  try {
    for (const step of job[side]) {
      try {
        rows.push(await runStep(client, step));
      } catch (error) {
        throw new Error(
          `${step.name}, in database ${database} at ${host}:${port} as ${user}: ${messageOf(error)}`,
        );
      }
    }
  } finally {
    await client.end().catch(() => {});
  }
  return rows;
}

async function runStep(client: Client, step: SqlStep): Promise<unknown[]> {
  const inTransaction = step.transaction ?? true;
  if (inTransaction) await client.query("BEGIN");
  try {
    const result = await client.query(step.sql);
    if (inTransaction) await client.query("COMMIT");
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last?.rows ?? [];
  } catch (error) {
    if (inTransaction) await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
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
  const told = rows.filter((of) => of.length > 0);
  if (told.length > 0) process.stdout.write(`${JSON.stringify(told.flat())}\n`);
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
