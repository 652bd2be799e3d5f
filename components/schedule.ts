import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import type { Locale } from "../config/values/key";
import { HostFile } from "./host/hostFile";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { type CronTimes, cronEntry } from "./render/cronEntry";
import { stopProcesses } from "./render/systemUser";

export interface ScheduleArgs {
  where: Where;
  account: Account;
  names: Names;
  times: CronTimes;
  locale: Locale;
}

/**
 * The cron entries. It depends on all that the jobs use, so that destroy begins here: first the cron file,
 * then the jobs that still run, and only then what they run on.
 */
export class Schedule extends pulumi.ComponentResource {
  constructor(name: string, args: ScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:Schedule", name, {}, opts);
    const { where, account, names, times, locale } = args;
    const jobs = new HostScript(
      `${name}-jobs`,
      {
        where,
        create: "true",
        delete: stopProcesses(account.name),
        identity: [account.name, account.made],
      },
      { parent: this },
    );
    new HostFile(
      `${name}-cron`,
      {
        where,
        path: `/etc/cron.d/${names.cronFile}`,
        mode: "0644",
        text: cronEntry(names, times, locale),
        identity: [account.made],
      },
      { parent: this, dependsOn: jobs },
    );
    this.registerOutputs({});
  }
}
