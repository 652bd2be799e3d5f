import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Locale } from "../config/values/key";
import type { Report } from "../sql/installer";
import type { Job } from "../sql/program";
import type { RenderedFile, Script } from "../sql/render";
import { adminConnection } from "./adminConnection";
import type { DatabaseConfig } from "./secrets";

export interface SqlObjectsArgs {
  database: DatabaseConfig;
  /** Nothing is removed from a database that is gone for good. */
  oldDatabaseGone: boolean;
  /** Language of errors. */
  locale: Locale;
  /** Idempotent: runs on create and again when anything changes; none: only the removal matters. */
  install: pulumi.Input<Script>;
  /** Kept in the state for destroy, as it was at the last `up`. */
  remove: Script;
  /** Asks whether the database is still the one of the last `up`, before the installation. */
  recognisedBy?: RenderedFile;
  /** See `Generation`. */
  generation: pulumi.Output<string>;
  /** The schemas or roles that the scripts make or guard. */
  identity: string[];
}

/** A part of the SQL's manifest, which the operator's machine runs on the database; all of it kept encrypted. */
export class SqlObjects extends pulumi.ComponentResource {
  readonly report: pulumi.Output<Report>;

  constructor(name: string, args: SqlObjectsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:SqlObjects", name, {}, opts);
    const { database, oldDatabaseGone, locale, remove, recognisedBy } = args;
    const job = pulumi.all([adminConnection(database), args.install, args.generation]).apply(
      ([connection, install, generation]): Job => ({
        connection,
        locale,
        install: [install],
        remove: [remove],
        ...(generation !== "" && { generation }),
        ...(recognisedBy && { moved: { facts: recognisedBy, expected: oldDatabaseGone } }),
      }),
    );
    // By the package's own name: the text is the same in every checkout, and in another program's node_modules.
    const program = `node -e 'require("vn-sync-check/sql")'`;
    const made = new command.local.Command(
      name,
      {
        create: `${program} install`,
        delete: `${program} remove`,
        stdin: pulumi.secret(pulumi.jsonStringify(job)),
        triggers: [database.name, ...args.identity],
        // By what it printed last it knows the database again.
        addPreviousOutputInEnv: recognisedBy !== undefined,
        logging: command.local.Logging.None,
      },
      { parent: this, deleteBeforeReplace: true, retainOnDelete: oldDatabaseGone },
    );
    this.report = made.stdout.apply(
      (text): Report => (text === "" ? { made: [], handover: [], problems: [], rows: [] } : JSON.parse(text)),
    );
    this.registerOutputs({});
  }
}
