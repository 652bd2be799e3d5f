import * as pulumi from "@pulumi/pulumi";
import { namesOfStack } from "../config/schema";
import { assumeSql, handoverSql, indexSql, installSql, uninstallSql } from "../sql";
import { sqlSettings } from "./render/sqlSettings";
import type { SecretConfig } from "./secrets";
import { SqlSteps } from "./sqlSteps";

export interface FixSynchroArgs {
  config: SecretConfig;
}

/**
 * The repair's objects, in one transaction; then the covering indexes, each built CONCURRENTLY, so that the
 * main synchronisation can go on writing meanwhile. Destroy removes them all and keeps the history.
 */
export class FixSynchro extends pulumi.ComponentResource {
  /** SQL that only main's owner may run, where the admin login is neither that nor a superuser. */
  readonly forMainOwner: pulumi.Output<string[]>;

  constructor(name: string, args: FixSynchroArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:FixSynchro", name, {}, opts);
    const { config } = args;
    const settings = sqlSettings(config);
    const assume = assumeSql(settings);
    const schema = namesOfStack(config).checkSchema;
    const steps = new SqlSteps(
      name,
      {
        database: config.database,
        apply: [
          { name: `installing the repair in ${schema}`, sql: installSql(settings) },
          { name: "building the covering indexes", sql: indexSql(settings), kind: "statements", assume },
          { name: "asking what main's owner has to run", sql: handoverSql(settings), assume },
        ],
        remove: [
          { name: `removing the repair from ${schema}`, sql: uninstallSql(settings, { data: false }) },
        ],
        identity: [schema],
      },
      { parent: this },
    );
    this.forMainOwner = steps.rows.apply((rows) =>
      rows.flatMap((row) => ("statement" in row ? [String(row["statement"])] : [])),
    );
    this.registerOutputs({});
  }
}
