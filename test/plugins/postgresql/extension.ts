import type { ResourceType } from "../support/resource";
import { equal, text, type Values } from "../support/values";
import { id, server, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview, named } from "./fields";

const FIELDS: Fields = {
  name: { replace: true },
  schema: { computed: true },
  version: { computed: true },
  database: { computed: true, replace: true },
  dropCascade: { fallback: false },
  createCascade: { fallback: false },
};

export const extension: ResourceType = {
  check: (inputs, before, name) => named(inputs, before, name),
  diff: (state, _before, inputs) => fieldsDiff(FIELDS, state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),
  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    const database = text(wanted.database) ?? server().database;
    const name = String(wanted.name);
    const [schema, version] = [text(wanted.schema), text(wanted.version)];
    await transaction(database, (tx) =>
      tx.run(
        "error creating extension",
        [
          `CREATE EXTENSION IF NOT EXISTS ${id(name)}`,
          schema ? `SCHEMA ${id(schema)}` : "",
          version ? `VERSION ${id(version)}` : "",
          wanted.createCascade === true ? "CASCADE" : "",
        ].join(" "),
      ),
    );
    const outs = { ...wanted, database };
    return { id: `${database}.${name}`, outs: (await readExtension(outs)) ?? outs };
  },
  update: async (_id, state, inputs) => {
    const wanted = desired(FIELDS, inputs, state);
    const name = id(String(wanted.name));
    await transaction(text(wanted.database), async (tx) => {
      if (!equal(state.schema, wanted.schema)) {
        await tx.run(
          "error updating extension SCHEMA",
          `ALTER EXTENSION ${name} SET SCHEMA ${id(String(wanted.schema))}`,
        );
      }
      if (!equal(state.version, wanted.version)) {
        await tx.run(
          "error updating extension version",
          `ALTER EXTENSION ${name} UPDATE TO ${id(String(wanted.version))}`,
        );
      }
    });
    return (await readExtension(wanted)) ?? wanted;
  },
  remove: async (_id, state) =>
    transaction(text(state.database), (tx) =>
      tx.run(
        "error deleting extension",
        `DROP EXTENSION ${id(String(state.name))} ${state.dropCascade === true ? "CASCADE" : "RESTRICT"}`,
      ),
    ),
  read: async (_id, state) => readExtension(state),
};

async function readExtension(state: Values): Promise<Values | undefined> {
  return transaction(text(state.database), async (tx) => {
    const [row] = await tx.rows<{ schema: string; version: string }>(
      `SELECT nspname AS schema, extversion AS version
         FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname = $1`,
      [String(state.name)],
    );
    return row === undefined ? undefined : { ...state, schema: row.schema, version: row.version };
  });
}
