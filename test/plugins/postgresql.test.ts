import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/postgres";
import { type RunningPlugin, secret, startPlugin } from "./support/engine";
import { UNKNOWN, type Values } from "./support/values";

const ROLE = "postgresql:index/role:Role";
const SCHEMA = "postgresql:index/schema:Schema";
const GRANT = "postgresql:index/grant:Grant";
const GRANT_ROLE = "postgresql:index/grantRole:GrantRole";
const EXTENSION = "postgresql:index/extension:Extension";
const DEFAULTS = "postgresql:index/defaultPrivileges:DefaultPrivileges";

let cluster: Cluster;
let database: string;
let db: Client;
let plugin: RunningPlugin;

beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  database = await cluster.createDatabase();
  db = await cluster.connect(database);
  plugin = await startPlugin("postgresql");
  // As the Node SDK sends it: everything that is no text as JSON, the password a secret.
  await plugin.configure({
    host: cluster.host,
    port: JSON.stringify(cluster.port),
    database,
    username: cluster.superuser,
    password: secret(cluster.password),
    sslmode: "disable",
    superuser: "true",
  });
}, 120_000);
afterAll(async () => {
  await plugin?.stop();
  await db?.end();
  await cluster?.stop();
});

async function one<T>(query: string, parameters: unknown[] = []): Promise<T | undefined> {
  return (await db.query(query, parameters)).rows[0] as T | undefined;
}

/** What PostgreSQL stores of a password, computed by the client, so that no log can show the password. */
function verifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
}

test("a preview connects to nothing", async () => {
  const offline = await startPlugin("postgresql");
  try {
    await offline.configure({ host: "127.0.0.1", port: "1", username: "nobody" });
    const { inputs } = await offline.check(ROLE, { name: "r", login: true });
    const { outs } = await offline.create(ROLE, inputs, true);
    expect(outs).toMatchObject({ name: "r", login: true, inherit: true });
    expect((await offline.create(SCHEMA, { name: "s" }, true)).outs).toMatchObject({ owner: UNKNOWN });
    expect(await offline.diff(ROLE, outs, inputs, { ...inputs, login: false })).toMatchObject({
      diffs: ["login"],
    });
    await expect(offline.create(ROLE, inputs)).rejects.toThrow(
      /^error connecting to PostgreSQL server 127.0.0.1 \(port 1\)/,
    );
  } finally {
    await offline.stop();
  }
});

test("a name that is not given is made from the resource's, and kept", async () => {
  const { inputs } = await plugin.check(ROLE, {});
  expect(inputs.name).toMatch(/^thing-[0-9a-f]{7}$/);
  expect((await plugin.check(ROLE, {}, inputs)).inputs).toEqual(inputs);
});

test("a role's password can be a verifier, and the login then works with the password", async () => {
  const inputs: Values = { name: "scrammed", login: true, password: secret(verifier("pass word")) };
  const { id, outs } = await plugin.create(ROLE, inputs);
  expect(id).toBe("scrammed");
  const client = await cluster.connect(database, { user: "scrammed", password: "pass word" });
  await client.end();
  const plain = { ...inputs, password: outs.password ?? null };
  expect(await plugin.diff(ROLE, outs, plain, plain)).toMatchObject({ changes: false });

  const next = { ...plain, password: verifier("other"), connectionLimit: 3 };
  expect(await plugin.diff(ROLE, outs, plain, next)).toMatchObject({
    diffs: ["password", "connectionLimit"],
    replaces: [],
  });
  const updated = await plugin.update(ROLE, id, outs, next);
  expect(updated.connectionLimit).toBe(3);
  await (await cluster.connect(database, { user: "scrammed", password: "other" })).end();

  // Reading finds what someone else changed.
  await db.query("ALTER ROLE scrammed NOLOGIN; ALTER ROLE scrammed SET search_path TO a, b");
  expect(await plugin.read(ROLE, id, updated)).toMatchObject({ login: false, searchPaths: ["a", "b"] });
  await expect(plugin.create(ROLE, inputs)).rejects.toThrow(
    /error creating role scrammed: role "scrammed" already exists/,
  );
  await plugin.remove(ROLE, id, updated);
  expect(await plugin.read(ROLE, id, updated)).toBeUndefined();
});

