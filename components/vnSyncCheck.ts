import * as pulumi from "@pulumi/pulumi";
import { hostConfigOf } from "../config/host";
import { namesOfStack } from "../config/schema";
import { CheckCopy } from "./checkCopy";
import { ClientApiVn } from "./clientApiVn";
import { Database } from "./database";
import { FirstImport } from "./firstImport";
import { FixSynchro } from "./fixSynchro";
import { whereOf } from "./host/where";
import { HostPackages } from "./hostPackages";
import { installationOf } from "./installation";
import { PgCredentials } from "./pgCredentials";
import { nextSteps, onHost, scheduleInWords } from "./render/words";
import { Runner } from "./runner";
import { Schedule } from "./schedule";
import type { SecretConfig } from "./secrets";
import { SyncConfig } from "./syncConfig";
import { SystemUser } from "./systemUser";

export interface VnSyncCheckArgs {
  config: SecretConfig;
  /** Name of the stack: an account on a host belongs to one. */
  stack: string;
  /** The bundled runner. */
  bundle: string;
  /** Source of the adapter to Client-API-VN. */
  adapter: string;
}

/**
 * The whole kit, in the order in which it is made; destroy goes the other way round: cron, running jobs,
 * functions and triggers, roles, and on the host the account with its home.
 */
export class VnSyncCheck extends pulumi.ComponentResource {
  readonly outputs: Record<string, pulumi.Input<unknown>>;

  constructor(name: string, args: VnSyncCheckArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:index:VnSyncCheck", name, {}, opts);
    const { config, stack, bundle, adapter } = args;
    const { database, schedule, locale } = config;
    const names = namesOfStack(config);
    const parent = { parent: this };
    const where = whereOf(config.host, config.oldHostGone);

    const sites = Object.entries(config.sites);
    for (const [name, { url }] of sites.filter(([, site]) => site.url.startsWith("http:"))) {
      void pulumi.log.warn(
        `sites.${name}.url: ${url} is not https: the portal's password travels unencrypted`,
        this,
      );
    }

    const packages = new HostPackages("packages", { where }, parent);
    const user = new SystemUser("user", { where, names, stack, after: packages.made }, parent);
    const { account } = user;
    const client = new ClientApiVn(
      "client",
      { where, account, version: config.client.version, adapter },
      parent,
    );

    const target = { ...database.fromHost, database: database.name };
    const credentials = new PgCredentials(
      "credentials",
      { where, account, names, target, passwordGeneration: config.passwordGeneration },
      parent,
    );
    const { password } = credentials;
    const sync = new SyncConfig("sync", { where, account, names, config, password }, parent);

    const sql = { database, locale, installation: installationOf(config) };
    const roles = new Database("database", { ...sql, names, password }, parent);
    const { destroyData } = config;
    const copy = new CheckCopy("tables", { ...sql, destroyData }, { ...parent, dependsOn: roles });
    const repair = new FixSynchro("repair", sql, { ...parent, dependsOn: copy });

    const runner = new Runner("runner", { where, account, bundle, settings: hostConfigOf(config) }, parent);
    const cron = new Schedule(
      "schedule",
      { where, account, names, times: schedule, locale },
      { ...parent, dependsOn: [client, credentials, sync, repair, runner] },
    );
    const { start } = config.firstImport;
    if (start) {
      const enabled = sites.filter(([, site]) => site.enabled).map(([site]) => site);
      new FirstImport("first-import", { where, account, sites: enabled }, { ...parent, dependsOn: cron });
    }

    this.outputs = {
      account: names.account,
      home: names.home,
      service: names.service,
      schedule: scheduleInWords(schedule, locale),
      logs: `${names.home}/log`,
      status: onHost(names, "status"),
      nextSteps: nextSteps(names, start, locale),
      forMainOwner: repair.forMainOwner,
      ...(destroyData && { destroyRemoves: copy.removes }),
    };
    this.registerOutputs(this.outputs);
  }
}
