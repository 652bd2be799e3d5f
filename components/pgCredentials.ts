import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HOME_FILES, type Names } from "../config/names";
import { HostFile } from "./host/hostFile";
import type { Account, Where } from "./host/where";
import { type PgTarget, pgPass, pgService } from "./render/pgFiles";

export interface PgCredentialsArgs {
  where: Where;
  account: Account;
  names: Names;
  /** How the host reaches the database. */
  target: PgTarget;
  /** Another number makes a new password. */
  passwordGeneration: number;
}

/** Letters and digits only: nothing that a shell, a URL or a pgpass line would have to escape. */
const GENERATE = `node -e "process.stdout.write(require('node:crypto').randomBytes(24).toString('hex'))"`;

/** The sync's database password, made once, and the two files by which libpq finds it. */
export class PgCredentials extends pulumi.ComponentResource {
  /** Secret. */
  readonly password: pulumi.Output<string>;

  constructor(name: string, args: PgCredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:PgCredentials", name, {}, opts);
    const { where, account, names, target } = args;
    const generated = new command.local.Command(
      `${name}-password`,
      {
        create: GENERATE,
        triggers: [args.passwordGeneration],
        addPreviousOutputInEnv: false,
        logging: command.local.Logging.None,
      },
      {
        parent: this,
        additionalSecretOutputs: ["stdout"],
        // Without `update`, a change of the command itself would run it again: a new password by accident.
        ignoreChanges: ["create", "logging", "addPreviousOutputInEnv"],
      },
    );
    this.password = pulumi.secret(generated.stdout);
    const file = (part: string, path: string, mode: string, text: pulumi.Input<string>) =>
      new HostFile(`${name}-${part}`, { where, as: account, path, mode, text }, { parent: this });
    file("service", HOME_FILES.service, "0644", pgService(names.service, names.login, target));
    file(
      "pgpass",
      HOME_FILES.password,
      "0600",
      this.password.apply((password) => pgPass(names.login, password, target)),
    );
    this.registerOutputs({ password: this.password });
  }
}
