import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import {
  type Databases,
  type Db,
  installation,
  mainRows,
  type Options,
  ORIGINAL,
  put,
  startDatabases,
} from "./support";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CHECK_AS_CLIENT = `CREATE SCHEMA src_vn_json_check;
  CREATE TABLE src_vn_json_check.observations_json (LIKE src_vn_json.observations_json INCLUDING ALL);
  CREATE TABLE src_vn_json_check.forms_json (LIKE src_vn_json.forms_json INCLUDING ALL)`;

/** `npm run -s sql | psql -v ON_ERROR_STOP=1 -f -`; its output. */
function byHand(db: Db): string {
  const root = resolve(__dirname, "../..");
  const sql = execFileSync("npm", ["run", "-s", "sql"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return execFileSync("psql", ["-X", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
    input: sql,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...world.cluster.env(db.name) },
  });
}
const routines = (db: Db) =>
  db.rows<{ p: string }>(
    "SELECT p.oid::regprocedure::text AS p FROM pg_proc AS p WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')) ORDER BY 1",
  );
const tables = (db: Db) =>
  db.rows<{ t: string; owner: string }>(
    "SELECT n.nspname || '.' || relname AS t, pg_get_userbyid(relowner) AS owner FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE n.nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin') AND relkind IN ('r', 'm') ORDER BY 1",
  );

describe("by hand, with psql", () => {
  test("over the original's objects, twice: history kept, users' views stand, covering indexes there", async () => {
    const db = await world.database(null);
    await db.admin.query(`${CHECK_AS_CLIENT}; ${ORIGINAL}`);
    await db.admin.query(`
      INSERT INTO dbadmin.monitoring_vn_check_to_prod (action, count) VALUES ('insert', 17);
      CREATE ROLE reader NOLOGIN;
      CREATE VIEW public.mine AS SELECT checkdata_id, data_prod_status, data_not_up_to_date FROM src_vn_json_check.mv_data_missing_or_not_updated;
      CREATE MATERIALIZED VIEW public.map AS SELECT q.id, q.geom, m.checkdata_id FROM src_vn_json_check.qgis_data AS q JOIN public.mine AS m ON m.checkdata_id = q.id;
      CREATE UNIQUE INDEX map_key ON public.map (id);
      COMMENT ON VIEW public.mine IS 'ours';
      GRANT SELECT ON public.mine TO reader`);
    byHand(db);
    expect(byHand(db)).not.toMatch(/NOTICE|WARNING|ERROR/);
    await put(db.admin, "src_vn_json_check", { id: 1, ts: 5 });
    await db.admin.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
    expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
    expect(
      await db.rows("SELECT action, count FROM dbadmin.monitoring_vn_check_to_prod ORDER BY id"),
    ).toEqual([
      { action: "insert", count: 17 },
      { action: "insert", count: 1 },
      { action: "update", count: 0 },
    ]);
    expect(await db.rows("SELECT * FROM public.mine")).toEqual([]);
    expect(
      await db.rows(
        "SELECT obj_description('public.mine'::regclass) AS c, has_table_privilege('reader', 'public.mine', 'SELECT') AS r, to_regclass('public.map_key') IS NOT NULL AS i",
      ),
    ).toEqual([{ c: "ours", r: true, i: true }]);
    expect(await db.rows("SELECT kind, name FROM src_vn_json_repair.replaced_object ORDER BY 1, 2")).toEqual([
      { kind: "function", name: "dbadmin.email_notify(text,character varying,character varying)" },
      { kind: "materialized view", name: "src_vn_json_check.mv_data_missing_or_not_updated" },
      { kind: "materialized view", name: "src_vn_json_check.qgis_data" },
      { kind: "procedure", name: "src_vn_json_check.fct_fix_sync(boolean)" },
    ]);
    const covering = await db.rows<{ r: string }>(
      "SELECT relation::text AS r FROM src_vn_json_repair.covering_indexes() ORDER BY 1",
    );
    expect(covering).toHaveLength(2);
  });

  test("needs no role, no PostGIS, and of tables only observations_json", async () => {
    await world.cluster.createDatabase("bare", "template0");
    const admin = await world.cluster.connect("bare");
    const observations =
      "observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site))";
    await admin.query(
      `CREATE SCHEMA src_vn_json; CREATE SCHEMA src_vn_json_check; CREATE TABLE src_vn_json.${observations}; CREATE TABLE src_vn_json_check.${observations}`,
    );
    await install(admin, installation({ roles: null }), { parts: ["repair"] });
    await install(admin, installation({ roles: null }), { parts: ["repair"] });
    await put(admin, "src_vn_json_check", { id: 1, ts: 5 });
    await admin.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
    expect(
      (
        await admin.query(
          "SELECT count(*)::integer AS n, to_regclass('src_vn_json_check.qgis_data') AS q FROM src_vn_json.observations_json",
        )
      ).rows,
    ).toEqual([{ n: 1, q: null }]);
    await admin.end();
  });

  test("a missing table is named", async () => {
    const db = await world.database(null);
    await expect(install(db.admin, installation({ roles: null }), { parts: ["repair"] })).rejects.toThrow(
      "there is no table src_vn_json_check.observations_json",
    );
    expect(await routines(db)).toEqual([]);
  });

  test("an own mail function of the user's is never replaced, nor dropped", async () => {
    const db = await world.database(null);
    await db.admin.query(`${CHECK_AS_CLIENT}; CREATE SCHEMA dbadmin; CREATE TABLE dbadmin.sent (r text);
      CREATE FUNCTION dbadmin.email_notify(message text, subject varchar, recipient varchar) RETURNS void LANGUAGE sql AS 'INSERT INTO dbadmin.sent VALUES ($3)'`);
    await install(db.admin, installation({ roles: null }), { parts: ["repair"] });
    await db.admin.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')");
    expect(await db.rows("SELECT r FROM dbadmin.sent")).toEqual([{ r: "me@example.org" }]);
    await remove(db.admin, installation({ roles: null }), { data: false });
    expect(
      await db.rows(
        "SELECT to_regprocedure('dbadmin.email_notify(text,varchar,varchar)') IS NOT NULL AS there",
      ),
    ).toEqual([{ there: true }]);
  });

  test("an INVALID covering index left by an interrupted build is dropped and built anew", async () => {
    const db = await world.database({});
    await db.admin.query(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'src_vn_json.vn_repair_cover'::regclass",
    );
    const { made } = await install(db.admin, installation());
    expect(made[0]).toContain("DROP INDEX CONCURRENTLY");
    expect(
      await db.rows(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'src_vn_json.vn_repair_cover'::regclass",
      ),
    ).toEqual([{ indisvalid: true }]);
    expect((await install(db.admin, installation())).made).toEqual([]);
  });
});

describe("upgrade in place", () => {
  test("a user's view that cannot stand on the new definition stops it, by name, and nothing changes", async () => {
    const db = await world.database(null);
    await db.admin.query(`${CHECK_AS_CLIENT}; ${ORIGINAL};
      DROP MATERIALIZED VIEW src_vn_json_check.qgis_data, src_vn_json_check.mv_data_missing_or_not_updated;
      CREATE MATERIALIZED VIEW src_vn_json_check.mv_data_missing_or_not_updated AS SELECT 1 AS checkdata_id, 'x'::text AS theirs;
      CREATE VIEW public.needs_theirs AS SELECT theirs FROM src_vn_json_check.mv_data_missing_or_not_updated`);
    await expect(install(db.admin, installation({ roles: null }), { parts: ["repair"] })).rejects.toThrow(
      "the view public.needs_theirs stands on one of ours",
    );
    expect(await db.rows("SELECT theirs FROM public.needs_theirs")).toEqual([{ theirs: "x" }]);
    expect((await routines(db)).some((r) => r.p.includes("src_vn_json_repair"))).toBe(false);
  });

  test("an older version of our own objects gives way, with its history, and views on ours stay up", async () => {
    const db = await world.database({});
    await put(db.login, "src_vn_json_check", { id: 1, ts: 5 });
    await db.repair();
    await db.admin.query(`
      CREATE VIEW public.mine AS SELECT id, geom FROM src_vn_json_check.qgis_data;
      DROP FUNCTION src_vn_json_repair.next_work();
      CREATE FUNCTION src_vn_json_repair.next_work(older integer) RETURNS text LANGUAGE sql AS 'SELECT 1::text';
      CREATE FUNCTION src_vn_json_repair.step_of_old() RETURNS integer LANGUAGE sql AS 'SELECT 1';
      COMMENT ON MATERIALIZED VIEW src_vn_json_check.qgis_data IS 'vn-sync-check: an older one (0)'`);
    await install(db.admin, installation());
    expect((await routines(db)).filter((r) => /\bolder\b|_old/.test(r.p))).toEqual([]);
    await put(db.login, "src_vn_json_check", { id: 2, ts: 5 });
    expect(await db.repair()).toMatchObject({ run: 2, inserted: 1 });
    expect(await db.rows("SELECT * FROM public.mine")).toEqual([]);
    expect(await db.rows("SELECT count(*)::integer AS n FROM src_vn_json_repair.change")).toEqual([{ n: 2 }]);
  });

  test("an older version of the kit than the one that installed refuses, and changes nothing", async () => {
    const db = await world.database();
    await db.admin.query("UPDATE src_vn_json_repair.settings SET installed_version = '99.1.0'");
    await expect(install(db.admin, installation())).rejects.toThrow(/version 99\.1\.0 .*installed/);
    expect(await db.rows("SELECT installed_version FROM src_vn_json_repair.settings")).toEqual([
      { installed_version: "99.1.0" },
    ]);
  });

  test("what was journaled and what is open survives", async () => {
    const db = await world.database({});
    await db.repair();
    await put(db.login, "src_vn_json_check", { id: 2, ts: 5 });
    await install(db.admin, installation({ batchSize: 10 }));
    expect(await db.repair()).toMatchObject({ inserted: 1 });
    const [run] = await db.rows<{ whole: boolean }>(
      "SELECT whole FROM src_vn_json_repair.run ORDER BY id DESC",
    );
    expect(run?.whole).toBe(false);
  });
});

describe.each(["a superuser", "CREATEROLE and owner of main"])(
  "roles of the stack, admin login: %s",
  (kind) => {
    const suffix = kind === "a superuser" ? "su" : "cr";
    const roles = { owner: `o_${suffix}`, repair: `r_${suffix}`, login: `l_${suffix}` };
    const options: Options = { roles };

    test("install, repair, destroy with data kept, install again, destroy with data", async () => {
      const db = await world.database(null);
      await db.admin.query(`CREATE ROLE adm_${suffix} LOGIN PASSWORD 'only-for-tests' ${suffix === "su" ? "SUPERUSER" : "CREATEROLE"};
      GRANT CREATE ON DATABASE "${db.name}" TO adm_${suffix}; GRANT vn_main TO adm_${suffix}`);
      const admin = await db.connect(`adm_${suffix}`);
      const makeRoles = () =>
        admin.query(
          `CREATE ROLE ${roles.repair} NOLOGIN; CREATE ROLE ${roles.login} LOGIN PASSWORD 'only-for-tests'`,
        );
      await makeRoles();
      expect((await install(admin, installation(options))).handover).toEqual([]);
      await install(admin, installation(options));
      const login = await db.connect(roles.login);
      await put(login, "src_vn_json_check", { id: 1, ts: 5 });
      expect(await db.repair("whole", { client: login })).toMatchObject({ inserted: 1 });
      const views = ["src_vn_json_check.mv_data_missing_or_not_updated", "src_vn_json_check.qgis_data"];
      for (const { t, owner } of await tables(db))
        expect([t, owner]).toEqual([t, views.includes(t) ? roles.repair : roles.owner]);
      expect(
        await db.rows(
          `SELECT DISTINCT pg_get_userbyid(proowner) AS o FROM pg_proc WHERE pronamespace IN ('src_vn_json_check'::regnamespace, 'src_vn_json_repair'::regnamespace)
             AND proname NOT IN ('try_as_main_owner', 'written_elsewhere', 'keep_watch')`, // main's owner's own
        ),
      ).toEqual([{ o: roles.repair }]);
      // No membership that the installation gave itself is left.
      expect(
        await db.rows(
          `SELECT FROM pg_auth_members WHERE roleid::regrole::text = ANY ($1) AND grantor::regrole::text = 'adm_${suffix}'`,
          [[roles.owner, roles.repair]],
        ),
      ).toEqual([]);
      await login.end();

      await remove(admin, installation(options), { data: false });
      await remove(admin, installation(options), { data: false });
      expect(await routines(db)).toEqual([]);
      expect((await tables(db)).map((x) => x.t)).toEqual(
        expect.arrayContaining([
          "src_vn_json_check.observations_json",
          "src_vn_json_repair.job",
          "dbadmin.monitoring_vn_check_to_prod",
        ]),
      );
      await admin.query(`DROP ROLE ${roles.repair}; DROP ROLE ${roles.login}`);
      expect(await db.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).toEqual([]);

      await makeRoles();
      await install(admin, installation(options));
      const again = await db.connect(roles.login);
      expect((await again.query("SELECT id FROM src_vn_json_check.observations_json")).rows).toEqual([
        { id: 1 },
      ]);
      await put(again, "src_vn_json_check", { id: 2, ts: 5 });
      expect(await db.repair("journal", { client: again })).toMatchObject({ inserted: 1, run: 2 });
      await again.end();

      await remove(admin, installation(options), { data: true });
      await remove(admin, installation(options), { data: true });
      expect(await tables(db)).toEqual([]);
      expect(
        await db.rows(
          "SELECT nspname FROM pg_namespace WHERE nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')",
        ),
      ).toEqual([]);
      expect(await db.rows("SELECT rolname FROM pg_roles WHERE rolname = $1", [roles.owner])).toEqual([]);
      expect(await mainRows(db)).toEqual({ "1/vn38": 5, "2/vn38": 5 });
      await admin.query(`DROP ROLE ${roles.repair}; DROP ROLE ${roles.login}`);
    });
  },
);

test("without main's owner: it works with what it has, and hands the rest over as SQL that then works", async () => {
  const db = await world.database(null);
  await db.admin.query(
    `CREATE ROLE adm_no LOGIN PASSWORD 'only-for-tests' CREATEROLE; GRANT CREATE ON DATABASE "${db.name}" TO adm_no`,
  );
  const admin = await db.connect("adm_no");
  const roles = { owner: "o_no", repair: "r_no", login: "l_no" };
  await admin.query(`CREATE ROLE r_no NOLOGIN; CREATE ROLE l_no LOGIN PASSWORD 'only-for-tests'`);
  await db.main.query("GRANT USAGE ON SCHEMA src_vn_json TO adm_no");
  const { handover, made } = await install(admin, installation({ roles }));
  expect(made.join()).not.toContain("src_vn_json.");
  expect(handover.join("\n")).toMatch(
    /GRANT USAGE ON SCHEMA.*GRANT SELECT, INSERT, UPDATE.*CREATE INDEX CONCURRENTLY.*CREATE OR REPLACE TRIGGER/s,
  );
  const login = await db.connect("l_no");
  await put(login, "src_vn_json_check", { id: 1, ts: 5 });
  await expect(db.repair("journal", { client: login })).rejects.toThrow(/rights in main are lacking/);
  await db.admin.query("GRANT vn_main TO adm_no");
  for (const statement of handover.filter((s) => !/^GRANT USAGE ON SCHEMA "src_vn_json_repair"/.test(s)))
    await db.main.query(statement).catch(async (e: Error) => {
      // The trigger's function lies in our schema: what lets main's owner see it comes first, from the admin.
      expect(e.message).toContain("src_vn_json_repair");
      for (const g of handover.filter((s) => /TO vn_main/.test(s))) await db.admin.query(g);
      await db.main.query(statement);
    });
  expect(await db.repair("journal", { client: login })).toMatchObject({ inserted: 1 });
  expect((await install(admin, installation({ roles }))).handover).toEqual([]);
});

test("two instances share dbadmin; the last to leave takes its functions", async () => {
  const db = await world.database({});
  const second: Options = { roles: { owner: "o_two", repair: "r_two", login: "l_two" }, instance: "two" };
  await db.admin.query("CREATE ROLE r_two NOLOGIN; CREATE ROLE l_two LOGIN PASSWORD 'only-for-tests'");
  await install(db.admin, installation(second));
  const login = await db.connect("l_two");
  await put(db.login, "src_vn_json_check", { id: 1, ts: 5 });
  await login.query("INSERT INTO src_vn_json_check_two.observations_json VALUES (2, 'vn38', '{}', 5)");
  await login.query("CALL src_vn_json_check_two.fct_fix_sync('x@example.org')");
  await db.repair();
  expect(
    await db.rows(
      "SELECT instance, count FROM dbadmin.monitoring_vn_check_to_prod WHERE action = 'insert' ORDER BY id",
    ),
  ).toEqual([
    { instance: "two", count: 1 },
    { instance: "default", count: 1 },
  ]);
  await remove(db.admin, installation(), { data: true });
  await login.query("SELECT dbadmin.email_notify('m', 's', 'r@example.org')");
  expect(await db.rows("SELECT instance FROM dbadmin.monitoring_vn_check_to_prod GROUP BY 1")).toEqual([
    { instance: "two" },
  ]);
  await login.query("CALL src_vn_json_check_two.fct_fix_sync(FALSE)");
  await remove(db.admin, installation(second), { data: true });
  expect(await db.rows("SELECT nspname FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toEqual(
    [],
  );
});

test("adopted tables, made by another role, are used and never removed", async () => {
  const db = await world.database(null);
  await db.main.query("SELECT 1");
  await db.admin.query(`CREATE ROLE before_us LOGIN; CREATE SCHEMA src_vn_json_check AUTHORIZATION before_us; SET ROLE before_us;
    CREATE TABLE src_vn_json_check.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site)); RESET ROLE`);
  await put(db.admin, "src_vn_json_check", { id: 1, ts: 5 });
  await install(db.admin, installation());
  expect(await db.repair()).toMatchObject({ inserted: 1 });
  await remove(db.admin, installation(), { data: true });
  expect(await tables(db)).toEqual([{ t: "src_vn_json_check.observations_json", owner: "before_us" }]);
  await db.admin.query("DROP OWNED BY before_us; DROP ROLE before_us");
});

test("uninstalling stops at views of users on ours, names them, and puts back what the installation replaced", async () => {
  const db = await world.database(null);
  await db.admin.query(`${CHECK_AS_CLIENT}; ${ORIGINAL}`);
  await install(db.admin, installation({ roles: null }), { parts: ["repair"] });
  await db.admin.query("CREATE VIEW public.mine AS SELECT id FROM src_vn_json_check.qgis_data");
  await expect(remove(db.admin, installation({ roles: null }), { data: false })).rejects.toThrow(
    "not ours to drop: public.mine",
  );
  await db.admin.query("DROP VIEW public.mine");
  await remove(db.admin, installation({ roles: null }), { data: false });
  expect((await routines(db)).map((r) => r.p)).toEqual([
    "dbadmin.email_notify(text,character varying,character varying)",
    "src_vn_json_check.fct_fix_sync(boolean)",
  ]);
  await db.admin.query("REFRESH MATERIALIZED VIEW src_vn_json_check.mv_data_missing_or_not_updated");
});

test("names of schemas with blanks, dots and capitals; hostile ones are refused, all errors at once", async () => {
  const db = await world.database(null);
  const odd: Options = {
    roles: null,
    schemas: { check: "Vn check-2.é", repair: "Vn repair-2.é", monitoring: "Db admin" },
  };
  await install(db.admin, installation(odd));
  await db.admin.query(`INSERT INTO "Vn check-2.é".observations_json VALUES (1, 'vn38', '{}', 5)`);
  await db.admin.query(`CALL "Vn check-2.é".fct_fix_sync('a@example.org')`);
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  expect(await db.rows('SELECT recipient FROM "Db admin".mail_queue')).toEqual([
    { recipient: "a@example.org" },
  ]);
  await remove(db.admin, installation(odd), { data: true });
  const hostile: Options = { roles: null, schemas: { main: `a"; DROP SCHEMA x; --`, check: "x'y" } };
  await expect(install(db.admin, installation(hostile))).rejects.toThrow(/main: .*check: /s);
});
