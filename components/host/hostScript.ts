import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { programOf } from "../render/command";
import { asAccount, asRoot } from "../render/shell";
import { proven } from "./proven";
import type { Account, Where } from "./where";

export interface HostScriptArgs {
  where: Where;
  /** Runs the scripts as this account, with its home as HOME and working directory; as root without it. */
  as?: Account;
  /** Shell text; must be idempotent, since a killed `up` runs it again. Runs again when an input has changed. */
  create: string;
  /** Kept in the state, so it runs as it was when it was last applied. */
  delete?: string;
  /** Given to the scripts on standard input: the way for contents and secrets. */
  stdin?: pulumi.Input<string>;
  /** What identifies the thing beside host and account: a path, a name. Never a content. */
  identity: pulumi.Input<string>[];
  /** Shows what the script prints while it runs (default true). */
  show?: boolean;
}

/**
 * A script on the host, which counts when it has proven its end. A change of its identity removes the thing with
 * the old script before it is made anew; a change of anything else runs `create` again.
 */
export class HostScript extends pulumi.ComponentResource {
  /** Changes only when the script's thing is made anew: what lives in it takes this into its identity. */
  readonly made: pulumi.Output<string>;

  constructor(
    name: string,
    args: HostScriptArgs,
    opts?: pulumi.ComponentResourceOptions,
    type = "vn-sync-check:host:Script",
  ) {
    super(type, name, {}, opts);
    const { where, as } = args;
    const wrap = (script: string, missingOk = false) =>
      as === undefined
        ? asRoot(script, where.locale)
        : asAccount(as.name, as.home, script, missingOk, where.locale);
    const program = programOf(
      {
        create: wrap(args.create),
        ...(args.delete !== undefined && { delete: wrap(args.delete, true) }),
      },
      name,
      where.locale,
    );
    const inputs = {
      create: program.command("create"),
      ...(args.delete !== undefined && { delete: program.command("delete") }),
      stdin: pulumi.output(args.stdin ?? "").apply((stdin) => program.text + stdin),
      // A generation is empty until it counts.
      triggers: pulumi
        .all([...where.identity, ...(as === undefined ? [] : [as.name, as.made]), ...args.identity])
        .apply((all) => all.filter((one) => one !== "")),
      addPreviousOutputInEnv: false,
    };
    const options: pulumi.CustomResourceOptions = {
      parent: this,
      deleteBeforeReplace: true,
      retainOnDelete: where.oldHostGone,
    };
    // Standard output has nothing but the proof in it.
    const show = args.show ?? true;
    const made =
      where.connection === undefined
        ? new command.local.Command(
            name,
            { ...inputs, logging: show ? command.local.Logging.Stderr : command.local.Logging.None },
            options,
          )
        : new command.remote.Command(
            name,
            {
              ...inputs,
              connection: where.connection,
              logging: show ? command.remote.Logging.Stderr : command.remote.Logging.None,
            },
            options,
          );
    this.made = proven(made, { where, program, stdin: inputs.stdin });
    this.registerOutputs({});
  }
}
