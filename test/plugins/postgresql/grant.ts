import type { ResourceType } from "../support/resource";
import { text, texts, type Values } from "../support/values";
import { id, type Transaction, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview } from "./fields";
import { checkPrivileges, objectList, samePrivileges } from "./privileges";
import { ownerOfDatabase, schemaExists } from "./schema";

const FIELDS: Fields = {
  role: { replace: true },
  database: { replace: true },
  schema: { replace: true },
  objectType: { replace: true },
  objects: { replace: true, set: true },
  columns: { replace: true, set: true },
  privileges: { set: true },
  withGrantOption: { replace: true, fallback: false },
};
const WITHOUT_SCHEMA = ["database", "foreign_data_wrapper", "foreign_server"];

export const grant: ResourceType = {
  diff: (state, _before, inputs) => fieldsDiff(FIELDS, state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),
  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    return { id: idOf(wanted), outs: await apply(wanted, wanted) };
  },
  update: async (_id, state, inputs) => apply(desired(FIELDS, inputs, state), state),
  remove: async (_id, state) => {
    await transaction(text(state.database), async (tx) => {
      await lock(tx, state);
      await tx.withRoles(await owners(tx, state), () => revoke(tx, state));
    });
  },
  read: async (_id, state) =>
    transaction(text(state.database), async (tx) => {
      const role = String(state.role);
      if (role !== "public" && !(await tx.exists("SELECT 1 FROM pg_roles WHERE rolname = $1", [role])))
        return undefined;
      const schema = text(state.schema);
      if (schema && !WITHOUT_SCHEMA.includes(String(state.objectType)) && !(await schemaExists(tx, schema))) {
        return undefined;
      }
      return readGranted(tx, state);
    }),
};

/** Revokes, then grants, in one transaction: fewer privileges than before could not be granted otherwise. */
async function apply(wanted: Values, before: Values): Promise<Values> {
  validate(wanted);
  const database = text(wanted.database);
  await transaction(database, async (tx) => {
    await lock(tx, wanted);
    await tx.withRoles(await owners(tx, wanted), async () => {
      await revoke(tx, before);
      const privileges = texts(wanted.privileges);
      if (privileges.length === 0) return;
      const option = wanted.withGrantOption === true ? " WITH GRANT OPTION" : "";
      await tx.run(
        "could not execute grant query",
        `GRANT ${list(wanted, privileges)} ON ${target(wanted)} TO ${id(String(wanted.role))}${option}`,
      );
    });
  });
  return transaction(database, (tx) => readGranted(tx, wanted));
}

function validate(wanted: Values): void {
  const type = String(wanted.objectType);
  const [objects, columns, privileges] = [wanted.objects, wanted.columns, wanted.privileges].map(
    (v) => texts(v).length,
  );
  if (!text(wanted.schema) && !WITHOUT_SCHEMA.includes(type)) {
    throw new Error("parameter 'schema' is mandatory for postgresql_grant resource");
  }
  if (objects && (type === "database" || type === "schema")) {
    throw new Error("cannot specify `objects` when `object_type` is `database` or `schema`");
  }
  if (columns && type !== "column")
    throw new Error("cannot specify `columns` when `object_type` is not `column`");
  if (type === "column" && (!columns || objects !== 1 || privileges !== 1)) {
    throw new Error("`object_type` `column` needs `columns`, one table in `objects` and one privilege");
  }
  if (type.startsWith("foreign_") && objects !== 1)
    throw new Error(`one element must be specified in \`objects\` when \`object_type\` is \`${type}\``);
  checkPrivileges(type, wanted.privileges);
}

async function lock(tx: Transaction, grant: Values): Promise<void> {
  await tx.lock("role", String(grant.role));
  if (grant.objectType === "database") await tx.lock("database", String(grant.database));
}

async function revoke(tx: Transaction, grant: Values): Promise<void> {
  const named = texts(grant.objects).length > 0 && !["database", "schema"].includes(String(grant.objectType));
  const privileges = texts(grant.privileges);
  // Of named objects just these privileges, so that grants on their columns stay.
  const what = named && privileges.length > 0 ? list(grant, privileges) : "ALL PRIVILEGES";
  if (grant.objectType === "column" && privileges.length === 0) return;
  await tx.run(
    "could not execute revoke query",
    `REVOKE ${what} ON ${target(grant)} FROM ${id(String(grant.role))}`,
  );
}

function list(grant: Values, privileges: string[]): string {
  if (grant.objectType !== "column") return privileges.join(",");
  return `${privileges.join(",")} (${texts(grant.columns)
    .map((column) => id(column))
    .join(",")})`;
}

