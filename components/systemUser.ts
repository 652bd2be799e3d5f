import { createHash } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { HostEnd } from "./hostEnd";
import { makeAccount, removeAccount } from "./render/systemUser";

export interface SystemUserArgs {
  where: Where;
  names: Names;
  /** The stack's name, which older markers have. */
  stack: string;
  /** Of the sync's database login: what the account has of it tells whose it is, where an older marker does not. */
  password: pulumi.Input<string>;
  /** Takes over what is there under the names already. */
  adopt: boolean;
  /** Changes when the packages before it are installed on another host. */
  after: pulumi.Input<string>;
}

/** Made once and kept in the state, whatever the stack is called. */
const IDENTITY = `node -e "process.stdout.write(require('node:crypto').randomUUID())"`;

/**
 * The account that runs the jobs: no password, home 0700, only ever the kit's own. It belongs to one stack, whose
 * identity stands in the marker on the host.
 */
export class SystemUser extends pulumi.ComponentResource {
  readonly account: Account;

  constructor(name: string, args: SystemUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:SystemUser", name, {}, opts);
    const { where, names, stack, password, adopt, after } = args;
    const identity = new command.local.Command(
      `${name}-identity`,
      {
        create: IDENTITY,
        triggers: [names.instance],
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.None,
      },
      { parent: this, ignoreChanges: ["create", "logging", "addPreviousOutputInEnv"] },
    );
    const known = pulumi
      .output(password)
      .apply((text) => createHash("sha256").update(`${text}\n`).digest("hex"));
    const end = new HostEnd(`${name}-end`, { where, names, identity: identity.stdout }, { parent: this });
    const script = new HostScript(
      name,
      {
        where,
        create: makeAccount(names, stack, adopt, where.locale),
        delete: removeAccount(names, where.locale),
        stdin: pulumi.secret(pulumi.interpolate`${identity.stdout} ${known}\n`),
        identity: [names.account, after],
      },
      { parent: this, dependsOn: end },
    );
    this.account = { name: names.account, home: names.home, made: script.made };
    this.registerOutputs({});
  }
}
