import * as pulumi from "@pulumi/pulumi";
import type { Locale } from "../config/values/key";
import type { Installation } from "../sql/installation";
import { installSteps } from "../sql/installer";
import { render } from "../sql/render";
import { REMOVE } from "../sql/steps";
import type { DatabaseConfig } from "./secrets";
import { SqlObjects } from "./sqlObjects";

export interface FixSynchroArgs {
  database: DatabaseConfig;
  oldDatabaseGone: boolean;
  generation: pulumi.Output<string>;
  installation: Installation;
  locale: Locale;
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
    const { database, oldDatabaseGone, generation, installation, locale } = args;
    const repair = new SqlObjects(
      name,
      {
        database,
        oldDatabaseGone,
        generation,
        locale,
        install: render(installSteps(["repair"]), installation),
        remove: render(REMOVE, installation),
        identity: [installation.schemas.repair],
      },
      { parent: this },
    );
    this.forMainOwner = repair.report.handover;
    repair.report.apply(({ problems = [] }) => {
      for (const { problem, remedy } of problems) void pulumi.log.warn(`${problem}\n    → ${remedy}`, this);
    });
    this.registerOutputs({});
  }
}
