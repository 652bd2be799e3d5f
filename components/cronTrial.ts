import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { cronTrial } from "./render/cronTrial";

export interface CronTrialArgs {
  where: Where;
  account: Account;
  names: Names;
}

/** One run by cron as the account, before the jobs' own lines are made; again only where something has changed. */
export class CronTrial extends pulumi.ComponentResource {
  constructor(name: string, args: CronTrialArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:CronTrial", name, {}, opts);
    const { where, account, names } = args;
    new HostScript(
      name,
      { where, create: cronTrial(names, where.locale), identity: [account.name, account.made] },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
