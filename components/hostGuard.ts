import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Reach } from "./host/program";
import type { Where } from "./host/where";

export interface HostGuardArgs {
  where: Where;
}

/**
 * What destroy does first: it sees that scripts run on the host. The provider takes an exit code of 0 for that, so a
 * login that runs nothing any more would let everything be "deleted" from a host that goes on with its jobs.
 */
export class HostGuard extends pulumi.ComponentResource {
  constructor(name: string, args: HostGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:HostGuard", name, {}, opts);
    const { host, locale, identity, oldHostGone } = args.where;
    const reach = pulumi.output(host).apply((access): Reach => ({ host: access, locale }));
    new command.local.Command(
      name,
      {
        create: "true",
        delete: `node -e 'require("vn-sync-check/host")'`,
        stdin: pulumi.secret(pulumi.jsonStringify(reach)),
        triggers: identity,
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.None,
      },
      { parent: this, deleteBeforeReplace: true, retainOnDelete: oldHostGone },
    );
    this.registerOutputs({});
  }
}
