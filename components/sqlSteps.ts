import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SqlJob, SqlRow, SqlStep } from "../scripts/applySql";
import type { DatabaseConfig } from "./secrets";

export interface SqlStepsArgs {
  database: DatabaseConfig;
  /** Idempotent: runs on create and again when anything changes. */
  apply: SqlStep[];
  /** Kept in the state for destroy, as it was at the last `up`. */
  remove?: SqlStep[];
  /** The schema or role that the steps make. */
  identity: string[];
}

/** SQL that the operator's machine runs on the database, with everything in it kept encrypted. */
export class SqlSteps extends pulumi.ComponentResource {
  /** The rows that the queries among the steps gave. */
  readonly rows: pulumi.Output<SqlRow[]>;

  constructor(name: string, args: SqlStepsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:SqlSteps", name, {}, opts);
    const { database, apply, remove = [] } = args;
    const job = database.adminPassword.apply(
      (password): SqlJob => ({
        connection: {
          host: database.address,
          port: database.port,
          database: database.name,
          user: database.adminUser,
          password,
          sslmode: database.sslmode,
        },
        apply,
        remove,
      }),
    );
    const program = "node --import tsx scripts/applySql.ts";
    const made = new command.local.Command(
      name,
      {
        create: `${program} apply`,
        ...(remove.length > 0 && { delete: `${program} remove` }),
        stdin: pulumi.secret(pulumi.jsonStringify(job)),
        triggers: [database.name, ...args.identity],
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.None,
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.rows = made.stdout.apply((text): SqlRow[] => (text === "" ? [] : JSON.parse(text)));
    this.registerOutputs({});
  }
}
