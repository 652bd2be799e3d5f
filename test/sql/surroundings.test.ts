import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingInWords } from "../../config/checks";
import { install, remove } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  put,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// What is around our objects in people's databases: publications, dumps, restores, rights of their own.

let world: Databases;
let folder: string;
beforeAll(async () => {
  world = await startDatabases();
  folder = mkdtempSync(join(tmpdir(), "vn-around-"));
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const PASSWORD = "only-for-tests";

/** A program of PostgreSQL's on this database: exit code and what it said. */
function program(
  db: Db,
  user: string | null,
  name: string,
  ...args: string[]
): { code: number; said: string } {
  const env = {
    ...process.env,
    ...world.cluster.env(db.name, user === null ? undefined : { user, password: PASSWORD }),
  };
  try {
    return { code: 0, said: execFileSync(name, args, { encoding: "utf8", stdio: "pipe", env }) };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { code: status, said: stderr };
  }
}

/** A statement as if main's table had been dropped and made again, as Client-API-VN makes it. */
const MADE_ANEW = `DROP TABLE src_vn_json.observations_json;
  CREATE TABLE src_vn_json.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
    update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site))`;

/** What is found before anything is made, in one line. */
async function looked(db: Db): Promise<string> {
  const { port, superuser: user, password } = world.cluster;
  const to = { host: "127.0.0.1", port, database: db.name, user, password, sslmode: "disable" as const };
  const { found } = await databaseFindings(to, installation());
  return found.map((one) => findingInWords(one, "en").replaceAll("\n", " ")).join(" ");
}

const preflight = async (db: Db) =>
  (await db.login.query("SELECT * FROM src_vn_json_repair.preflight()")).rows as {
    problem: string;
    remedy: string;
  }[];

describe("publications", () => {
  test.each([
    ["for all tables", "FOR ALL TABLES"],
    ["for all tables, of updates and deletions only", "FOR ALL TABLES WITH (publish = 'update, delete')"],
    [
      "for the tables of the schemas",
      "FOR TABLES IN SCHEMA src_vn_json, src_vn_json_check, src_vn_json_repair, dbadmin",
    ],
  ])(
    "A3: a publication %s: repair, views, deletion, second installation and removal work",
    async (_, what) => {
      const early = !what.includes("SCHEMA");
      const db = await world.database(
        early ? null : { deletions: "apply", maxDeleteShare: 1, journalCap: 50 },
      );
      await db.admin.query(
        early ? `CREATE PUBLICATION everything ${what}` : `CREATE PUBLICATION everything ${what}`,
      );
      const options = { deletions: "apply", maxDeleteShare: 1, journalCap: 50 } as const;
      await install(db.admin, installation(options));
      await fill(db.main, "src_vn_json", 1, 10, 5);
      await fill(db.login, "src_vn_json_check", 1, 100, 7);
      expect(await preflight(db)).toEqual([]);
      expect(await db.repair()).toMatchObject({ status: "done", inserted: 90, updated: 10, message: null });
      await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 3");
      await db.admin.query(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()",
      );
      await putCheck(db, { id: 200, ts: 9 });
      for (const mode of ["journal", "whole", "contents"] as const)
        expect(await db.repair(mode)).toMatchObject({
          status: mode === "journal" ? "done" : "failed", // then its only row is refused
          set_aside: 1,
          message: expect.not.stringContaining("views"),
        });
      expect(await mainRows(db)).not.toHaveProperty("3/vn38");
      expect(await db.rows("SELECT FROM src_vn_json_check.qgis_data")).toHaveLength(1);
      await install(db.admin, installation(options));
      await remove(db.admin, installation(options), { data: true });
    },
  );

  test("A3: each table of ours has a key, or says by all of its columns which row is meant", async () => {
    const db = await world.database({});
    expect(
      await db.rows(`SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE relnamespace::regnamespace::text IN ('src_vn_json_repair', 'src_vn_json_check', 'dbadmin') AND relkind = 'r'
          AND relreplident <> 'f' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)`),
    ).toEqual([]);
  });

  test("A3: a table of main's that is published and lacks a key of its own is told, with what to do", async () => {
    const db = await world.database({});
    await db.admin.query(`
      ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk;
      CREATE UNIQUE INDEX by_hand ON src_vn_json.observations_json (id, site);
      CREATE PUBLICATION everything FOR ALL TABLES`);
    const told =
      /published \(everything\).*no key.*ALTER TABLE src_vn_json.observations_json REPLICA IDENTITY FULL/;
    expect((await preflight(db)).map((row) => `${row.problem} ${row.remedy}`)).toEqual([
      expect.stringMatching(told),
    ]);
    await expect(db.repair()).rejects.toThrow(told);
    await db.main.query("ALTER TABLE src_vn_json.observations_json REPLICA IDENTITY FULL");
    expect(await db.repair()).toMatchObject({ status: "done" });
  });
});

describe("main restored, altered, made anew", () => {
  test("A4: nothing of ours depends on main's tables", async () => {
    const db = await world.database({ sameRights: true });
    await db.repair();
    expect(
      await db.rows(`SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS what, d.refobjid::regclass::text AS on
        FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_type AS t ON t.typrelid = c.oid
       WHERE c.relnamespace = 'src_vn_json'::regnamespace AND d.deptype = 'n'
         AND d.classid <> 'pg_constraint'::regclass AND d.classid <> 'pg_class'::regclass
         AND d.classid <> 'pg_attrdef'::regclass
      UNION ALL
      SELECT pg_describe_object(d.classid, d.objid, d.objsubid), d.refobjid::regtype::text
        FROM pg_depend AS d JOIN pg_type AS t ON t.oid = d.refobjid AND d.refclassid = 'pg_type'::regclass
       WHERE t.typnamespace = 'src_vn_json'::regnamespace AND d.classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass)`),
    ).toEqual([]);
  });

  test("A4: main alone is restored from a dump with --clean, and the next repair is right", async () => {
    const db = await world.database({});
    await fill(db.main, "src_vn_json", 1, 20, 5);
    await fill(db.login, "src_vn_json_check", 1, 20, 5);
    await db.repair("whole");
    const file = join(folder, "main.dump");
    expect(program(db, null, "pg_dump", "-Fc", "-f", file)).toEqual({ code: 0, said: "" });
    await putMain(db, { id: 21, ts: 6 });
    await putCheck(db, { id: 21, ts: 6 });
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id < 10");
    expect(
      program(db, null, "pg_restore", "--clean", "--if-exists", "-n", "src_vn_json", "-d", db.name, file),
    ).toEqual({ code: 0, said: "" });
    expect(
      await db.rows(`SELECT count(*)::integer AS rows, count(DISTINCT (id, site))::integer AS keys,
        (SELECT count(*)::integer FROM pg_index WHERE indrelid = 'src_vn_json.observations_json'::regclass AND indisprimary) AS pk
        FROM src_vn_json.observations_json`),
    ).toEqual([{ rows: 20, keys: 20, pk: 1 }]);
    expect(await preflight(db)).toEqual([]);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 1, set_aside: 0 });
    expect(Object.keys(await mainRows(db))).toHaveLength(21);
  });

  test("A4: main's owner, no superuser, restores it too", async () => {
    const db = await world.database({});
    await fill(db.login, "src_vn_json_check", 1, 20, 5);
    await db.repair("whole");
    await db.admin.query(`GRANT CREATE ON DATABASE "${db.name}" TO vn_main`); // for the schema itself
    const file = join(folder, "by_owner.dump");
    expect(program(db, "vn_main", "pg_dump", "-Fc", "-n", "src_vn_json", "-f", file)).toEqual({
      code: 0,
      said: "",
    });
    expect(program(db, "vn_main", "pg_restore", "--clean", "--if-exists", "-d", db.name, file)).toEqual({
      code: 0,
      said: "",
    });
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 0 });
    expect(await db.rows("SELECT src_vn_json_repair.watching() AS w")).toEqual([{ w: true }]);
  });

  test("A4, A13: made anew without its rights: run and preflight name them and what to run; then it goes on", async () => {
    const db = await world.database({});
    await fill(db.login, "src_vn_json_check", 1, 20, 5);
    await db.repair("whole");
    await db.main.query(MADE_ANEW);
    const told =
      /rights in main are lacking.*run pulumi up; or as main's owner: GRANT SELECT, INSERT, UPDATE ON src_vn_json.observations_json TO vn_check_repair/;
    await expect(db.repair()).rejects.toThrow(told);
    await expect(db.repair("whole", { dryRun: true })).rejects.toThrow(told);
    expect((await preflight(db)).map((r) => `${r.problem}: ${r.remedy}`)).toContainEqual(
      expect.stringMatching(told),
    );
    await install(db.admin, installation());
    expect(await preflight(db)).toEqual([]);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 20 });
    expect(await db.rows("SELECT src_vn_json_repair.watching() AS w")).toEqual([{ w: true }]);
    expect(await db.rows("SELECT relation::text FROM src_vn_json_repair.covering_indexes()")).toHaveLength(2);
  });

  test("A4: columns of main are altered, renamed and moved without us in the way; the run says what lacks", async () => {
    const db = await world.database({});
    await fill(db.login, "src_vn_json_check", 1, 5, 5);
    await db.repair();
    await db.main.query(`ALTER TABLE src_vn_json.observations_json ALTER COLUMN id TYPE bigint, ALTER COLUMN site TYPE text,
      ADD COLUMN uuid uuid DEFAULT gen_random_uuid()`);
    await fill(db.login, "src_vn_json_check", 6, 10, 5);
    expect(await db.repair()).toMatchObject({ status: "done", inserted: 5 });
    await db.main.query("ALTER TABLE src_vn_json.observations_json RENAME COLUMN site TO portal");
    await expect(db.repair()).rejects.toThrow(
      /src_vn_json.observations_json has no column site.*RENAME COLUMN … TO site/,
    );
    expect(await preflight(db)).toMatchObject([
      { problem: "src_vn_json.observations_json has no column site" },
    ]);
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1"); // the watch is in nobody's way
    await db.main.query("ALTER TABLE src_vn_json.observations_json RENAME COLUMN portal TO site");
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 0 });
    await db.admin.query(
      "CREATE SCHEMA elsewhere; ALTER TABLE src_vn_json.observations_json SET SCHEMA elsewhere",
    );
    await expect(db.repair()).rejects.toThrow(
      /there is no table src_vn_json.observations_json.*database.mainSchema/,
    );
    expect(await preflight(db)).toMatchObject([
      { problem: "there is no table src_vn_json.observations_json" },
    ]);
    await db.admin.query("ALTER SCHEMA src_vn_json RENAME TO other");
    await expect(db.repair()).rejects.toThrow("there is no table src_vn_json.observations_json");
    await db.admin.query(
      "ALTER SCHEMA other RENAME TO src_vn_json; ALTER TABLE elsewhere.observations_json SET SCHEMA src_vn_json",
    );
    expect(await db.repair("whole")).toMatchObject({ status: "done" });
  });

  test.each([
    [
      "no key",
      "ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk",
      /no key over \(id, site\).*ADD PRIMARY KEY/,
    ],
    [
      "rows twice",
      "ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk; INSERT INTO src_vn_json.observations_json SELECT * FROM src_vn_json.observations_json",
      /no key.*has rows twice \(1 of vn38.*delete the doubled rows/,
    ],
    [
      "a deferrable key",
      "ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk, ADD PRIMARY KEY (id, site) DEFERRABLE",
      /DEFERRABLE/,
    ],
    [
      "a key of other columns",
      "ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk, ADD PRIMARY KEY (id)",
      /no key over \(id, site\)/,
    ],
    [
      "inheriting tables",
      "CREATE TABLE src_vn_json.part () INHERITS (src_vn_json.observations_json)",
      /inherit/,
    ],
    [
      "a view in its place",
      "ALTER TABLE src_vn_json.observations_json RENAME TO real; CREATE VIEW src_vn_json.observations_json AS SELECT * FROM src_vn_json.real",
      /no table but a view/,
    ],
    [
      "another type of item",
      "ALTER TABLE src_vn_json.observations_json ALTER item TYPE text",
      /its column item is text, jsonb is needed.*ALTER COLUMN item TYPE jsonb/,
    ],
  ])("A4: main with %s is refused, by a run and before anything is made", async (_, damage, told) => {
    const db = await world.database({});
    await putMain(db, { id: 1, ts: 5 });
    await db.admin.query(damage);
    await expect(db.repair("whole")).rejects.toThrow(told);
    expect((await preflight(db)).map((r) => `${r.problem}. ${r.remedy}`)).toContainEqual(
      expect.stringMatching(told),
    );
    const fresh = await world.database(null);
    await putMain(fresh, { id: 1, ts: 5 });
    await fresh.admin.query(damage);
    expect(await looked(fresh)).toMatch(told);
    const error: Error = await install(fresh.admin, installation()).then(
      () => new Error("it was installed"),
      (e) => e,
    );
    expect(error.message.replaceAll("\n", " ")).toMatch(told);
    expect(await fresh.rows("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toEqual([]);
  });

  test("A13: rights on check's own table that are gone are told with what to do", async () => {
    const db = await world.database({});
    await fill(db.login, "src_vn_json_check", 1, 5, 5);
    const told =
      /src_vn_json_check.observations_json is missing, or the repair may not read it.*run pulumi up/;
    for (const done of [
      "REVOKE ALL ON src_vn_json_check.observations_json FROM vn_check_repair",
      "REVOKE ALL ON SCHEMA src_vn_json_check FROM vn_check_repair",
    ]) {
      await db.admin.query(done);
      await expect(db.repair()).rejects.toThrow(told);
      expect((await preflight(db)).map((r) => `${r.problem}: ${r.remedy}`)).toContainEqual(
        expect.stringMatching(told),
      );
      await install(db.admin, installation());
      expect(await db.repair()).toMatchObject({ status: "done" });
      expect(await preflight(db)).toEqual([]);
    }
  });

  test("A4: another table of main's that lost its key is told too", async () => {
    const db = await world.database({ referenceControllers: ["species"] });
    await db.admin.query("ALTER TABLE src_vn_json.species_json DROP CONSTRAINT species_json_pk");
    await expect(db.repair()).rejects.toThrow(/src_vn_json.species_json has no key over \(id, site\)/);
    await db.admin.query("ALTER TABLE src_vn_json.species_json ADD PRIMARY KEY (id, site)");
    expect(await db.repair()).toMatchObject({ status: "done" });
  });

  test("A17: item json instead of jsonb works, contents too", async () => {
    const db = await world.database(null);
    await db.main.query(
      "ALTER TABLE src_vn_json.observations_json ALTER item TYPE json; ALTER TABLE src_vn_json.forms_json ALTER item TYPE json",
    );
    await install(db.admin, installation({ volatileKeys: ["seen"] }));
    await put(db.main, "src_vn_json", { id: 1, ts: 5 }, { id: 2, ts: 5, item: { a: 1 } });
    await putCheck(db, { id: 1, ts: 7 }, { id: 2, ts: 5, item: { a: 2 } }, { id: 3, ts: 5 });
    await db.login.query(`INSERT INTO src_vn_json_check.forms_json VALUES (1, 'vn38', '{"n": 1}')`);
    expect(await preflight(db)).toEqual([]);
    expect(await db.repair("contents")).toMatchObject({ inserted: 2, updated: 2, set_aside: 0 });
    expect(await db.repair("contents")).toMatchObject({ inserted: 0, updated: 0 });
  });
});

describe("who dumps, reads and connects", () => {
  test.each([
    ["the database's owner", "dba_1", `ALTER DATABASE "@" OWNER TO dba_1`],
    [
      "main's owner",
      "dba_2",
      "ALTER SCHEMA src_vn_json OWNER TO dba_2; ALTER TABLE src_vn_json.observations_json OWNER TO dba_2",
    ],
  ])("A5: %s, no superuser, dumps all of ours and writes none of it", async (_, role, make) => {
    const db = await world.database(null);
    await db.admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'only-for-tests'`);
    await db.admin.query(make.replace("@", db.name));
    await db.admin.query(
      `GRANT USAGE ON SCHEMA src_vn_json TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA src_vn_json TO ${role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA src_vn_json TO ${role}`,
    );
    expect(program(db, role, "pg_dump", "-Fc", "-f", join(folder, "before"))).toMatchObject({ code: 0 });
    await install(db.admin, installation());
    await putCheck(db, { id: 1, ts: 5 });
    await db.repair();
    expect(program(db, role, "pg_dump", "-Fc", "-f", join(folder, "after"))).toEqual({ code: 0, said: "" });
    expect(
      await db.rows(`SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE relnamespace::regnamespace::text IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')
          AND relkind IN ('r', 'v', 'm', 'p')
          AND has_table_privilege('${role}', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')`),
    ).toEqual([]);
    await remove(db.admin, installation(), { data: false });
    expect(program(db, role, "pg_dump", "-Fc", "-f", join(folder, "kept"))).toEqual({ code: 0, said: "" });
  });

  test("A12: PUBLIC has no rights: the login connects, the views are filled and refreshed; all is taken back", async () => {
    const db = await world.database(null);
    await db.admin.query(
      `REVOKE ALL ON DATABASE "${db.name}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC`,
    );
    await db.admin.query(`GRANT CONNECT ON DATABASE "${db.name}" TO vn_main;
      REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC`);
    await install(db.admin, installation());
    await db.admin.query(
      "CREATE FUNCTION src_vn_json.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.no()",
    );
    const login = await db.connect("vn_check");
    await put(login, "src_vn_json_check", { id: 1, ts: 5 });
    expect(await db.repair("journal", { client: login })).toMatchObject({
      set_aside: 1,
      message: expect.not.stringContaining("views"),
    });
    await put(login, "src_vn_json_check", { id: 2, ts: 5 });
    expect(await db.repair("journal", { client: login })).toMatchObject({
      set_aside: 2,
      message: expect.not.stringContaining("views"),
    });
    for (const view of ["mv_data_missing_or_not_updated", "qgis_data"])
      expect(await db.rows(`SELECT FROM src_vn_json_check.${view}`)).toHaveLength(2);
    await remove(db.admin, installation(), { data: true });
    expect(
      await db.rows(
        "SELECT datacl::text FROM pg_database WHERE datname = current_database() AND datacl::text ~ 'vn_check'",
      ),
    ).toEqual([]);
  });

  test("A12: an administrator that may not give CONNECT is told what to run, and nothing is made", async () => {
    const db = await world.database(null);
    await db.admin.query(`REVOKE ALL ON DATABASE "${db.name}" FROM PUBLIC`);
    await db.admin.query(
      "DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN PASSWORD 'only-for-tests' CREATEROLE",
    );
    await db.admin.query(`GRANT CONNECT, CREATE ON DATABASE "${db.name}" TO weak; GRANT vn_main TO weak`);
    const weak = await db.connect("weak");
    await expect(
      install(
        weak,
        installation({ roles: { owner: "weak_owner", repair: "vn_check_repair", login: "vn_check" } }),
      ),
    ).rejects.toThrow(/the login vn_check may not connect to the database.*[\s\S]*GRANT CONNECT ON DATABASE/);
    expect(await db.rows("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toEqual([]);
  });

  test("A12: TEMPORARY, where the administrator may not give it, is handed over", async () => {
    const db = await world.database(null);
    await db.admin.query(`REVOKE ALL ON DATABASE "${db.name}" FROM PUBLIC`);
    await db.admin.query("CREATE ROLE meek LOGIN PASSWORD 'only-for-tests' CREATEROLE");
    await db.admin.query(`GRANT CONNECT, CREATE ON DATABASE "${db.name}" TO meek; GRANT CONNECT ON DATABASE "${db.name}" TO vn_check;
      GRANT vn_main TO meek; GRANT vn_check, vn_check_repair TO meek WITH ADMIN OPTION`);
    const meek = await db.connect("meek");
    const roles = { owner: "meek_owner", repair: "vn_check_repair", login: "vn_check" };
    const { handover } = await install(meek, installation({ roles }));
    expect(handover).toContain(`GRANT TEMPORARY ON DATABASE ${db.name} TO vn_check_repair;`);
    for (const statement of handover) await db.admin.query(statement);
    expect((await install(meek, installation({ roles }))).handover).toEqual([]);
  });

  test("A12: views that cannot be refreshed are written down with the run", async () => {
    const db = await world.database({});
    await putCheck(db, { id: 1, ts: 5 });
    await db.admin.query("DROP INDEX src_vn_json_check.mv_data_missing_or_not_updated_key");
    await db.admin.query(
      "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()",
    );
    expect(await db.repair()).toMatchObject({
      message: expect.stringContaining("the views were not refreshed"),
    });
    const error = "SELECT views_error IS NOT NULL AS e FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 1";
    expect(await db.rows(error)).toEqual([{ e: true }]);
    await db.admin.query(
      "CREATE UNIQUE INDEX ON src_vn_json_check.mv_data_missing_or_not_updated (checkdata_id, site, action)",
    );
    expect(await db.repair()).toMatchObject({ message: expect.not.stringContaining("views") });
    expect(await db.rows(error)).toEqual([{ e: false }]);
  });

  test("A15: who could read the two views still can after an upgrade that makes them anew", async () => {
    const db = await world.database({});
    await db.admin.query("DROP ROLE IF EXISTS geo; CREATE ROLE geo LOGIN PASSWORD 'only-for-tests'");
    const geo = await db.connect("geo");
    const look = () => geo.query("SELECT FROM src_vn_json_check.qgis_data");
    await db.admin.query(`GRANT USAGE ON SCHEMA src_vn_json_check TO geo;
      GRANT SELECT ON src_vn_json_check.qgis_data, src_vn_json_check.mv_data_missing_or_not_updated TO geo;
      COMMENT ON MATERIALIZED VIEW src_vn_json_check.qgis_data IS 'vn-sync-check: older (0)';
      COMMENT ON MATERIALIZED VIEW src_vn_json_check.mv_data_missing_or_not_updated IS 'vn-sync-check: older (0)'`);
    await look();
    await install(db.admin, installation());
    await look();
    await geo.query("SELECT FROM src_vn_json_check.mv_data_missing_or_not_updated");
    await geo.end();
  });

  test("A15: database.readers look at the two views and at nothing else; taken off the list they do not", async () => {
    const db = await world.database(null);
    await db.admin.query(`DROP ROLE IF EXISTS "Géo 1"; CREATE ROLE "Géo 1" LOGIN PASSWORD 'only-for-tests'`);
    await expect(install(db.admin, installation({ readers: ["Géo 1", "nobody"] }))).rejects.toThrow(
      "database.readers names roles that do not exist: nobody",
    );
    await install(db.admin, installation({ readers: ["Géo 1"] }));
    const geo = await db.connect("Géo 1");
    for (const view of ["qgis_data", "mv_data_missing_or_not_updated"])
      await geo.query(`SELECT FROM src_vn_json_check.${view}`);
    await expect(geo.query("SELECT FROM src_vn_json_check.observations_json")).rejects.toThrow(
      "permission denied",
    );
    await install(db.admin, installation({ readers: [] }));
    await expect(geo.query("SELECT FROM src_vn_json_check.qgis_data")).rejects.toThrow("permission denied");
    await install(db.admin, installation({ readers: ["Géo 1"] }));
    await remove(db.admin, installation(), { data: true });
    await geo.end();
    await db.admin.query(`DROP ROLE "Géo 1"`);
  });

  test("rights that the administrator's defaults give or take: nobody else writes or runs ours, and all works", async () => {
    const db = await world.database(null);
    await db.admin.query(`DROP ROLE IF EXISTS app; CREATE ROLE app;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO app;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app;
      ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
      ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC`);
    await install(db.admin, installation());
    expect(
      await db.rows(`SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE relnamespace = 'src_vn_json_repair'::regnamespace AND relkind = 'r'
          AND has_table_privilege('app', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
        UNION ALL
       SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE pronamespace = 'src_vn_json_repair'::regnamespace AND has_function_privilege('app', p.oid, 'EXECUTE')`),
    ).toEqual([]);
    await fill(db.login, "src_vn_json_check", 1, 5, 5);
    expect(await db.repair("whole")).toMatchObject({ inserted: 5 });
    await db.admin.query("ALTER TABLE src_vn_json.observations_json ADD COLUMN more text");
    await fill(db.login, "src_vn_json_check", 6, 9, 5);
    expect(await db.repair()).toMatchObject({ inserted: 4 });
    await db.admin.query("DROP OWNED BY app");
  });
});

describe("locks", () => {
  /** As pg_dump: reads every table for as long as it runs. */
  async function dumping(db: Db) {
    const dump = await db.connect();
    await dump.query("BEGIN");
    await dump.query(`DO $$ DECLARE t regclass; BEGIN
      FOR t IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text IN ('src_vn_json', 'src_vn_json_check', 'src_vn_json_repair', 'dbadmin')
      LOOP EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE', t); END LOOP; END $$`);
    return dump;
  }

  test("A11: a journal above its cap behind a dump: neither the run nor a write of the sync waits", async () => {
    const db = await world.database({ journalCap: 100 });
    await db.repair();
    await fill(db.login, "src_vn_json_check", 1, 400, 5);
    const dump = await dumping(db);
    const other = await db.connect("vn_check");
    await db.admin.query("ALTER ROLE vn_check SET lock_timeout = '1s'");
    const run = db.repair("journal");
    await other.query("SET statement_timeout = '2s'");
    await put(other, "src_vn_json_check", { id: 999, ts: 5 });
    expect(await run).toMatchObject({ status: "done" });
    expect(await db.repair("journal")).toMatchObject({ status: "done" });
    expect(Object.keys(await mainRows(db))).toHaveLength(401);
    expect(await db.rows("SELECT FROM src_vn_json_repair.journal_observation")).toEqual([]);
    await db.admin.query("ALTER ROLE vn_check RESET lock_timeout");
    await dump.query("ROLLBACK");
    await dump.end();
  });

  test("A11: with the dump over, a journal above its cap is emptied at once, and its pages are given back", async () => {
    const db = await world.database({ journalCap: 100 });
    await db.repair();
    await fill(db.login, "src_vn_json_check", 1, 400, 5);
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: 400 });
    expect(
      await db.rows("SELECT pg_relation_size('src_vn_json_repair.journal_observation')::integer AS size"),
    ).toEqual([{ size: 0 }]);
  });

  test("A11: a second installation does not wait for a dump either", async () => {
    const db = await world.database({});
    const dump = await dumping(db);
    await install(db.admin, installation());
    await dump.query("ROLLBACK");
    await dump.end();
  });
});

test("A17: a database in LATIN1 is refused by name, before anything is made; SQL_ASCII works", async () => {
  for (const encoding of ["LATIN1", "LATIN9", "SQL_ASCII"]) {
    const admin = await world.cluster.connect(world.cluster.template);
    const name = `enc_${encoding.toLowerCase()}`;
    await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
    await admin.end();
    const client = await world.cluster.connect(name);
    await client.query(`CREATE SCHEMA src_vn_json AUTHORIZATION vn_main;
      CREATE TABLE src_vn_json.observations_json (id integer, site varchar, item jsonb NOT NULL, update_ts integer NOT NULL,
        id_form_universal varchar, PRIMARY KEY (id, site))`);
    if (encoding === "SQL_ASCII") {
      await install(client, installation());
      await put(client, "src_vn_json_check", { id: 1, ts: 5 });
      await client.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
      expect((await client.query("SELECT FROM src_vn_json.observations_json")).rowCount).toBe(1);
    } else {
      await expect(install(client, installation())).rejects.toThrow(
        new RegExp(`the database ${name} is in ${encoding}: UTF8 is needed[\\s\\S]*ENCODING UTF8`),
      );
      expect(
        (await client.query("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).rowCount,
      ).toBe(0);
    }
    await client.end();
    await world.cluster.dropDatabase(name);
  }
});

test("A17: what is sent to a server of any encoding before it is refused is plain ASCII", () => {
  const root = resolve(__dirname, "../../sql");
  for (const file of ["head.sql", "rights/admin.sql", "1_check_copy/server.sql"])
    expect(readFileSync(join(root, file), "utf8")).toMatch(/^[\x00-\x7f]*$/);
  expect(readdirSync(root)).toContain("head.sql");
});

test("Q2: routines and views of a user's own called fix_… stay, through installation, upgrade and removal", async () => {
  const db = await world.database({});
  await db.admin.query(`
    CREATE FUNCTION src_vn_json_check.fix_mine() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION src_vn_json_check.fix_refresh() RETURNS integer LANGUAGE sql AS 'SELECT 2';
    COMMENT ON FUNCTION src_vn_json_check.fix_mine() IS 'my own';
    COMMENT ON FUNCTION src_vn_json_check.fix_refresh() IS 'my own too';
    ALTER FUNCTION src_vn_json_check.fix_mine() OWNER TO vn_main;
    CREATE VIEW public.fix_view AS SELECT src_vn_json_check.fix_mine() AS one, src_vn_json_check.fix_refresh() AS two`);
  const there = () =>
    db.rows(
      "SELECT one, two, (SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname = 'fix_mine') AS owner FROM public.fix_view",
    );
  const expected = [{ one: 1, two: 2, owner: "vn_main" }];
  await install(db.admin, installation());
  expect(await there()).toEqual(expected);
  await remove(db.admin, installation(), { data: false });
  await remove(db.admin, installation(), { data: true });
  expect(await there()).toEqual(expected);
});

describe("row security and event triggers", () => {
  test("A4: row security on main that hides rows from the repair is refused; a policy that hides none is not", async () => {
    const db = await world.database({});
    await fill(db.main, "src_vn_json", 1, 5, 5);
    await fill(db.login, "src_vn_json_check", 1, 6, 5);
    await db.main.query(`ALTER TABLE src_vn_json.observations_json ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE POLICY few ON src_vn_json.observations_json USING (id > 3)`);
    const told =
      /row security hides rows of src_vn_json.observations_json from the role vn_check_repair.*BYPASSRLS.*CREATE POLICY/;
    await expect(db.repair("whole")).rejects.toThrow(told);
    expect((await preflight(db)).map((r) => `${r.problem}: ${r.remedy}`)).toEqual([
      expect.stringMatching(told),
    ]);
    await db.main.query(
      "CREATE POLICY all_of_it ON src_vn_json.observations_json TO vn_check_repair USING (true)",
    );
    expect(await db.repair("whole")).toMatchObject({ inserted: 1 });
    // Where a database says so, what is hidden is an error instead: our sessions say the other.
    await db.admin.query(`ALTER DATABASE "${db.name}" SET row_security = off`);
    const login = await db.connect("vn_check");
    await putCheck(db, { id: 7, ts: 5 });
    expect(await db.repair("whole", { client: login })).toMatchObject({ inserted: 1 });
    await db.main.query("CREATE POLICY less ON src_vn_json.observations_json AS RESTRICTIVE USING (id > 3)");
    await expect(db.repair("whole")).rejects.toThrow(told);
    await db.admin.query("ALTER ROLE vn_check_repair BYPASSRLS");
    expect(await db.repair("whole")).toMatchObject({ inserted: 0 });
    await db.admin.query("ALTER ROLE vn_check_repair NOBYPASSRLS");
  });

  test("a database that switches row security on for each new table: ours are without it, and all works", async () => {
    const db = await world.database(null);
    await db.admin.query(`CREATE FUNCTION public.secure() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE o record; BEGIN
        FOR o IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag IN ('CREATE TABLE', 'CREATE TABLE AS') LOOP
          EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', o.object_identity);
        END LOOP; END $$;
      CREATE EVENT TRIGGER secure ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS') EXECUTE FUNCTION public.secure()`);
    await install(db.admin, installation());
    await putCheck(db, { id: 1, ts: 5 });
    expect(await db.repair()).toMatchObject({ inserted: 1, message: null });
    await db.admin.query("ALTER TABLE src_vn_json_repair.journal_observation ENABLE ROW LEVEL SECURITY");
    await expect(db.repair()).rejects.toThrow(
      /row security hides rows of src_vn_json_repair.journal_observation.*run pulumi up/,
    );
    await install(db.admin, installation());
    expect(await db.repair()).toMatchObject({ status: "done" });
  });

  test("an event trigger that writes where the repair's role may not: runs go on, and what it keeps from them is told", async () => {
    const db = await world.database(null);
    await db.admin.query(`CREATE SCHEMA audit; CREATE TABLE audit.ddl (tag text);
      CREATE FUNCTION audit.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit.ddl VALUES (tg_tag); END $$;
      CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION audit.note()`);
    await install(db.admin, installation());
    await db.admin.query(
      "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 1 THEN RAISE 'no'; END IF; RETURN NEW; END $$; CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()",
    );
    await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({
      inserted: 1,
      set_aside: 1,
      message: expect.stringMatching(/the views were not refreshed: .*permission denied/),
    });
    await db.admin.query("ALTER TABLE src_vn_json.observations_json ADD COLUMN more text");
    await expect(db.repair("whole")).rejects.toThrow(
      /could not be made for its columns of today: permission denied.*run pulumi up/,
    );
    await install(db.admin, installation());
    expect(await db.repair("whole")).toMatchObject({ set_aside: 1, run: expect.any(Number) });
    await db.admin.query("DROP EVENT TRIGGER note");
  });

  test.each([
    ["that forbids schemas of others", "ddl_command_end", "schema", null],
    ["that forbids to drop anything", "sql_drop", "nothing is dropped here", {}],
  ])(
    "an event trigger %s: the installation says so, and changes nothing",
    async (_, event, words, before) => {
      const db = await world.database(before);
      await db.admin.query(`CREATE FUNCTION public.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'no other schema, nothing is dropped here (%)', tg_tag; END $$;
      CREATE EVENT TRIGGER forbid ON ${event} EXECUTE FUNCTION public.forbid()`);
      if (!before) expect(await looked(db)).toMatch(/event trigger refuses new objects.*DISABLE/);
      await expect(install(db.admin, installation())).rejects.toThrow(words);
      expect(await db.rows("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toHaveLength(
        before ? 3 : 0,
      );
      if (before) {
        await putCheck(db, { id: 1, ts: 5 });
        expect(await db.repair()).toMatchObject({ inserted: 1 });
      }
      await db.admin.query("DROP EVENT TRIGGER forbid");
    },
  );
});
