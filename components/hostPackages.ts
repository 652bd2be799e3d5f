import * as pulumi from "@pulumi/pulumi";
import { HostScript } from "./host/hostScript";
import type { Where } from "./host/where";
import { installPackages } from "./render/hostPackages";

export interface HostPackagesArgs {
  where: Where;
  /** Of the host. */
  generation: pulumi.Output<string>;
}

/** The Debian packages that the jobs need. Only what is missing is installed, and destroy leaves it. */
export class HostPackages extends pulumi.ComponentResource {
  /** See `HostScript.made`. */
  readonly made: pulumi.Output<string>;

  constructor(name: string, args: HostPackagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:HostPackages", name, {}, opts);
    const { where, generation } = args;
    const script = new HostScript(
      name,
      { where, create: installPackages(where.locale), identity: [generation] },
      { parent: this },
    );
    this.made = script.made;
    this.registerOutputs({});
  }
}
