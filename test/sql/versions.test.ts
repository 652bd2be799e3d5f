import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import { print } from "../../sql/print";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  type Options,
  put,
  startDatabases,
} from "./support";

const CHECK = "src_vn_json_check.observations_json";

/** What is left of ours: routines, triggers, views, tables, schemas. */
const ours = (db: Db) =>
  db.rows(`
    SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace::regnamespace::text IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')
     UNION ALL
    SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
    SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm', 'v')
       AND relnamespace::regnamespace::text IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')
     UNION ALL
    SELECT nspname::text FROM pg_namespace WHERE nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')`);

/** Both copies with ids 1 … 9, and differences of each kind; what main has to be in the end. */
async function differ(db: Db, sync: Db["login"]): Promise<void> {
  await put(
    sync,
    "src_vn_json_check",
    { id: 2, ts: 20 },
    { id: 10, ts: 20 },
    { id: 1, ts: 20, site: "vn07" },
  );
  await put(db.main, "src_vn_json", { id: 3, ts: 30 });
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn07', 1, now())"); // a site of main's too
  await sync.query(`DELETE FROM ${CHECK} WHERE id = 9`);
}
const before: Record<string, number> = Object.fromEntries(
  Array.from({ length: 9 }, (_, i) => [`${i + 1}/vn38`, 10]),
);
const repaired = { ...before, "2/vn38": 20, "10/vn38": 20, "1/vn07": 20, "3/vn38": 30 };
const followed = Object.fromEntries(Object.entries(repaired).filter(([key]) => key !== "9/vn38"));