function target(grant: Values): string {
  const [type, schema, objects] = [String(grant.objectType), text(grant.schema) ?? "", texts(grant.objects)];
  switch (type) {
    case "database":
      return `DATABASE ${id(String(grant.database))}`;
    case "schema":
      return `SCHEMA ${id(schema)}`;
    case "foreign_data_wrapper":
    case "foreign_server":
      return `${type.toUpperCase().replaceAll("_", " ")} ${id(objects[0] ?? "")}`;
    case "column":
      return `TABLE ${objectList(schema, objects)}`;
    default:
      return objects.length > 0
        ? `${type.toUpperCase()} ${objectList(schema, objects)}`
        : `ALL ${type.toUpperCase()}S IN SCHEMA ${id(schema)}`;
  }
}

/** The roles whose membership lets a login that is no superuser grant on these objects. */
async function owners(tx: Transaction, grant: Values): Promise<string[]> {
  const type = String(grant.objectType);
  if (WITHOUT_SCHEMA.includes(type)) return [];
  const schema = String(grant.schema);
  const found = new Set<string>();
  if (type !== "schema") {
    for (const { owner } of await tx.rows<{ owner: string }>(
      "SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = $1",
      [schema],
    )) {
      found.add(owner);
    }
  }
  const [row] = await tx.rows<{ owner: string }>(
    "SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1",
    [schema],
  );
  if (row === undefined) throw new Error(`could not find schema '${schema}' while looking for owner`);
  found.add(row.owner);
  if (found.delete("pg_database_owner")) found.add(await ownerOfDatabase(tx));
  return [...found];
}

/** The catalog's list of grants for each kind of object: name and one privilege a row. */
const GRANTED: { [objectType: string]: string } = {
  database: "SELECT datname AS object, (aclexplode(datacl)).* FROM pg_database WHERE datname = $2",
  schema: "SELECT nspname AS object, (aclexplode(nspacl)).* FROM pg_namespace WHERE nspname = $2",
  foreign_data_wrapper:
    "SELECT fdwname AS object, (aclexplode(fdwacl)).* FROM pg_foreign_data_wrapper WHERE fdwname = $2",
  foreign_server:
    "SELECT srvname AS object, (aclexplode(srvacl)).* FROM pg_foreign_server WHERE srvname = $2",
  relation: `SELECT relname AS object, (aclexplode(relacl)).* FROM pg_class
    WHERE relnamespace = $2::regnamespace AND relkind = $3`,
  routine: `SELECT proname AS object, (aclexplode(proacl)).* FROM pg_proc WHERE pronamespace = $2::regnamespace`,
};

/** The state with the privileges that the first object has which has not just the wanted ones. */
async function readGranted(tx: Transaction, grant: Values): Promise<Values> {
  const type = String(grant.objectType);
  const wanted = texts(grant.privileges);
  if (type === "column") return grant;
  const relkind = { table: "r", sequence: "S" }[type];
  const routine = ["function", "procedure", "routine"].includes(type);
  const single = relkind === undefined && !routine;
  const named = texts(grant.objects).map((object) => object.replace(/\(.*$/, ""));
  const about = single
    ? type === "database"
      ? String(grant.database)
      : type === "schema"
        ? String(grant.schema)
        : (named[0] ?? "")
    : id(String(grant.schema));
  const [source, kind] = relkind
    ? [GRANTED["relation"], [relkind]]
    : [GRANTED[routine ? "routine" : type], []];
  const rows = await tx.rows<{ object: string; privilege: string }>(
    `SELECT object, privilege_type AS privilege FROM (${source}) AS granted
      WHERE grantee = CASE WHEN $1 = 'public' THEN 0 ELSE (SELECT oid FROM pg_roles WHERE rolname = $1) END`,
    [String(grant.role), about, ...kind],
  );
  const present = single ? [about] : await objectsIn(tx, String(grant.schema), relkind);
  for (const object of present) {
    if (!single && named.length > 0 && !named.includes(object)) continue;
    const granted = [...new Set(rows.filter((row) => row.object === object).map((row) => row.privilege))];
    if (!samePrivileges(type, granted, wanted)) return { ...grant, privileges: granted };
  }
  return grant;
}

async function objectsIn(tx: Transaction, schema: string, relkind: string | undefined): Promise<string[]> {
  const rows = relkind
    ? await tx.rows<{ object: string }>(
        "SELECT relname AS object FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relkind = $2",
        [schema, relkind],
      )
    : await tx.rows<{ object: string }>(
        "SELECT DISTINCT proname AS object FROM pg_proc WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
        [schema],
      );
  return rows.map((row) => row.object);
}

function idOf(grant: Values): string {
  const type = String(grant.objectType);
  return [
    String(grant.role),
    String(grant.database),
    ...(WITHOUT_SCHEMA.includes(type) ? [] : [text(grant.schema) ?? ""]),
    type,
    ...texts(grant.objects),
    ...texts(grant.columns),
  ].join("_");
}
