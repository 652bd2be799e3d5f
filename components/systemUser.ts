import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { makeAccount, removeAccount } from "./render/systemUser";

export interface SystemUserArgs {
  where: Where;
  names: Names;
  /** Written into the marker on the host: an account belongs to one stack. */
  stack: string;
  /** Changes when the packages before it are installed on another host. */
  after: pulumi.Input<string>;
}

/** The account that runs the jobs: no password, home 0700, only ever the kit's own. */
export class SystemUser extends pulumi.ComponentResource {
  readonly account: Account;

  constructor(name: string, args: SystemUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:SystemUser", name, {}, opts);
    const script = new HostScript(
      name,
      {
        where: args.where,
        create: makeAccount(args.names, args.stack),
        delete: removeAccount(args.names),
        identity: [args.names.account, args.after],
      },
      { parent: this },
    );
    this.account = { name: args.names.account, home: args.names.home, made: script.made };
    this.registerOutputs({});
  }
}