test("a dropped role's objects go to the provider's login, its rights go", async () => {
  const { outs } = await plugin.create(ROLE, { name: "owner_role" });
  await db.query("CREATE SCHEMA kept AUTHORIZATION owner_role; CREATE TABLE kept.rows (id int)");
  await db.query("ALTER TABLE kept.rows OWNER TO owner_role; GRANT CREATE ON SCHEMA public TO owner_role");
  await plugin.remove(ROLE, "owner_role", outs);
  expect(await one("SELECT tableowner AS owner FROM pg_tables WHERE schemaname = 'kept'")).toEqual({
    owner: cluster.superuser,
  });
  // What it owns in another database stands in the way.
  await plugin.create(ROLE, { name: "owner_role" });
  const other = await cluster.createDatabase();
  const there = await cluster.connect(other);
  await there.query("CREATE SCHEMA elsewhere AUTHORIZATION owner_role");
  await expect(plugin.remove(ROLE, "owner_role", outs)).rejects.toThrow(
    /could not delete role owner_role: role "owner_role" cannot be dropped/,
  );
  await there.query("DROP SCHEMA elsewhere");
  await there.end();
  await plugin.remove(ROLE, "owner_role", outs);
});

test("a login that is no superuser needs superuser: false for a role with a password", async () => {
  await db.query("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'm'");
  await db.query(`GRANT CREATE ON DATABASE ${database} TO manager`);
  const config: Values = {
    ...{ host: cluster.host, port: String(cluster.port), database, username: "manager", password: "m" },
    sslmode: "disable",
  };
  const limited = await startPlugin("postgresql");
  try {
    await limited.configure(config);
    const inputs = { name: "made_by_manager", login: true, password: "x" };
    await expect(limited.create(ROLE, inputs)).rejects.toThrow(/connected user manager is not a SUPERUSER/);
    await plugin.remove(ROLE, "made_by_manager", inputs);
    await limited.configure({ ...config, superuser: "false" });
    const { outs } = await limited.create(ROLE, inputs);
    const schema = await limited.create(SCHEMA, { name: "of_managed", owner: "made_by_manager" });
    expect(schema.outs.owner).toBe("made_by_manager");
    await limited.remove(SCHEMA, schema.id, schema.outs);
    await limited.remove(ROLE, "made_by_manager", outs);
  } finally {
    await limited.stop();
  }
});

test("a schema that exists is adopted and given its owner; one with tables is not dropped", async () => {
  await db.query("CREATE ROLE keeper; CREATE SCHEMA adopted; CREATE TABLE adopted.rows (id int)");
  const inputs: Values = { name: "adopted", owner: "keeper" };
  const { id, outs } = await plugin.create(SCHEMA, inputs);
  expect(id).toBe(`${database}.adopted`);
  expect(outs).toMatchObject({ owner: "keeper", database });
  expect(await plugin.diff(SCHEMA, outs, inputs, inputs)).toMatchObject({ changes: false });
  expect(await plugin.diff(SCHEMA, outs, inputs, { ...inputs, database: "other" })).toMatchObject({
    replaces: ["database"],
    deleteBeforeReplace: true,
  });
  await expect(plugin.remove(SCHEMA, id, outs)).rejects.toThrow(
    /error deleting schema: cannot drop schema adopted/,
  );
  await plugin.remove(SCHEMA, id, { ...outs, dropCascade: true });
  expect(await plugin.read(SCHEMA, id, outs)).toBeUndefined();
});

