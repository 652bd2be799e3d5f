import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import { print } from "../../sql/print";
import { startPooler } from "../support/pooler";
import { ours, proofs } from "./core";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  type Options,
  put,
  ROLES,
  startDatabases,
} from "./support";

// Who installs: behind a pooler, as another role, with settings of their own.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world?.stop());

const CHECK = "src_vn_json_check";

/** Every setting of a session that a session may set. */
const session = async (client: Client): Promise<Record<string, string>> =>
  (
    await client.query(
      "SELECT json_object_agg(name, setting) AS all FROM pg_settings WHERE context IN ('user', 'superuser') AND name !~ '^plpgsql|^application_name$'",
    )
  ).rows[0].all;

test.each(["session", "transaction"] as const)(
  "A9: an administrator behind pgbouncer (%s) installs by the engine's SQL and by psql, and nobody else's session is changed",
  async (mode) => {
    const db = await world.database(null);
    const { superuser: user, password } = world.cluster;
    const login = { user: ROLES.login, password: "only-for-tests" };
    const pooler = await startPooler(world.cluster, mode, [{ user, password }, login]);
    try {
      await db.admin.query(`ALTER DATABASE "${db.name}" SET datestyle = 'German';
        ALTER DATABASE "${db.name}" SET statement_timeout = '2s'; ALTER DATABASE "${db.name}" SET search_path = ''`);
      const others = [
        await pooler.connect(db.name, { user, password }),
        await pooler.connect(db.name, { user, password }),
      ];
      const before = await Promise.all(others.map(session));
      const admin = await pooler.connect(db.name, { user, password });
      await install(admin, installation());
      const asked = setInterval(() => others[0]?.query("SELECT 1"), 5);
      execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
        input: print("install", installation()),
        env: { ...process.env, ...world.cluster.env(db.name), PGPORT: String(pooler.port) },
        stdio: ["pipe", "ignore", "pipe"],
      });
      clearInterval(asked);
      const sync = await pooler.connect(db.name, login);
      await fill(sync, CHECK, 1, 30, 1700000000);
      await others[1]?.query(`CALL ${CHECK}.fct_fix_sync(FALSE)`);
      await sync.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 3");
      await put(sync, CHECK, { id: 4, ts: 1700000009 });
      await sync.query(`CALL src_vn_json_repair.repair('journal', NULL, false, NULL, NULL)`);
      expect(Object.keys(await mainRows(db))).toHaveLength(30);
      expect(await Promise.all(others.map(session))).toEqual(before);
      await remove(admin, installation(), { data: true });
      expect(await Promise.all(others.map(session))).toEqual(before);
      await Promise.all([...others, admin, sync].map((client) => client.end()));
    } finally {
      await pooler.stop();
    }
  },
);

describe("an administrator with CREATEROLE alone", () => {
  /** What a stack does with such a login: its roles, the SQL twice, repairs, and all of it away again. */
  async function wholeLife(db: Db, admin: Client, prefix: string): Promise<void> {
    const roles = { owner: `${prefix}_o`, repair: `${prefix}_r`, login: `${prefix}_l` };
    const options: Options = { roles };
    await admin.query(
      `CREATE ROLE ${roles.repair} NOLOGIN; CREATE ROLE ${roles.login} LOGIN PASSWORD 'only-for-tests'`,
    );
    for (const _time of [1, 2]) expect((await install(admin, installation(options))).handover).toEqual([]);
    const login = await db.connect(roles.login);
    await fill(login, CHECK, 1, 9, 1700000000);
    expect(await db.repair("journal", { client: login })).toMatchObject({ status: "done", inserted: 9 });
    await put(login, CHECK, { id: 4, ts: 1700000009 });
    expect(await db.repair("contents", { client: login })).toMatchObject({ status: "done", updated: 1 });
    await login.end();
    for (const _time of [1, 2]) await remove(admin, installation(options), { data: true });
    await admin.query(`DROP ROLE ${roles.repair}; DROP ROLE ${roles.login}`);
    expect(await db.rows("SELECT rolname FROM pg_roles WHERE rolname ~ $1", [`^${prefix}_[orl]$`])).toEqual(
      [],
    );
  }

  test("A9: whose sessions become another role (ALTER ROLE … SET role) installs as that role", async () => {
    const db = await world.database(null);
    await db.admin.query(`
      CREATE ROLE people_dba NOLOGIN CREATEROLE; CREATE ROLE person LOGIN PASSWORD 'only-for-tests' IN ROLE people_dba;
      GRANT CREATE ON DATABASE "${db.name}" TO people_dba; GRANT vn_main TO people_dba;
      ALTER ROLE person SET role = people_dba`);
    const person = await db.connect("person");
    expect((await person.query("SELECT current_user AS me")).rows).toEqual([{ me: "people_dba" }]);
    await wholeLife(db, person, "as");
  });

  test("A9: in a database whose default_tablespace its roles may not use", async () => {
    const db = await world.database(null);
    const dir = mkdtempSync(join(tmpdir(), "vn-space-"));
    if (process.getuid?.() === 0) execFileSync("chown", ["postgres:postgres", dir]);
    await db.admin.query(`CREATE TABLESPACE kept LOCATION '${dir}'`);
    await db.admin.query(`
      CREATE ROLE spaced LOGIN PASSWORD 'only-for-tests' CREATEROLE;
      GRANT CREATE ON DATABASE "${db.name}" TO spaced; GRANT vn_main TO spaced;
      ALTER DATABASE "${db.name}" SET default_tablespace = kept; ALTER DATABASE "${db.name}" SET temp_tablespaces = kept`);
    try {
      await wholeLife(db, await db.connect("spaced"), "ts");
    } finally {
      await db.close();
      const su = await world.cluster.connect("postgres");
      await su.query("DROP TABLESPACE kept");
      await su.end();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

test("A9: what somebody sets for the synchronisation's login in this database changes nothing for it", async () => {
  const db = await world.database({});
  const settings = {
    datestyle: "German, DMY",
    statement_timeout: "200ms",
    default_transaction_read_only: "on",
    exit_on_error: "on",
    search_path: "",
  };
  for (const [name, value] of Object.entries(settings))
    await db.admin.query(`ALTER ROLE ${ROLES.login} IN DATABASE "${db.name}" SET ${name} = '${value}'`);
  const runner = await ours(world, db, ROLES.login);
  await fill(runner, CHECK, 1, 9, 1700000000);
  expect(await db.repair("journal", { client: runner })).toMatchObject({ status: "done", inserted: 9 });
  expect(await proofs(runner)).toEqual(["unproven", "proven"]);
  await runner.end();
  await install(db.admin, installation());
  const login = await db.connect(ROLES.login);
  const { rows } = await login.query(
    "SELECT current_user AS me, current_setting('datestyle') AS style, current_setting('statement_timeout') AS lasts, current_setting('exit_on_error') AS ends",
  );
  expect(rows).toEqual([{ me: ROLES.login, style: "ISO, MDY", lasts: "0", ends: "off" }]);
});
