import type { ResourceType } from "../support/resource";
import { text, texts, type Values } from "../support/values";
import { id, type Transaction, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview } from "./fields";
import { checkPrivileges, samePrivileges } from "./privileges";

const FIELDS: Fields = {
  role: { replace: true },
  database: { replace: true },
  owner: { replace: true },
  schema: { replace: true },
  objectType: { replace: true },
  privileges: { set: true },
  withGrantOption: { replace: true, fallback: false },
};

/** The catalog's letter for each type of object. */
const OBJECT_TYPES: { [objectType: string]: string } = {
  table: "r",
  sequence: "S",
  function: "f",
  routine: "f",
  type: "T",
  schema: "n",
};

export const defaultPrivileges: ResourceType = {
  diff: (state, _before, inputs) => fieldsDiff(FIELDS, state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),
  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    const outs = await apply(wanted);
    const parts = [
      wanted.role,
      wanted.database,
      text(wanted.schema) || "noschema",
      wanted.owner,
      wanted.objectType,
    ];
    return { id: parts.join("_"), outs };
  },
  update: async (_id, state, inputs) => apply(desired(FIELDS, inputs, state)),
  remove: async (_id, state) =>
    transaction(text(state.database), async (tx) => {
      await tx.lock("role", String(state.owner));
      await tx.withRoles([String(state.owner)], () => revoke(tx, state));
    }),
  read: async (_id, state) =>
    transaction(text(state.database), async (tx) => {
      const known = await tx.exists("SELECT 1 FROM pg_roles WHERE rolname = $1 OR $1 = 'public'", [
        String(state.role),
      ]);
      return known ? readDefaults(tx, state) : undefined;
    }),
};

async function apply(wanted: Values): Promise<Values> {
  const type = String(wanted.objectType);
  if (text(wanted.schema) && type === "schema") {
    throw new Error("cannot specify `schema` when `object_type` is `schema`");
  }
  if (wanted.withGrantOption === true && String(wanted.role).toLowerCase() === "public") {
    throw new Error("with_grant_option cannot be true for role 'public'");
  }
  checkPrivileges(type, wanted.privileges);
  const database = text(wanted.database);
  await transaction(database, async (tx) => {
    await tx.lock("role", String(wanted.owner));
    await tx.withRoles([String(wanted.owner)], async () => {
      await revoke(tx, wanted);
      const privileges = texts(wanted.privileges);
      if (privileges.length === 0) return;
      const option = wanted.withGrantOption === true ? " WITH GRANT OPTION" : "";
      await tx.run(
        "could not alter default privileges",
        `${alter(wanted)} GRANT ${privileges.join(",")} ON ${type.toUpperCase()}S TO ${id(String(wanted.role))}${option}`,
      );
    });
  });
  return transaction(database, (tx) => readDefaults(tx, wanted));
}

async function revoke(tx: Transaction, defaults: Values): Promise<void> {
  await tx.run(
    "could not revoke default privileges",
    `${alter(defaults)} REVOKE ALL ON ${String(defaults.objectType).toUpperCase()}S FROM ${id(String(defaults.role))}`,
  );
}

function alter(defaults: Values): string {
  const schema = text(defaults.schema);
  const inSchema = schema ? ` IN SCHEMA ${id(schema)}` : "";
  return `ALTER DEFAULT PRIVILEGES FOR ROLE ${id(String(defaults.owner))}${inSchema}`;
}

async function readDefaults(tx: Transaction, defaults: Values): Promise<Values> {
  const rows = await tx.rows<{ privilege: string }>(
    `SELECT DISTINCT privilege_type AS privilege
       FROM (SELECT defaclnamespace, defaclrole, (aclexplode(defaclacl)).* FROM pg_default_acl WHERE defaclobjtype = $1) d
       LEFT JOIN pg_namespace n ON n.oid = defaclnamespace
      WHERE coalesce(nspname, '') = $2 AND pg_get_userbyid(defaclrole) = $3
        AND grantee = CASE WHEN $4 = 'public' THEN 0 ELSE (SELECT oid FROM pg_roles WHERE rolname = $4) END`,
    [
      OBJECT_TYPES[String(defaults.objectType)],
      text(defaults.schema) ?? "",
      String(defaults.owner),
      String(defaults.role),
    ],
  );
  const granted = rows.map((row) => row.privilege);
  const same = samePrivileges(String(defaults.objectType), granted, texts(defaults.privileges));
  return same ? defaults : { ...defaults, privileges: granted };
}
