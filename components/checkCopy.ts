import * as pulumi from "@pulumi/pulumi";
import type { Locale } from "../config/values/key";
import type { Installation } from "../sql/installation";
import { installSteps } from "../sql/installer";
import { render } from "../sql/render";
import { REMOVE } from "../sql/steps";
import type { DatabaseConfig } from "./secrets";
import { SqlObjects } from "./sqlObjects";

export interface CheckCopyArgs {
  database: DatabaseConfig;
  oldDatabaseGone: boolean;
  generation: pulumi.Output<string>;
  installation: Installation;
  locale: Locale;
  /** The next destroy removes the data too. */
  destroyData: boolean;
}

/**
 * The check schema with the client's fifteen tables, what the sync's login may do in it, and the role that owns
 * it. Destroy keeps schema and role while there is data, unless `destroyData` was true at the last `up`.
 */
export class CheckCopy extends pulumi.ComponentResource {
  /** With `destroyData`: rows at this `up` by table, of those that the next destroy removes. */
  readonly removes: pulumi.Output<Record<string, number>>;

  constructor(name: string, args: CheckCopyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:CheckCopy", name, {}, opts);
    const { database, oldDatabaseGone, generation, installation, locale, destroyData } = args;
    const { check, repair } = installation.schemas;
    const copy = new SqlObjects(
      name,
      {
        database,
        oldDatabaseGone,
        generation,
        locale,
        install: render(installSteps(["check copy"], destroyData), installation),
        remove: render(REMOVE, installation, destroyData),
        identity: [check, repair],
      },
      { parent: this },
    );
    this.removes = copy.report.apply(({ rows }) =>
      Object.fromEntries(rows.flatMap(({ table, rows }) => (rows > 0 ? [[table, rows]] : []))),
    );
    this.registerOutputs({});
  }
}
