import { escapeLiteral } from "pg";
import { HalfMade, type ResourceType } from "../support/resource";
import { equal, number, text, texts, type Values } from "../support/values";
import { id, server, type Transaction, transaction } from "./connection";
import { complete, desired, type Fields, fieldsDiff, fieldsPreview, named } from "./fields";
import { readRole, SETTINGS } from "./roleCatalog";

const FIELDS: Fields = {
  name: {},
  password: {},
  passwordWo: {},
  passwordWoVersion: {},
  assumeRole: {},
  bypassRowLevelSecurity: { fallback: false },
  connectionLimit: { fallback: -1 },
  createDatabase: { fallback: false },
  createRole: { fallback: false },
  encryptedPassword: { fallback: true },
  idleInTransactionSessionTimeout: {},
  inherit: { fallback: true },
  login: { fallback: false },
  replication: { fallback: false },
  roles: { set: true },
  searchPaths: {},
  skipDropRole: { fallback: false },
  skipReassignOwned: { fallback: false },
  statementTimeout: {},
  superuser: { fallback: false },
  validUntil: { fallback: "infinity" },
};

const FLAGS: { [input: string]: string } = {
  superuser: "SUPERUSER",
  createDatabase: "CREATEDB",
  createRole: "CREATEROLE",
  inherit: "INHERIT",
  login: "LOGIN",
  bypassRowLevelSecurity: "BYPASSRLS",
  replication: "REPLICATION",
};

export const role: ResourceType = {
  check: (inputs, before, name) => named(inputs, before, name),
  diff: (state, _before, inputs) => fieldsDiff(writeOnlyAside(inputs), state, inputs),
  preview: (inputs, state) => fieldsPreview(FIELDS, inputs, state),

  create: async (inputs) => {
    const wanted = complete(FIELDS, inputs);
    const name = String(wanted.name);
    await transaction(undefined, async (tx) => {
      const options = [
        ...passwordOption(wanted),
        ...validUntil(wanted),
        `CONNECTION LIMIT ${number(wanted.connectionLimit) ?? -1}`,
        ...flags(wanted),
      ];
      await tx.run(`error creating role ${name}`, `CREATE ROLE ${id(name)} WITH ${options.join(" ")}`);
      await grantRoles(tx, name, wanted);
      await applySettings(tx, name, {}, wanted);
    });
    const outs = stateOf(wanted);
    try {
      return { id: name, outs: (await readRole(name, outs)) ?? outs };
    } catch (error) {
      throw new HalfMade({ id: name, outs }, (error as Error).message);
    }
  },

  update: async (_id, state, inputs) => {
    const wanted = desired(FIELDS, inputs, state);
    const name = String(wanted.name);
    await transaction(undefined, async (tx) => {
      const before = String(state.name);
      await tx.lock("role", before);
      if (before !== name) {
        await tx.run("error updating role name", `ALTER ROLE ${id(before)} RENAME TO ${id(name)}`);
      }
      if (passwordChanged(state, wanted) || before !== name) {
        const option = passwordOption(wanted).join(" ");
        if (option !== "") await tx.run("error updating role password", `ALTER ROLE ${id(name)} ${option}`);
      }
      const options = [
        ...flags(wanted, state),
        ...(equal(state.connectionLimit, wanted.connectionLimit)
          ? []
          : [`CONNECTION LIMIT ${number(wanted.connectionLimit) ?? -1}`]),
        ...(equal(state.validUntil, wanted.validUntil) ? [] : validUntil(wanted)),
      ];
      if (options.length > 0)
        await tx.run("error updating role", `ALTER ROLE ${id(name)} ${options.join(" ")}`);
      await revokeRoles(tx, name);
      await grantRoles(tx, name, wanted);
      await applySettings(tx, name, state, wanted);
    });
    const outs = stateOf(wanted);
    return (await readRole(name, outs)) ?? outs;
  },

  remove: async (_id, state) => {
    const name = String(state.name);
    await transaction(undefined, async (tx) => {
      await tx.lock("role", name);
      if (state.skipReassignOwned !== true) {
        await tx.withRoles([name], async () => {
          const heir = server().databaseUsername;
          await tx.run(
            `could not reassign owned by role ${name} to ${heir}`,
            `REASSIGN OWNED BY ${id(name)} TO ${id(heir)}`,
          );
          await tx.run(`could not drop owned by role ${name}`, `DROP OWNED BY ${id(name)}`);
        });
      }
      if (state.skipDropRole !== true) await tx.run(`could not delete role ${name}`, `DROP ROLE ${id(name)}`);
    });
  },

  read: async (_id, state) => readRole(String(state.name ?? _id), state),
};

