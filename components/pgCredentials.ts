import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { HOME_FILES, type Names } from "../config/names";
import { HostFile } from "./host/hostFile";
import type { Account, Where } from "./host/where";
import { type PgTarget, pgPass, pgService } from "./render/pgFiles";

export interface PgCredentialsArgs {
  names: Names;
  /** Another number makes a new password. */
  passwordGeneration: number;
}

/** Where the files are written, and how the host reaches the database. */
export interface CredentialFiles {
  where: Where;
  account: Account;
  target: PgTarget;
  /** Text of the certificates of an authority of one's own. */
  authority: string | undefined;
  /** What has to be in the database first: on a host that works the files point to another one only when all is there. */
  after: pulumi.Resource;
}

/** Letters and digits only: nothing that a shell, a URL or a pgpass line would have to escape. */
const GENERATE = `node -e "process.stdout.write(require('node:crypto').randomBytes(24).toString('hex'))"`;

/** The sync's database password, made once, and the files by which libpq finds the database and trusts it. */
export class PgCredentials extends pulumi.ComponentResource {
  /** Secret. */
  readonly password: pulumi.Output<string>;
  readonly write: (files: CredentialFiles) => pulumi.Resource[];

  constructor(name: string, args: PgCredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:PgCredentials", name, {}, opts);
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
    this.write = ({ where, account, target, authority, after }) => {
      const { names } = args;
      const options = { parent: this, dependsOn: after };
      const file = (part: string, path: string, mode: string, text: pulumi.Input<string>) =>
        new HostFile(`${name}-${part}`, { where, as: account, path, mode, text }, options);
      const pgpass = this.password.apply((password) => pgPass(names.login, password, target));
      return [
        file("service", HOME_FILES.service, "0644", pgService(names, target, authority !== undefined)),
        file("pgpass", HOME_FILES.password, "0600", pgpass),
        ...(authority === undefined ? [] : [file("authority", HOME_FILES.authority, "0644", authority)]),
      ];
    };
    this.registerOutputs({ password: this.password });
  }
}
