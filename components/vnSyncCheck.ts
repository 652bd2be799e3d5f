import * as pulumi from "@pulumi/pulumi";
import { hostConfigOf } from "../config/host";
import { namesOfStack, type StackConfig } from "../config/schema";
import { authorityOf } from "./adminConnection";
import { CheckCopy } from "./checkCopy";
import { ClientApiVn } from "./clientApiVn";
import { CronTrial } from "./cronTrial";
import { Database } from "./database";
import { DatabaseLogin } from "./databaseLogin";
import { lookAtDatabase } from "./databaseLook";
import { FirstImport } from "./firstImport";
import { FixSynchro } from "./fixSynchro";
import { Generation } from "./generation";
import { hostLook } from "./host/look";
import { whereOf } from "./host/where";
import { HostGuard } from "./hostGuard";
import { HostPackages } from "./hostPackages";
import { installationOf } from "./installation";
import { lookFirst } from "./lookFirst";
import { PgCredentials } from "./pgCredentials";
import { bundleRunner, clientAdapter } from "./render/bundle";
import { destroyInWords, madeAgain, nextSteps, scheduleInWords } from "./render/words";
import { Runner } from "./runner";
import { Schedule } from "./schedule";
import { withoutSecrets, withSecrets } from "./secrets";
import { SyncConfig } from "./syncConfig";
import { SystemUser } from "./systemUser";

/** A whole configuration: what each key is for, the READMEs' table says. Secrets may be outputs. */
export type VnSyncCheckArgs = StackConfig<pulumi.Input<string>>;

/** What a person needs to know of an installation. */
export interface VnSyncCheckOutputs {
  /** Linux account that runs the jobs, and its home. */
  account: string;
  home: string;
  /** For `psql service=…` as that account. */
  service: string;
  /** When each job runs and what it does, in words. */
  schedule: Record<"daily" | "weekly" | "watch", string>;
  /** Folder of the logs. */
  logs: string;
  /** Command that tells how things stand. */
  status: string;
  nextSteps: pulumi.Output<string[]>;
  /** SQL that only main's owner may run; empty where the admin login could do it. */
  forMainOwner: pulumi.Output<string[]>;
  /** With `destroyData`: rows by table that the next destroy removes. */
  destroyRemoves?: pulumi.Output<Record<string, number>>;
}

/**
 * The component of the kit's own stack. Its parts have always been without its name, and a resource of another
 * name would be made anew; those of any other component bear its name, so that a program can have several.
 */
const OWN = "vn-sync-check";

/**
 * The whole kit, in the order in which it is made; destroy goes the other way round: cron, running jobs,
 * functions and triggers, roles, and on the host the account with its home.
 */
export class VnSyncCheck extends pulumi.ComponentResource {
  readonly outputs: VnSyncCheckOutputs;