/** A write-only password is in no state: only its version tells that it changed. */
function writeOnlyAside(inputs: Values): Fields {
  const { passwordWo, ...rest } = FIELDS;
  return inputs.passwordWo === undefined ? FIELDS : rest;
}

function stateOf(wanted: Values): Values {
  const { passwordWo, ...rest } = wanted;
  return rest;
}

function passwordChanged(state: Values, wanted: Values): boolean {
  return wanted.passwordWo === undefined
    ? !equal(state.password, wanted.password)
    : !equal(state.passwordWoVersion, wanted.passwordWoVersion);
}

/** The text goes as it is: a verifier (SCRAM-SHA-256$…, md5…) is one for the server. */
function passwordOption(wanted: Values): string[] {
  const password = text(wanted.password) || text(wanted.passwordWo);
  if (!password) return [];
  if (password.toUpperCase() === "NULL") return ["PASSWORD NULL"];
  return [
    `${wanted.encryptedPassword === false ? "UNENCRYPTED " : "ENCRYPTED "}PASSWORD ${escapeLiteral(password)}`,
  ];
}

function validUntil(wanted: Values): string[] {
  return [`VALID UNTIL ${escapeLiteral(text(wanted.validUntil) || "infinity")}`];
}

function flags(wanted: Values, state?: Values): string[] {
  return Object.entries(FLAGS)
    .filter(([input]) => state === undefined || !equal(state[input], wanted[input]))
    .map(([input, word]) => (wanted[input] === true ? word : `NO${word}`));
}

async function grantRoles(tx: Transaction, name: string, wanted: Values): Promise<void> {
  for (const granted of texts(wanted.roles)) {
    await tx.run(`could not grant role ${granted} to ${name}`, `GRANT ${id(granted)} TO ${id(name)}`);
  }
}

async function revokeRoles(tx: Transaction, name: string): Promise<void> {
  const rows = await tx.rows<{ granted: string }>(
    "SELECT pg_get_userbyid(roleid) AS granted FROM pg_auth_members JOIN pg_roles ON member = pg_roles.oid WHERE rolname = $1",
    [name],
  );
  for (const { granted } of rows) {
    await tx.run(`could not revoke role ${granted} from ${name}`, `REVOKE ${id(granted)} FROM ${id(name)}`);
  }
}

async function applySettings(tx: Transaction, name: string, state: Values, wanted: Values): Promise<void> {
  const paths = texts(wanted.searchPaths);
  const odd = paths.find((path) => path.includes(", "));
  if (odd !== undefined) throw new Error(`search_path cannot contain \`, \`: ${odd}`);
  const path = paths.length > 0 ? paths.map((part) => id(part)).join(", ") : "DEFAULT";
  await tx.run(`could not set search_path for ${name}`, `ALTER ROLE ${id(name)} SET search_path TO ${path}`);
  for (const [input, setting] of Object.entries(SETTINGS)) {
    if (equal(state[input], wanted[input])) continue;
    const value = wanted[input];
    const statement = value ? `SET ${setting} TO ${escapeLiteral(String(value))}` : `RESET ${setting}`;
    await tx.run(`could not set ${setting} for ${name}`, `ALTER ROLE ${id(name)} ${statement}`);
  }
}
