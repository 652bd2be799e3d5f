import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import type { Locale } from "../config/values/key";
import { HostScript } from "./host/hostScript";
import type { Account, Where } from "./host/where";
import { tryLogin } from "./render/databaseLogin";
import type { PgTarget } from "./render/pgFiles";

export interface DatabaseLoginArgs {
  where: Where;
  account: Account;
  names: Names;
  target: PgTarget;
  passwordGeneration: number;
  /** Of the database. */
  generation: pulumi.Output<string>;
  locale: Locale;
}

/** The account logs in to the database from the host, once, before any job relies on it. */
export class DatabaseLogin extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseLoginArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:host:DatabaseLogin", name, {}, opts);
    const { where, account, names, target, passwordGeneration, generation, locale } = args;
    new HostScript(
      name,
      {
        where,
        as: account,
        create: tryLogin(names, target, locale),
        // Not read: another way to the database, another password, or roles made again, are tried again.
        stdin: generation.apply(
          (generation) =>
            `${JSON.stringify({ ...target, passwordGeneration, ...(generation !== "" && { generation }) })}\n`,
        ),
        identity: [],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
