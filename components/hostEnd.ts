import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import type { Reach } from "./host/program";
import type { Where } from "./host/where";
import { removeRest } from "./render/systemUser";

export interface HostEndArgs {
  where: Where;
  names: Names;
  /** Of the stack, as its marker on the host has it. */
  identity: pulumi.Input<string>;
}

/**
 * What destroy does last on the host: it sees that the account and its cron file are gone, and removes them where they
 * are not. The provider takes an exit code of 0 for a removal, so a login that runs nothing any more, from the middle
 * of destroy on, would let the rest be "deleted".
 */
export class HostEnd extends pulumi.ComponentResource {
  constructor(name: string, args: HostEndArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:HostEnd", name, {}, opts);
    const { where, names, identity } = args;
    const { host, locale, oldHostGone } = where;
    const reach = pulumi
      .all([pulumi.output(host), identity])
      .apply(
        ([access, id]): Reach => ({ host: access, locale, rest: { script: removeRest(names, locale), id } }),
      );
    new command.local.Command(
      name,
      {
        create: "true",
        delete: `node -e 'require("vn-sync-check/host")'`,
        stdin: pulumi.secret(pulumi.jsonStringify(reach)),
        triggers: [...where.identity, names.account],
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.None,
      },
      { parent: this, deleteBeforeReplace: true, retainOnDelete: oldHostGone },
    );
    this.registerOutputs({});
  }
}