describe.each([15, 17])("PostgreSQL %i", (version) => {
  let world: Databases;
  beforeAll(async () => {
    world = await startDatabases({ version });
  });
  afterAll(() => world.stop());

  const psql = (db: Db, sql: string) =>
    execFileSync("psql", ["-X", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
      input: sql,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...world.cluster.env(db.name) },
    });

  test("is what the server says", async () => {
    const db = await world.database(null);
    const [row] = await db.rows<{ v: number }>("SELECT current_setting('server_version_num')::integer AS v");
    expect(Math.floor((row?.v ?? 0) / 10_000)).toBe(version);
  });

  test("by hand with psql, twice; insert, update, a followed deletion; uninstalled", async () => {
    const db = await world.database(null);
    await db.admin.query("CREATE SCHEMA src_vn_json_check");
    for (const t of ["observations_json", "forms_json"])
      await db.admin.query(`CREATE TABLE src_vn_json_check.${t} (LIKE src_vn_json.${t} INCLUDING ALL)`);
    const untouched = await ours(db);
    const byHand = execFileSync("npm", ["run", "-s", "sql"], {
      cwd: resolve(__dirname, "../.."),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    psql(db, byHand);
    expect(psql(db, byHand)).not.toMatch(/NOTICE|WARNING|ERROR/);
    const covering = await db.rows("SELECT FROM src_vn_json_repair.covering_indexes()");
    expect(covering).toHaveLength(2);

    await fill(db.main, "src_vn_json", 1, 9, 10);
    await fill(db.admin, "src_vn_json_check", 1, 9, 10);
    await db.admin.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
    expect(await mainRows(db)).toEqual(before);
    await differ(db, db.admin);
    const run = { client: db.admin };
    expect(await db.repair("whole", { dryRun: true, ...run })).toMatchObject({
      inserted: 2,
      updated: 1,
    });
    expect(await db.repair("journal", run)).toMatchObject({
      inserted: 2,
      updated: 1,
      deleted: 0,
      open: { "deletion reported": 1 },
    });
    expect(await mainRows(db)).toEqual(repaired);

    const options: Options = { roles: null, deletions: "apply", maxDeleteShare: 1 };
    psql(db, print("install", installation(options)));
    expect(await db.repair("whole", run)).toMatchObject({
      inserted: 0,
      updated: 0,
      deleted: 1,
      open: {},
    });
    expect(await mainRows(db)).toEqual(followed);
    expect(await db.repair("contents", run)).toMatchObject({
      status: "done",
      inserted: 0,
      updated: 0,
      deleted: 0,
    });
    await expect(
      db.admin.query("BEGIN").then(() => db.admin.query("CALL src_vn_json_check.fct_fix_sync()")),
    ).rejects.toThrow(/outside BEGIN/);
    await db.admin.query("ROLLBACK");
    await db.admin.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')");
    expect(await db.rows("SELECT recipient FROM dbadmin.mail_queue")).toEqual([
      { recipient: "me@example.org" },
    ]);

    psql(db, print("remove", installation(options)));
    for (const _time of [1, 2]) await remove(db.admin, installation(options), { data: true });
    // Tables made before the installation are never removed.
    expect(await ours(db)).toEqual(untouched);
    expect(await mainRows(db)).toEqual(followed);
  });

  test("as the stack does, the admin login with CREATEROLE only: the same, nothing left at the end", async () => {
    const db = await world.database(null);
    await db.admin.query(`CREATE ROLE adm LOGIN PASSWORD 'only-for-tests' CREATEROLE;
      GRANT CREATE ON DATABASE "${db.name}" TO adm; GRANT vn_main TO adm`);
    const admin = await db.connect("adm");
    await admin.query("CREATE ROLE r NOLOGIN; CREATE ROLE l LOGIN PASSWORD 'only-for-tests'");
    const options: Options = {
      roles: { owner: "o", repair: "r", login: "l" },
      deletions: "apply",
      maxDeleteShare: 1,
    };
    for (const _time of [1, 2]) expect((await install(admin, installation(options))).handover).toEqual([]);
    const login = await db.connect("l");
    await fill(db.main, "src_vn_json", 1, 9, 10);
    await fill(login, "src_vn_json_check", 1, 9, 10);
    const run = { client: login };
    await db.repair("journal", run);
    await differ(db, login);
    expect(await db.repair("journal", run)).toMatchObject({
      status: "done",
      inserted: 2,
      updated: 1,
      deleted: 1,
      open: {},
    });
    expect(await mainRows(db)).toEqual(followed);
    expect(await db.repair("whole", run)).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    const actions = await login.query(
      "SELECT action, count(*)::integer AS n FROM src_vn_json_repair.change GROUP BY action ORDER BY action::text",
    );
    expect(actions.rows).toEqual([
      { action: "delete", n: 1 },
      { action: "insert", n: 2 },
      { action: "update", n: 1 },
    ]);
    await expect(login.query("SELECT FROM src_vn_json.observations_json")).rejects.toThrow(
      /permission denied/,
    );
    await login.end();

    await remove(admin, installation(options), { data: false });
    await admin.query("DROP ROLE r; DROP ROLE l");
    await admin.query("CREATE ROLE r NOLOGIN; CREATE ROLE l LOGIN");
    for (const _time of [1, 2]) await remove(admin, installation(options), { data: true });
    await admin.query("DROP ROLE r; DROP ROLE l");
    expect(await ours(db)).toEqual([]);
    expect(await db.rows("SELECT FROM pg_roles WHERE rolname IN ('o', 'r', 'l')")).toEqual([]);
    expect(await mainRows(db)).toEqual(followed);
  });

  test("A9: limits of statements and, where there are such, of transactions end no run, whoever begins it", async () => {
    const db = await world.database(null);
    await db.main.query(`
      CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
    const limits = ["statement_timeout", ...(version >= 17 ? ["transaction_timeout"] : [])];
    for (const name of limits) await db.admin.query(`ALTER DATABASE "${db.name}" SET ${name} = '300ms'`);
    await install(await db.connect(), installation({ roles: null }));
    await fill(db.admin, "src_vn_json_check", 1, 60, 10);
    const person = await db.connect();
    await person.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
    expect(Object.keys(await mainRows(db))).toHaveLength(60);
    const { rows } = await person.query("SHOW statement_timeout");
    expect(rows[0].statement_timeout).toBe("300ms");
  });
});
