import * as pulumi from "@pulumi/pulumi";
import type { Config } from "./configTypes";
import { HostFile } from "./host/hostFile";
import type { Account, Where } from "./host/where";
import { evnYaml, START_DATE } from "./render/evnYaml";
import { HOME_FILES } from "./render/names";

export interface SyncConfigArgs {
  where: Where;
  account: Account;
  config: Pick<Config, "names" | "adminEmail" | "sites" | "filter" | "windowDays" | "repair" | "database">;
  /** Of the sync's database login. */
  password: pulumi.Input<string>;
}

/**
 * Client-API-VN's configuration. The weekly job moves `filter.start_date` on in it, so the text has a mark
 * there, which the host replaces by its own date: the inputs stay the same from one `up` to the next.
 */
export class SyncConfig extends pulumi.ComponentResource {
  constructor(name: string, args: SyncConfigArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:SyncConfig", name, {}, opts);
    const { where, account, config } = args;
    const { names, adminEmail, filter, windowDays, repair, database } = config;
    const sites = pulumi.all(config.sites.map((site) => pulumi.output(site)));
    const text = pulumi.all([sites, args.password]).apply(([sites, password]) =>
      evnYaml({
        names,
        adminEmail,
        sites,
        ...filter,
        windowDays,
        references: repair.references,
        database: { ...database.fromHost, name: database.name, password },
      }),
    );
    new HostFile(
      name,
      {
        where,
        as: account,
        path: HOME_FILES.config,
        mode: "0600",
        text: pulumi.secret(text),
        filter: `sed "s/${START_DATE}/$(date -d '${windowDays} days ago' +%Y-%m-%d)/"`,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
