import * as pulumi from "@pulumi/pulumi";
import type { HostConfig } from "../config/host";
import { HOME_FILES, type Names } from "../config/names";
import { HostFile } from "./host/hostFile";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { fileInput } from "./render/fileScripts";
import { launcher, launcherPath, launcherRemoval, launcherWriter } from "./render/launcher";
import { fullWrapper, runnerWrapper } from "./render/runnerFiles";

export interface RunnerArgs {
  where: Where;
  account: Account;
  names: Names;
  /** Takes another program of the command's name out of the way. */
  adopt: boolean;
  /** The bundled program. */
  bundle: string;
  settings: HostConfig;
  /** Of the login at the mail server. */
  smtpPassword: pulumi.Input<string> | undefined;
}

/** The program that runs the jobs, its settings, and the commands that start it. */
export class Runner extends pulumi.ComponentResource {
  constructor(name: string, args: RunnerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:Runner", name, {}, opts);
    const { where, account, names, adopt, bundle, settings, smtpPassword } = args;
    const file = (part: string, path: string, mode: string, text: pulumi.Input<string>) =>
      new HostFile(`${name}-${part}`, { where, as: account, path, mode, text }, { parent: this });
    file("bundle", `${HOME_FILES.lib}/vn-check.mjs`, "0644", bundle);
    file("settings", HOME_FILES.settings, "0644", `${JSON.stringify(settings, null, 2)}\n`);
    // Not in the settings, which everybody on the host may read.
    if (smtpPassword !== undefined)
      file(
        "smtp-password",
        HOME_FILES.smtpPassword,
        "0600",
        pulumi.secret(pulumi.interpolate`${smtpPassword}\n`),
      );
    file("command", `${HOME_FILES.bin}/vn-check`, "0755", runnerWrapper(names, where.locale));
    file("full", `${HOME_FILES.bin}/transfer_vn_full_2w`, "0755", fullWrapper(names, where.locale));
    new HostScript(
      `${name}-launcher`,
      {
        where,
        create: launcherWriter(names, adopt, where.locale),
        delete: launcherRemoval(names),
        stdin: fileInput(launcher(names, where.locale)),
        identity: [launcherPath(names), account.made],
        show: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
