import { randomUUID } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

export interface GenerationArgs {
  /** Names of what an `up` makes and what a look has not found; empty where nothing was looked at. */
  absent: pulumi.Output<string[]>;
  /** Says what happens then. */
  tell: (absent: string[]) => string;
}

/**
 * Changes when what an earlier `up` has made is not there any more: a database that was emptied, a host that was
 * installed anew. What takes it among its inputs is made again by the same `up`, in the usual order, and the next one
 * changes nothing. The engine itself compares a configuration with the last one, and sees no difference then.
 */
export class Generation extends pulumi.ComponentResource {
  /** Empty until something was not found again. */
  readonly text: pulumi.Output<string>;

  constructor(name: string, args: GenerationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:index:Generation", name, {}, opts);
    const { absent, tell } = args;
    this.text = absent.apply((names) => {
      const { stdout } = new command.local.Command(
        name,
        {
          create: "true",
          update: "cat",
          // Another one each time; an `up` that finds all there keeps the last.
          stdin: randomUUID(),
          addPreviousOutputInEnv: false,
          logging: command.local.Logging.None,
        },
        {
          parent: this,
          ignoreChanges: [
            "create",
            "update",
            "addPreviousOutputInEnv",
            "logging",
            ...(names.length === 0 ? ["stdin"] : []),
          ],
        },
      );
      stdout.apply((text) => {
        if (text !== "" && names.length > 0) void pulumi.log.warn(tell(names));
      });
      return stdout;
    });
    this.registerOutputs({});
  }
}
