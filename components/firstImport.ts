import * as pulumi from "@pulumi/pulumi";
import { HOME_FILES } from "../config/names";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";

export interface FirstImportArgs {
  where: Where;
  account: Account;
  /** Another set of sites starts the import of the new ones. */
  sites: string[];
  /** Of the database. */
  generation: pulumi.Output<string>;
}

/** Starts the first import in the background of the host; `up` does not wait for its end. */
export class FirstImport extends pulumi.ComponentResource {
  /** Known when it has been started. */
  readonly begun: pulumi.Output<string>;

  constructor(name: string, args: FirstImportArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:FirstImport", name, {}, opts);
    const script = new HostScript(
      name,
      {
        where: args.where,
        as: args.account,
        // What is imported already is left out, and one under way is not started twice.
        create: `${HOME_FILES.bin}/vn-check init --background </dev/null`,
        stdin: args.generation.apply((generation) => `${args.sites.join("\n")}\n${generation}`),
        identity: [],
      },
      { parent: this },
    );
    this.begun = script.made;
    this.registerOutputs({});
  }
}
