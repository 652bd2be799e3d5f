import type { ResourceType } from "../support/resource";
import { equal, text, type Values } from "../support/values";
import { id, server, type Transaction, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview, named } from "./fields";

const FIELDS: Fields = {
  name: {},
  database: { computed: true, replace: true },
  owner: { computed: true },
  ifNotExists: { fallback: true },
  dropCascade: { fallback: false },
};

export const schema: ResourceType = {
  check: (inputs, before, name) => {
    if (inputs.policies !== undefined)
      throw new Error("policies: use postgresql.Grant with objectType schema");
    return named(inputs, before, name);
  },
  diff: (state, _before, inputs) => fieldsDiff(FIELDS, state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),

  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    const [name, owner] = [String(wanted.name), text(wanted.owner)];
    const database = text(wanted.database) ?? server().database;
    await transaction(database, async (tx) => {
      const databaseOwner = await ownerOfDatabase(tx);
      const roles = owner && owner !== databaseOwner ? [databaseOwner, owner] : [databaseOwner];
      await tx.withRoles(roles, async () => {
        if (!(await schemaExists(tx, name))) {
          const adopting = wanted.ifNotExists === true ? "IF NOT EXISTS " : "";
          const authorization = owner ? ` AUTHORIZATION ${id(owner)}` : "";
          await tx.run(
            `error creating schema ${name}`,
            `CREATE SCHEMA ${adopting}${id(name)}${authorization}`,
          );
        } else if (owner) {
          await setOwner(tx, name, owner);
        }
      });
    });
    const outs = { ...wanted, database };
    return { id: `${database}.${name}`, outs: (await readSchema(outs)) ?? outs };
  },

  update: async (_id, state, inputs) => {
    const wanted = desired(FIELDS, inputs, state);
    const [before, name] = [String(state.name), String(wanted.name)];
    await transaction(text(wanted.database), async (tx) => {
      if (before !== name) {
        await tx.run("error updating schema NAME", `ALTER SCHEMA ${id(before)} RENAME TO ${id(name)}`);
      }
      if (!equal(state.owner, wanted.owner)) await setOwner(tx, name, String(wanted.owner));
    });
    return (await readSchema(wanted)) ?? wanted;
  },

  remove: async (_id, state) => {
    const name = String(state.name);
    await transaction(text(state.database), async (tx) => {
      if (!(await schemaExists(tx, name))) return;
      await tx.withRoles([String(state.owner)], () =>
        tx.run(
          "error deleting schema",
          `DROP SCHEMA ${id(name)} ${state.dropCascade === true ? "CASCADE" : "RESTRICT"}`,
        ),
      );
    });
  },

  read: async (_id, state) => readSchema(state),
};

export async function schemaExists(tx: Transaction, name: string): Promise<boolean> {
  return tx.exists("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]);
}

export async function ownerOfDatabase(tx: Transaction): Promise<string> {
  const [row] = await tx.rows<{ owner: string }>(
    "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database()",
  );
  return row?.owner ?? "";
}

async function setOwner(tx: Transaction, name: string, owner: string): Promise<void> {
  await tx.run("error updating schema OWNER", `ALTER SCHEMA ${id(name)} OWNER TO ${id(owner)}`);
}

async function readSchema(state: Values): Promise<Values | undefined> {
  return transaction(text(state.database), async (tx) => {
    const [row] = await tx.rows<{ owner: string }>(
      "SELECT pg_get_userbyid(nspowner) AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1",
      [String(state.name)],
    );
    return row === undefined ? undefined : { ...state, owner: row.owner };
  });
}
