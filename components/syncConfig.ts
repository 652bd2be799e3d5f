import * as pulumi from "@pulumi/pulumi";
import { HOME_FILES, type Names } from "../config/names";
import { HostFile } from "./host/hostFile";
import type { Account, Where } from "./host/where";
import { evnYaml } from "./render/evnYaml";
import type { SecretConfig } from "./secrets";

export interface SyncConfigArgs {
  where: Where;
  account: Account;
  names: Names;
  config: Pick<SecretConfig, "adminEmail" | "sites" | "filter" | "windowDays" | "repair" | "database">;
  /** Of the sync's database login. */
  password: pulumi.Input<string>;
}

/**
 * Client-API-VN's configuration. Its window is the weekly job's to decide, which writes it into the file: the
 * text from here has none, so that the inputs stay the same from one `up` to the next.
 */
export class SyncConfig extends pulumi.ComponentResource {
  constructor(name: string, args: SyncConfigArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:SyncConfig", name, {}, opts);
    const { where, account, names, config } = args;
    const { adminEmail, filter, windowDays, repair, database } = config;
    const text = pulumi.all([pulumi.output(config.sites), args.password]).apply(([sites, password]) =>
      evnYaml({
        names,
        adminEmail,
        // Of one that is asleep nothing was asked.
        sites: Object.entries(sites)
          .filter(([, site]) => site.enabled)
          .map(([name, site]) => ({ name, ...site })),
        ...filter,
        windowDays,
        references: repair.references,
        database: { ...database.fromHost, name: database.name, password },
      }),
    );
    new HostFile(
      name,
      { where, as: account, path: HOME_FILES.config, mode: "0600", text: pulumi.secret(text) },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
