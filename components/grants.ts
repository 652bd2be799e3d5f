import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { DatabaseConfig } from "./config";
import { CHECK_SEQUENCES, CHECK_TABLES, mainTables } from "./render/clientTables";
import type { Names } from "./render/names";

export interface GrantsArgs {
  provider: postgresql.Provider;
  database: DatabaseConfig;
  names: Names;
  /** Controllers whose reference tables the repair writes too. */
  references: readonly string[];
}

/**
 * Who may do what. The sync's login: rows of the client's fifteen tables, nothing on main. The repair's
 * role: rows of the repaired tables of main; no DELETE while deletions are only reported.
 */
export class Grants extends pulumi.ComponentResource {
  constructor(name: string, args: GrantsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:Grants", name, {}, opts);
    const { provider, database, names } = args;
    const options = { parent: this, provider };
    const schema = new postgresql.Schema(
      `${name}-schema`,
      // Made with its tables by CheckTables; here it is held to its owner. Its rows outlive the stack.
      { name: names.checkSchema, owner: names.dataOwner },
      { ...options, retainOnDelete: true },
    );
    const grant = (
      part: string,
      role: string,
      schema: string,
      objectType: string,
      privileges: string[],
      objects: string[] = [],
      dependsOn: pulumi.Resource[] = [],
    ) =>
      new postgresql.Grant(
        `${name}-${part}`,
        { database: database.name, role, schema, objectType, privileges, objects },
        { ...options, dependsOn },
      );
    const { login, repairRole, checkSchema } = names;
    const rows = ["SELECT", "INSERT", "UPDATE"];
    grant("check-schema", login, checkSchema, "schema", ["USAGE"], [], [schema]);
    grant("check-tables", login, checkSchema, "table", [...rows, "DELETE"], CHECK_TABLES, [schema]);
    grant("check-sequences", login, checkSchema, "sequence", ["SELECT", "USAGE"], CHECK_SEQUENCES, [schema]);
    grant("main-schema", repairRole, database.mainSchema, "schema", ["USAGE"]);
    grant("main-tables", repairRole, database.mainSchema, "table", rows, mainTables(args.references));
    this.registerOutputs({});
  }
}
