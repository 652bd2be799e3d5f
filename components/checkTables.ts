import * as pulumi from "@pulumi/pulumi";
import { namesOfStack } from "../config/schema";
import { assumeSql, checkTablesSql, uninstallSql } from "../sql";
import { rowCounts } from "./render/sqlGuards";
import { sqlSettings } from "./render/sqlSettings";
import type { SecretConfig } from "./secrets";
import { SqlSteps } from "./sqlSteps";

export interface CheckTablesArgs {
  config: SecretConfig;
}

/**
 * The check schema with the client's fifteen tables, and the role that owns them. Destroy keeps both while
 * there is data, unless `destroyData` was true at the last `up`.
 */
export class CheckTables extends pulumi.ComponentResource {
  /** With `destroyData`: rows at this `up` by table, of those that the next destroy removes. */
  readonly removes: pulumi.Output<{ [table: string]: number }>;

  constructor(name: string, args: CheckTablesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:CheckTables", name, {}, opts);
    const { config } = args;
    const { database, destroyData } = config;
    const names = namesOfStack(config);
    const settings = sqlSettings(config);
    const steps = new SqlSteps(
      name,
      {
        database,
        apply: [
          {
            name: `making the check schema ${names.checkSchema} and its tables`,
            sql: checkTablesSql(settings),
          },
          ...(destroyData
            ? [{ ...rowCounts(names.checkSchema, database.monitoringSchema), assume: assumeSql(settings) }]
            : []),
        ],
        remove: [
          {
            name: `removing the check schema ${names.checkSchema}${destroyData ? " with its data" : " where it is empty"}`,
            sql: uninstallSql(settings, { data: destroyData }),
          },
        ],
        identity: [names.checkSchema],
      },
      { parent: this },
    );
    this.removes = steps.rows.apply((rows) =>
      Object.fromEntries(
        rows.flatMap(({ table, rows }) => (Number(rows) > 0 ? [[String(table), Number(rows)]] : [])),
      ),
    );
    this.registerOutputs({});
  }
}
