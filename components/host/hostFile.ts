import * as pulumi from "@pulumi/pulumi";
import { fileInput, fileRemoval, fileWriter } from "../render/fileScripts";
import { HostScript } from "./hostScript";
import type { Account, Where } from "./where";

export interface HostFileArgs {
  where: Where;
  /** Owner of the file, which then writes it itself; root without it. */
  as?: Account;
  /** Absolute, or relative to the account's home. */
  path: string;
  /** Octal, four digits. */
  mode: string;
  text: pulumi.Input<string>;
  /** See `HostScriptArgs.identity`; host and path are added. */
  identity?: pulumi.Input<string>[];
}

/** A file on the host: written beside its place, compared with what was sent, renamed into it; removed by destroy. */
export class HostFile extends HostScript {
  constructor(name: string, args: HostFileArgs, opts?: pulumi.ComponentResourceOptions) {
    const { where, as, path, mode, text, identity = [] } = args;
    const script = {
      where,
      ...(as !== undefined && { as }),
      create: fileWriter(path, mode, where.locale),
      delete: fileRemoval(path),
      stdin: pulumi.output(text).apply(fileInput),
      identity: [path, ...identity],
      show: false,
    };
    super(name, script, opts, "vn-sync-check:host:File");
  }
}