test("a grant gives just its privileges, on new tables too when applied again, and is revoked", async () => {
  await db.query(
    "CREATE ROLE reader; CREATE SCHEMA data; CREATE TABLE data.a (id int); CREATE SEQUENCE data.s",
  );
  const inputs: Values = {
    database,
    role: "reader",
    schema: "data",
    objectType: "table",
    privileges: ["SELECT", "INSERT"],
  };
  const { id, outs } = await plugin.create(GRANT, inputs);
  expect(id).toBe(`reader_${database}_data_table`);
  const can = (what: string): Promise<{ can: boolean } | undefined> =>
    one("SELECT has_table_privilege('reader', 'data.a', $1) AS can", [what]);
  expect([await can("SELECT"), await can("DELETE")]).toEqual([{ can: true }, { can: false }]);
  // Order does not count; fewer privileges are an update, another role a new grant.
  expect(
    await plugin.diff(GRANT, outs, inputs, { ...inputs, privileges: ["INSERT", "SELECT"] }),
  ).toMatchObject({
    changes: false,
  });
  const fewer = { ...inputs, privileges: ["SELECT"] };
  expect(await plugin.diff(GRANT, outs, inputs, fewer)).toMatchObject({
    diffs: ["privileges"],
    replaces: [],
  });
  expect(await plugin.diff(GRANT, outs, inputs, { ...inputs, role: "x" })).toMatchObject({
    replaces: ["role"],
    deleteBeforeReplace: false,
  });
  const updated = await plugin.update(GRANT, id, outs, fewer);
  expect(await can("INSERT")).toEqual({ can: false });

  await db.query("CREATE TABLE data.later (id int)");
  expect(await plugin.read(GRANT, id, updated)).toMatchObject({ privileges: [] });
  await plugin.remove(GRANT, id, updated);
  expect(await can("SELECT")).toEqual({ can: false });

  await expect(plugin.create(GRANT, { ...inputs, privileges: ["EXECUTE"] })).rejects.toThrow(
    "EXECUTE is not an allowed privilege for object type table",
  );
  for (const [objectType, privileges, more] of [
    ["database", ["CONNECT"], {}],
    ["schema", ["USAGE"], { schema: "data" }],
    ["sequence", ["ALL"], { schema: "data", objects: ["s"] }],
    ["column", ["UPDATE"], { schema: "data", objects: ["a"], columns: ["id"] }],
    ["routine", ["EXECUTE"], { schema: "data" }],
  ] as const) {
    const asked = {
      database,
      role: "reader",
      objectType,
      privileges: [...privileges],
      ...structuredClone(more),
    } as Values;
    const made = await plugin.create(GRANT, asked);
    expect(await plugin.diff(GRANT, made.outs, asked, asked), objectType).toMatchObject({ changes: false });
    await plugin.remove(GRANT, made.id, made.outs);
  }
});

test("membership, default privileges and an extension are made and taken back", async () => {
  await db.query("CREATE ROLE member; CREATE ROLE team; CREATE ROLE maker; CREATE SCHEMA made");
  const membership = await plugin.create(GRANT_ROLE, { role: "member", grantRole: "team" });
  expect(await one("SELECT pg_has_role('member', 'team', 'member') AS is")).toEqual({ is: true });
  await plugin.remove(GRANT_ROLE, membership.id, membership.outs);
  expect(await plugin.read(GRANT_ROLE, membership.id, membership.outs)).toBeUndefined();

  const inputs: Values = {
    ...{ database, role: "member", owner: "maker", schema: "made" },
    ...{ objectType: "table", privileges: ["SELECT"] },
  };
  const defaults = await plugin.create(DEFAULTS, inputs);
  expect(await plugin.diff(DEFAULTS, defaults.outs, inputs, inputs)).toMatchObject({ changes: false });
  await db.query(
    "GRANT CREATE ON SCHEMA made TO maker; SET ROLE maker; CREATE TABLE made.t (id int); RESET ROLE",
  );
  expect(await one("SELECT has_table_privilege('member', 'made.t', 'SELECT') AS can")).toEqual({ can: true });
  await plugin.remove(DEFAULTS, defaults.id, defaults.outs);
  expect(await one("SELECT count(*)::int AS n FROM pg_default_acl")).toEqual({ n: 0 });

  const extension = await plugin.create(EXTENSION, { name: "btree_gist", schema: "made" });
  expect(extension.outs).toMatchObject({ schema: "made", database });
  await plugin.remove(EXTENSION, extension.id, extension.outs);
  expect(await plugin.read(EXTENSION, extension.id, extension.outs)).toBeUndefined();
});