  constructor(name: string, args: VnSyncCheckArgs, opts?: pulumi.ComponentResourceOptions) {
    const config = withSecrets(args);
    const { database, schedule, locale, adoptExisting } = config;
    const installation = installationOf(config);
    const names = namesOfStack(config);
    const where = whereOf(config.host, config.oldHostGone, locale);
    // All parts are children, which come after this.
    const { ready, absent } = lookFirst(
      {
        host: () => hostLook(where, names, adoptExisting, { cron: schedule.mailTo, ...config.mail }),
        database: () => lookAtDatabase(database, installation, config.oldDatabaseGone),
      },
      locale,
    );
    const { destroyData } = config;
    // Every key, so that a preview's diff shows what changes: what the parts are told is hidden for its secrets.
    const destroy = destroyInWords(names, installation.schemas, destroyData, locale);
    const shown = { ...withoutSecrets(args), destroy };
    super("vn-sync-check:index:VnSyncCheck", name, shown, pulumi.mergeOptions(opts, { dependsOn: ready }));
    const parent = { parent: this };
    const part = (what: string) => (name === OWN ? what : `${name}-${what}`);

    const sites = Object.entries(config.sites);
    for (const [name, { url }] of sites.filter(([, site]) => site.enabled && site.url.startsWith("http:"))) {
      // Not with this component: a message waits for its resource, those after it too, and without a database there
      // is none.
      void pulumi.log.warn(
        locale === "fr"
          ? `sites.${name}.url : ${url} n'est pas en https : le mot de passe du portail circule en clair`
          : `sites.${name}.url: ${url} is not https: the portal's password travels unencrypted`,
      );
    }

    const { passwordGeneration } = config;
    const credentials = new PgCredentials(part("credentials"), { names, passwordGeneration }, parent);
    const { password } = credentials;

    const generations = (place: "host" | "database") => {
      const tell = (absent: string[]) => madeAgain(place, absent, locale);
      return new Generation(part(`${place}-generation`), { absent: absent[place], tell }, parent).text;
    };
    const ofHost = generations("host");
    const generation = generations("database");

    const packages = new HostPackages(part("packages"), { where, generation: ofHost }, parent);
    const user = new SystemUser(
      part("user"),
      { where, names, stack: pulumi.getStack(), password, adopt: adoptExisting, after: packages.made },
      parent,
    );
    const { account } = user;
    const trial = new CronTrial(part("cron-trial"), { where, account, names }, parent);
    const client = new ClientApiVn(
      part("client"),
      { where, account, version: config.client.version, adapter: clientAdapter() },
      parent,
    );

    const { oldDatabaseGone } = config;
    const sql = { database, oldDatabaseGone, generation, locale, installation };
    const roles = new Database(part("database"), { ...sql, names, password }, parent);
    const copy = new CheckCopy(part("tables"), { ...sql, destroyData }, { ...parent, dependsOn: roles });
    const repair = new FixSynchro(part("repair"), sql, { ...parent, dependsOn: copy });

    const target = { ...database.fromHost, database: database.name };
    const authority = authorityOf(database);
    const files = credentials.write({ where, account, target, authority, after: repair });
    const after = { ...parent, dependsOn: repair };
    const sync = new SyncConfig(part("sync"), { where, account, names, config, password }, after);
    const login = new DatabaseLogin(
      part("login"),
      { where, account, names, target, passwordGeneration, generation, locale },
      { ...parent, dependsOn: files },
    );

    const { smtpPassword } = config.mail;
    const runner = new Runner(
      part("runner"),
      {
        ...{ where, account, names, adopt: adoptExisting, smtpPassword },
        ...{ bundle: bundleRunner(), settings: hostConfigOf(config) },
      },
      parent,
    );
    const cron = new Schedule(
      part("schedule"),
      { where, account, names, times: schedule, locale },
      { ...parent, dependsOn: [client, credentials, sync, repair, runner, login, trial] },
    );
    const { start } = config.firstImport;
    const enabled = sites.filter(([, site]) => site.enabled).map(([site]) => site);
    const begun = start
      ? new FirstImport(
          part("first-import"),
          { where, account, sites: enabled, generation },
          { ...parent, dependsOn: cron },
        )
      : undefined;
    // All that is on the host depends on the account or comes with the schedule: destroy begins with this.
    new HostGuard(part("host-guard"), { where }, { ...parent, dependsOn: [user, begun ?? cron] });

    this.outputs = {
      account: names.account,
      home: names.home,
      service: names.service,
      schedule: scheduleInWords(schedule, locale),
      logs: `${names.home}/log`,
      status: `${names.command} status`,
      // Said once it is so: an `up` that fails has started nothing.
      nextSteps: (begun?.begun ?? pulumi.output("")).apply(() => nextSteps(names, start, locale)),
      forMainOwner: repair.forMainOwner,
      ...(destroyData && { destroyRemoves: copy.removes }),
    };
    this.registerOutputs({ ...this.outputs });
  }
}
