import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import { CHECK_SEQUENCES, CHECK_TABLES } from "./render/clientTables";
import type { DatabaseConfig } from "./secrets";

export interface GrantsArgs {
  provider: postgresql.Provider;
  database: DatabaseConfig;
  names: Names;
}

/**
 * The check schema's owner, and what the sync's login may do in it: rows of the client's fifteen tables, no
 * TRUNCATE, no TRIGGER. Its rows outlive the stack, so the schema is never dropped from here. The repair's
 * rights on main come with its SQL: where the admin login may not give them, they are handed over as text.
 */
export class Grants extends pulumi.ComponentResource {
  constructor(name: string, args: GrantsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:Grants", name, {}, opts);
    const { provider, database, names } = args;
    const options = { parent: this, provider };
    const schema = new postgresql.Schema(
      `${name}-schema`,
      { name: names.checkSchema, owner: names.dataOwner },
      { ...options, retainOnDelete: true },
    );
    const to = { database: database.name, role: names.login, schema: names.checkSchema };
    const rows = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    const after = { ...options, dependsOn: schema };
    new postgresql.Grant(`${name}-schema`, { ...to, objectType: "schema", privileges: ["USAGE"] }, after);
    new postgresql.Grant(
      `${name}-tables`,
      { ...to, objectType: "table", objects: CHECK_TABLES, privileges: rows },
      after,
    );
    new postgresql.Grant(
      `${name}-sequences`,
      { ...to, objectType: "sequence", objects: CHECK_SEQUENCES, privileges: ["SELECT", "USAGE"] },
      after,
    );
    this.registerOutputs({});
  }
}
