import * as pulumi from "@pulumi/pulumi";
import { HOME_FILES } from "../config/names";
import { HostFile } from "./host/hostFile";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { CONSTRAINTS } from "./render/constraints";
import { VENV, venvBuilder } from "./render/venv";

export interface ClientApiVnArgs {
  where: Where;
  account: Account;
  /** Version of Client-API-VN. */
  version: string;
  /** Sources of the adapter that runs one job of this version in one process, by the names of its files. */
  adapter: Record<string, string>;
}

/** Client-API-VN in a venv of the account, with the adapter that the jobs use. */
export class ClientApiVn extends pulumi.ComponentResource {
  constructor(name: string, args: ClientApiVnArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:ClientApiVn", name, {}, opts);
    const { where, account, version, adapter } = args;
    const builder = venvBuilder(version, where.locale);
    const file = (part: string, path: string, mode: string, text: string) =>
      new HostFile(`${name}-${part}`, { where, as: account, path, mode, text }, { parent: this });
    const files = [
      file("constraints", VENV.constraints, "0644", CONSTRAINTS),
      ...Object.entries(adapter).map(([name, source]) =>
        file(partOf(name), `${HOME_FILES.lib}/${name}`, "0644", source),
      ),
      file("builder", VENV.builder, "0755", builder),
    ];
    new HostScript(
      name,
      {
        where,
        as: account,
        create: `sh ${VENV.builder}`,
        // Not read: a change of any of these files runs the builder again.
        stdin: [builder, CONSTRAINTS, ...Object.values(adapter)].join("\n"),
        identity: [],
      },
      { parent: this, dependsOn: files },
    );
    this.registerOutputs({});
  }
}

/** What a file of the adapter is called in the stack: `adapter`, and `adapter-rows` for client_rows.py. */
function partOf(name: string): string {
  const part = name.replace(/^client_(\w+)\.py$/, "$1");
  return part === "job" ? "adapter" : `adapter-${part}`;
}
