import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "../config/names";
import type { Locale } from "../config/values/key";
import type { Installation } from "../sql/installation";
import { render, renderFile, telling } from "../sql/render";
import { FACTS, GUARD, ROLES } from "../sql/steps";
import { scramVerifier } from "./render/scram";
import type { DatabaseConfig } from "./secrets";
import { SqlObjects } from "./sqlObjects";

export interface DatabaseArgs {
  database: DatabaseConfig;
  oldDatabaseGone: boolean;
  generation: pulumi.Output<string>;
  names: Names;
  installation: Installation;
  locale: Locale;
  /** Password of the sync's login. */
  password: pulumi.Output<string>;
}

/**
 * The two roles that come and go with the stack: the sync's login, and the one that owns the functions
 * which write to main. Before either is dropped, destroy makes sure that it owns nothing: dropping a role
 * hands what it owns to the admin login without a word.
 */
export class Database extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("vn-sync-check:database:Database", name, {}, opts);
    const { database, oldDatabaseGone, generation, names, installation, locale } = args;
    const provider = new postgresql.Provider(
      name,
      {
        host: database.address,
        port: database.port,
        database: database.name,
        username: database.adminUser,
        password: database.adminPassword,
        sslmode: database.sslmode,
        ...(database.caFile !== undefined && { sslrootcert: database.caFile }),
        // The admin login need not be a superuser, so pg_shadow is not read.
        superuser: false,
        connectTimeout: 30,
      },
      { parent: this },
    );
    const options = { parent: this, provider, retainOnDelete: oldDatabaseGone };
    const login = new postgresql.Role(
      `${name}-login`,
      {
        name: names.login,
        login: true,
        // The verifier, because the server's log may show the statement.
        password: args.password.apply(scramVerifier),
      },
      options,
    );
    const repair = new postgresql.Role(`${name}-repair`, { name: names.repairRole, login: false }, options);
    new SqlObjects(
      `${name}-guard`,
      {
        database,
        oldDatabaseGone,
        generation,
        locale,
        install: args.password.apply((password) =>
          telling(render([ROLES], installation), "vn_repair.login_verifier", scramVerifier(password)),
        ),
        remove: render([GUARD], installation),
        recognisedBy: renderFile(FACTS, installation),
        identity: [names.login],
      },
      { parent: this, dependsOn: [login, repair] },
    );
    this.registerOutputs({});
  }
}
