import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "../../sql/installer";
import {
  type Databases,
  type Db,
  installation,
  item,
  mainRows,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// What comes of a row that the repair writes, down main's own triggers, and whether main has it afterwards.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const preflight = async (db: Db) =>
  (await db.login.query("SELECT * FROM src_vn_json_repair.preflight()")).rows as {
    problem: string;
    remedy: string;
  }[];

/** Derived tables of main's owner, and a trigger on main that runs `body`. */
async function derive(
  db: Db,
  tables: string,
  body: string,
  when = "AFTER INSERT OR UPDATE",
  of = "observations_json",
) {
  await db.admin.query("CREATE SCHEMA IF NOT EXISTS gn AUTHORIZATION vn_main; SET ROLE vn_main");
  await db.admin.query(`${tables};
    CREATE FUNCTION gn.derive_${of}() RETURNS trigger LANGUAGE plpgsql AS $body$ ${body} $body$;
    CREATE TRIGGER derive ${when} ON src_vn_json.${of} FOR EACH ROW EXECUTE FUNCTION gn.derive_${of}()`);
  await db.admin.query("RESET ROLE");
}

const SYNTHESE = `
  CREATE TABLE gn.synthese (id_vn integer PRIMARY KEY, unique_id uuid, level integer, written_by name DEFAULT current_user,
                            n serial, at timestamptz DEFAULT clock_timestamp(), random uuid DEFAULT gen_random_uuid());
  CREATE TABLE gn.known_uuid (id integer PRIMARY KEY, uuid uuid); INSERT INTO gn.known_uuid SELECT i, md5(i::text)::uuid FROM generate_series(-2147483648, -2147483648) AS i;
  INSERT INTO gn.known_uuid SELECT i, md5(i::text)::uuid FROM generate_series(1, 50) AS i`;
const COPY = `DECLARE u uuid; BEGIN
  IF EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'gn' AND table_name = 'known_uuid') THEN
    SELECT uuid INTO u FROM gn.known_uuid WHERE id = NEW.id;
  END IF;
  INSERT INTO gn.synthese (id_vn, unique_id, level) VALUES (NEW.id, u, 5) ON CONFLICT (id_vn) DO UPDATE SET level = 6;
  RETURN NEW; END`;
const GRANTS = [
  "USAGE ON SCHEMA gn",
  "SELECT, INSERT, UPDATE ON TABLE gn.synthese",
  "USAGE ON SEQUENCE gn.synthese_n_seq",
];

test("A1: a trigger that asks what it may see writes other rows for the repair: named, nothing is written, runAs mends it", async () => {
  const db = await world.database({ extraGrants: [] });
  await derive(db, SYNTHESE, COPY);
  await putMain(db, { id: 1, ts: 5 });
  await install(db.admin, installation({ extraGrants: GRANTS }));
  const report = await install(db.admin, installation({ extraGrants: GRANTS }));
  // By the installation, the preflight and the run itself.
  const differs = expect.stringMatching(
    /something else for vn_check_repair than for main's owner vn_main, in: .*gn\.synthese\.unique_id/,
  );
  expect(report.problems.map((p) => p.problem)).toContainEqual(differs);
  const told = await preflight(db);
  expect(told).toContainEqual({ problem: differs, remedy: "repair.runAs: vn_main" });
  // A clock, a sequence, a random number and the writer's own name are no difference.
  for (const column of ["written_by", ".at", ".random", ".n,", "level"])
    expect(told.map((t) => t.problem).join()).not.toContain(column);
  await putCheck(db, { id: 2, ts: 5 });
  const refused = await db.repair();
  expect(refused).toMatchObject({
    status: "refused",
    message: differs,
    problems: expect.arrayContaining([
      {
        problem: "other outcome",
        where: ["gn.synthese.unique_id"],
        role: "vn_check_repair",
        owner: "vn_main",
      },
    ]),
  });
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  await install(db.admin, installation({ runAs: "vn_main" }));
  expect(await preflight(db)).toEqual([]);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, problems: [] });
  expect(await db.rows("SELECT id_vn, unique_id IS NOT NULL AS has FROM gn.synthese ORDER BY 1")).toEqual([
    { id_vn: 1, has: true },
    { id_vn: 2, has: true },
  ]);
});

test("A1: the same rights give the same result: the missing SELECT is named, and given it the repair goes on", async () => {
  const db = await world.database({ extraGrants: [] });
  await derive(db, SYNTHESE, COPY);
  await putMain(db, { id: 1, ts: 5 });
  await install(db.admin, installation({ extraGrants: GRANTS }));
  const grants = (await preflight(db))
    .map((p) => p.remedy.split(";")[0])
    .filter((r) => r?.startsWith("GRANT"));
  expect(grants).toEqual(["GRANT SELECT ON TABLE gn.known_uuid TO vn_check_repair"]);
  await db.admin.query(grants.join(";"));
  await putCheck(db, { id: 2, ts: 5 });
  // Rights have changed: the run tries again by itself.
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
});

test("A1: triggers that change after the installation are tried at the next run's beginning, and not at every one", async () => {
  const db = await world.database({});
  await putMain(db, { id: 1, ts: 5 });
  await putCheck(db, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done" });
  await derive(
    db,
    "CREATE TABLE gn.log (by name, what text); GRANT USAGE ON SCHEMA gn TO PUBLIC; GRANT INSERT ON gn.log TO PUBLIC",
    "BEGIN INSERT INTO gn.log VALUES (current_user, CASE WHEN pg_has_role('vn_main', 'MEMBER') THEN 'owner' ELSE 'guest' END); RETURN NEW; END",
  );
  await putCheck(db, { id: 3, ts: 5 });
  expect(await db.repair()).toMatchObject({
    status: "refused",
    message: expect.stringContaining("gn.log.what"),
  });
  const tried = () => db.rows("SELECT at FROM src_vn_json_repair.trial");
  const first = await tried();
  expect(await db.repair()).toMatchObject({ status: "refused" });
  expect(await tried()).toEqual(first);
  // Somebody has looked, and it may be so.
  await db.admin.query("SELECT src_vn_json_repair.accept_trial()");
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
  expect(await db.rows("SELECT what FROM gn.log")).toEqual([{ what: "guest" }]);
  // The body of the function alone changes: looked at again.
  await db.admin.query(
    "CREATE OR REPLACE FUNCTION gn.derive_observations_json() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  );
  await putCheck(db, { id: 4, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, problems: [] });
  expect(await tried()).not.toEqual(first);
});

test("A1: a BEFORE trigger, one on another table, a view and an update are compared too", async () => {
  const db = await world.database({ referenceControllers: ["species"] });
  await derive(
    db,
    "SELECT 1",
    "BEGIN NEW.id_form_universal := CASE WHEN pg_has_role('vn_main', 'MEMBER') THEN 'o' ELSE 'r' END; RETURN NEW; END",
    "BEFORE UPDATE",
  );
  await derive(
    db,
    "CREATE TABLE gn.name (id integer, seen boolean); GRANT USAGE ON SCHEMA gn TO PUBLIC; GRANT INSERT ON gn.name TO PUBLIC",
    "BEGIN INSERT INTO gn.name VALUES (NEW.id, pg_has_role('vn_main', 'MEMBER')); RETURN NULL; END",
    "AFTER INSERT",
    "species_json",
  );
  await putMain(db, { id: 1, ts: 5, form: "x" });
  await db.main.query("INSERT INTO src_vn_json.species_json VALUES (1, 'vn38', '{}')");
  const [told] = await preflight(db);
  expect(told?.problem).toContain("in: gn.name.seen, observations_json.id_form_universal");
});

test("A10: all missing rights at once, of branches that no row takes yet, of functions, views, sequences and further triggers", async () => {
  const db = await world.database({});
  await derive(
    db,
    `
      CREATE TABLE gn.dataset (n serial, code text); CREATE TABLE gn.synthese (id_vn integer PRIMARY KEY);
      CREATE TABLE gn."Log Book" (id integer); CREATE TABLE gn.area (id integer); CREATE VIEW gn.wide AS SELECT * FROM gn.area;
      CREATE TABLE gn.secret (id integer); CREATE SEQUENCE gn.counter;
      CREATE FUNCTION gn.hidden() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO gn.secret VALUES (1)';
      CREATE FUNCTION gn.look() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM gn.wide';
      REVOKE EXECUTE ON FUNCTION gn.look() FROM PUBLIC;
      CREATE FUNCTION gn.further() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO gn."Log Book" VALUES (1); RETURN NULL; END $f$;
      CREATE TRIGGER further AFTER INSERT ON gn.synthese FOR EACH ROW EXECUTE FUNCTION gn.further()`,
    `BEGIN -- gn.area stays unnamed in here: DELETE FROM gn.area
      IF NEW.item ? 'project_code' THEN INSERT INTO gn.dataset (code) VALUES (NEW.item ->> 'project_code'); END IF;
      PERFORM gn.look(); PERFORM gn.hidden(); PERFORM nextval('gn.counter');
      INSERT INTO gn.synthese VALUES (NEW.id) ON CONFLICT (id_vn) DO NOTHING; RETURN NEW; END`,
  );
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5, item: { project_code: "ENS" } });
  const told = await preflight(db);
  const grants = told.map((p) => p.remedy.split(";")[0]);
  expect(grants.sort()).toEqual([
    "GRANT EXECUTE ON FUNCTION gn.look() TO vn_check_repair",
    'GRANT INSERT ON TABLE gn."Log Book" TO vn_check_repair',
    "GRANT INSERT ON TABLE gn.dataset TO vn_check_repair",
    "GRANT INSERT, SELECT ON TABLE gn.synthese TO vn_check_repair",
    "GRANT SELECT ON TABLE gn.wide TO vn_check_repair",
    "GRANT USAGE ON SCHEMA gn TO vn_check_repair",
    "GRANT USAGE ON SEQUENCE gn.counter TO vn_check_repair",
    "GRANT USAGE ON SEQUENCE gn.dataset_n_seq TO vn_check_repair",
  ]);
  expect(told[0]?.remedy).toContain("with repair.runAs: vn_main none of these");
  expect(await db.repair()).toMatchObject({ status: "failed", set_aside: 2 });
  // Those, and no round more.
  await db.admin.query(grants.join(";"));
  expect(await preflight(db)).toEqual([]);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 2, set_aside: 0 });
});

test("A10: a kind of row of which main has few is tried: with a form, with a project, of another site, with an odd item", async () => {
  const db = await world.database({});
  for (let id = 1; id <= 300; id++)
    await db.main.query("INSERT INTO src_vn_json.observations_json VALUES ($1, 'vn38', $2, 5)", [
      id,
      item(id, 5),
    ]);
  await putMain(
    db,
    { id: 301, ts: 5, item: { ...item(1, 5), project_code: "ENS" } },
    { id: 302, ts: 5, form: "f" },
    { id: 303, ts: 5, site: "vn07" },
    { id: 304, ts: 5, item: { deep: [{ odd: null }] } },
  );
  const kinds = {
    project: "NEW.item ? 'project_code'",
    form: "NEW.id_form_universal IS NOT NULL",
    site: "NEW.site = 'vn07'",
    odd: "NEW.item #> '{deep,0,odd}' = 'null'",
  };
  for (const [name, condition] of Object.entries(kinds)) {
    // What is called is put together: no text names the table.
    await derive(
      db,
      `DROP TABLE IF EXISTS gn.x_${name}; CREATE TABLE gn.x_${name} (id integer); GRANT USAGE ON SCHEMA gn TO PUBLIC`,
      `BEGIN IF ${condition} THEN EXECUTE format('INSERT INTO gn.%I VALUES (1)', concat('x', '_', '${name}')); END IF; RETURN NEW; END`,
    );
    expect(await preflight(db), name).toEqual([
      {
        problem: expect.any(String),
        remedy: expect.stringContaining(`GRANT INSERT ON TABLE gn.x_${name} TO vn_check_repair;`),
      },
    ]);
    await db.admin.query("DROP FUNCTION gn.derive_observations_json() CASCADE");
  }
});

test("A10: main as it was: what is tried leaves no row, no number of ours, and holds no lock", async () => {
  const db = await world.database({ deletions: "apply" });
  await derive(
    db,
    "CREATE TABLE gn.synthese (id integer); GRANT USAGE ON SCHEMA gn TO PUBLIC; GRANT ALL ON gn.synthese TO PUBLIC",
    "BEGIN INSERT INTO gn.synthese VALUES (NEW.id); RETURN NULL; END",
    "AFTER INSERT",
  );
  await putMain(db, { id: 1, ts: 5 });
  await db.admin.query("DELETE FROM gn.synthese");
  expect(await preflight(db)).toEqual([]);
  await install(db.admin, installation({ deletions: "apply" }));
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  expect(
    await db.rows("SELECT FROM gn.synthese UNION ALL SELECT FROM src_vn_json_repair.main_deletion"),
  ).toEqual([]);
});

test("A10: main refuses a number that nobody has: another is tried", async () => {
  const db = await world.database({});
  await putMain(db, { id: 7, ts: 5 });
  await db.admin.query("ALTER TABLE src_vn_json.observations_json ADD CHECK (id > 0)");
  await db.admin.query("CREATE TABLE public.plain (id integer)");
  await derive(db, "SELECT 1", "BEGIN EXECUTE 'INSERT INTO public.' || 'plain VALUES (1)'; RETURN NEW; END");
  await db.admin.query("GRANT INSERT ON public.plain TO vn_main");
  expect((await preflight(db)).map((p) => p.remedy)).toEqual([
    expect.stringContaining("GRANT INSERT ON TABLE public.plain TO vn_check_repair;"),
  ]);
});

test.each([
  [
    "a trigger that raises",
    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no to you, %', NEW.id; END $$; CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()",
    "P0001",
  ],
  ["a constraint", "ALTER TABLE src_vn_json.observations_json ADD CHECK (update_ts > 1000)", "23514"],
])("A3, A7: a run of which main refuses every row has failed: %s", async (_name, sql, said) => {
  const db = await world.database({});
  await db.admin.query(sql);
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  const result = await db.repair();
  expect(result).toMatchObject({
    status: "failed",
    inserted: 0,
    set_aside: 2,
    message: expect.stringContaining(said),
    problems: expect.arrayContaining([expect.objectContaining({ problem: "all refused", rows: 2 })]),
  });
  // What a trigger says may quote a person's observation.
  expect(JSON.stringify(result)).not.toContain("no to you");
  expect(await db.repair("whole")).toMatchObject({ status: "failed" });
  expect(await db.rows("SELECT status FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 1")).toEqual([
    { status: "failed" },
  ]);
});

test("A3, A7: one row that is taken, and the run has not failed; nor has one with nothing to do", async () => {
  const db = await world.database({});
  await db.admin.query("ALTER TABLE src_vn_json.observations_json ADD CHECK (id <> 2)");
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, set_aside: 1 });
  await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 2");
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 0, set_aside: 0 });
});

const alter = (body: string, when: string) => `
  CREATE FUNCTION alter_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
  CREATE TRIGGER alter_row ${when} ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION alter_row();`;
test.each([
  [
    "takes it away again after the insert",
    alter(
      "IF NEW.id = 2 THEN DELETE FROM src_vn_json.observations_json WHERE id = 2; END IF; RETURN NULL;",
      "AFTER INSERT",
    ) + "GRANT DELETE ON src_vn_json.observations_json TO vn_check_repair",
    { inserted: 1 },
  ],
  [
    "gives it an older version",
    alter("IF NEW.id = 2 THEN NEW.update_ts := 1; END IF; RETURN NEW;", "BEFORE INSERT OR UPDATE"),
    { inserted: 1 },
  ],
  [
    "gives it another number",
    alter("IF NEW.id = 2 THEN NEW.id := 99; END IF; RETURN NEW;", "BEFORE INSERT"),
    { inserted: 2 },
  ],
])("what was written is read again: a trigger that %s is known", async (_name, sql, expected) => {
  const db = await world.database({});
  await db.admin.query(sql);
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({
    status: "done",
    set_aside: 1,
    open: { dropped: 1 },
    ...expected,
  });
  expect(
    await db.rows("SELECT id::integer FROM src_vn_json_repair.change WHERE new_update_ts = 5 ORDER BY id"),
  ).toContainEqual({ id: 1 });
  expect(await db.rows("SELECT id::integer FROM src_vn_json_repair.change WHERE id = 2")).toEqual([]);
});

test("what was written is read again: a trigger that puts something else into the item is counted", async () => {
  const db = await world.database({});
  await db.admin.query(
    alter("NEW.item := NEW.item || '{\"seen\": true}'; RETURN NEW;", "BEFORE INSERT OR UPDATE"),
  );
  await putMain(db, { id: 3, ts: 1 });
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 }, { id: 3, ts: 5 });
  expect(await db.repair()).toMatchObject({
    status: "done",
    inserted: 2,
    updated: 1,
    set_aside: 0,
    changed_by_triggers: 3,
  });
});

test("Q6: a row that a trigger dropped is tried again when that trigger is gone, or is another", async () => {
  const db = await world.database({});
  await db.admin.query(alter("IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW;", "BEFORE INSERT"));
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({ inserted: 1, open: { dropped: 1 } });
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { dropped: 1 } });
  await db.admin.query(
    "CREATE OR REPLACE FUNCTION alter_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  );
  expect(await db.repair()).toMatchObject({ inserted: 1, open: {} });
});

/** A trigger function of main's owner on main, of that name. */
const trigger = (body: string, when = "AFTER INSERT OR UPDATE", name = "own") => `SET ROLE vn_main;
  CREATE FUNCTION src_vn_json.${name}() RETURNS trigger LANGUAGE plpgsql AS $b$ BEGIN ${body} END $b$; RESET ROLE;
  CREATE TRIGGER ${name} ${when} ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.${name}();`;
const LOG =
  "SET ROLE vn_main; CREATE SCHEMA gn; CREATE TABLE gn.log (id bigint, what text); GRANT USAGE ON SCHEMA gn TO PUBLIC; GRANT ALL ON gn.log TO PUBLIC; RESET ROLE;";
const SEEN = "CASE WHEN pg_has_role('vn_main', 'MEMBER') THEN 'owner' ELSE 'guest' END";

async function withTriggers(sql: string, options = {}): Promise<Db> {
  const db = await world.database(null);
  await db.admin.query(`GRANT CREATE ON DATABASE "${db.name}" TO vn_main; ${sql}`);
  await install(db.admin, installation(options));
  await putMain(db, { id: 1, ts: 5 }).catch(() => undefined);
  await putCheck(db, { id: 1, ts: 7 }, { id: 3, ts: 5 }, { id: 4, ts: 5 });
  return db;
}

test.each([
  [
    "refuses numbers below zero",
    `IF NEW.id < 0 THEN RAISE 'bad number'; END IF; INSERT INTO gn.log VALUES (NEW.id, ${SEEN}); RETURN NEW;`,
    "BEFORE INSERT OR UPDATE",
  ],
  [
    "drops numbers below zero",
    `IF NEW.id < 0 THEN RETURN NULL; END IF; INSERT INTO gn.log VALUES (NEW.id, ${SEEN}); RETURN NEW;`,
    "BEFORE INSERT OR UPDATE",
  ],
  [
    "passes over numbers below zero",
    `IF NEW.id > 0 THEN INSERT INTO gn.log VALUES (NEW.id, ${SEEN}); END IF; RETURN NULL;`,
    "AFTER INSERT OR UPDATE",
  ],
  [
    "looks a row up by its number",
    `IF NEW.id = 3 THEN INSERT INTO gn.log VALUES (NEW.id, ${SEEN}); END IF; RETURN NULL;`,
    "AFTER INSERT OR UPDATE",
  ],
])("A1: a trigger that %s is compared all the same, and nothing is left of it", async (_, body, when) => {
  const db = await withTriggers(LOG + trigger(body, when));
  const before = await db.rows("SELECT * FROM gn.log");
  await preflight(db);
  expect(await db.rows("SELECT * FROM gn.log")).toEqual(before);
  expect(await db.repair()).toMatchObject({
    status: "refused",
    message: expect.stringContaining("in: gn.log.what"),
  });
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  expect(await db.rows("SELECT * FROM gn.log")).toEqual(before);
});

test("A1: a table of the session's own is no other outcome", async () => {
  const db = await withTriggers(
    trigger(
      "CREATE TEMP TABLE IF NOT EXISTS seen (id integer) ON COMMIT DROP; INSERT INTO seen VALUES (NEW.id); RETURN NEW;",
    ),
  );
  expect(await preflight(db)).toEqual([]);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 2, updated: 1, problems: [] });
});

test("A1: where nothing can be compared, preflight and each run say so, and somebody can say that it may be", async () => {
  const write = trigger("INSERT INTO gn.log VALUES (NEW.id, 'x'); RETURN NEW;");
  const remote = "CREATE EXTENSION dblink;";
  const cases: [string, string, RegExp][] = [
    [
      "superuser",
      `${LOG}${write} ALTER TABLE src_vn_json.observations_json OWNER TO postgres; GRANT ALL ON src_vn_json.observations_json TO vn_main`,
      /not compared with what they do for main's owner: postgres is a superuser/,
    ],
    [
      "login",
      LOG +
        trigger(
          "INSERT INTO gn.log VALUES (NEW.id, CASE WHEN session_user = 'vn_main' THEN 'sync' ELSE 'other' END); RETURN NEW;",
        ),
      /go by who is connected \(src_vn_json.own\(\)\).*let them ask current_user/,
    ],
    [
      "outside",
      remote +
        trigger(
          "IF false THEN PERFORM dblink('dbname=' || current_database(), 'SELECT 1'); END IF; RETURN NEW;",
        ),
      /no row was tried in main: its triggers act outside the transaction.*own\(\)/,
    ],
  ];
  for (const [why, sql, told] of cases) {
    const db = await withTriggers(sql);
    expect(
      (await preflight(db)).map((p) => `${p.problem}: ${p.remedy}`),
      why,
    ).toEqual([expect.stringMatching(told)]);
    expect(await db.repair()).toMatchObject({
      status: "done",
      inserted: 2,
      problems: [{ problem: "not compared", why }],
    });
    await db.admin.query("SELECT src_vn_json_repair.accept_trial()");
    expect(await db.repair()).toMatchObject({ status: "done", problems: [] });
  }
});

test("A1: where the administrator may not act for main's owner, the right that lacks is named", async () => {
  const db = await world.database(null);
  await db.admin.query(`CREATE ROLE modest LOGIN PASSWORD 'only-for-tests' CREATEROLE;
    GRANT CREATE ON DATABASE "${db.name}" TO modest, vn_main; GRANT vn_check, vn_check_repair TO modest WITH ADMIN OPTION;
    GRANT USAGE ON SCHEMA src_vn_json TO modest; ${LOG}${trigger("INSERT INTO gn.log VALUES (NEW.id, 'x'); RETURN NEW;")}`);
  const modest = await db.connect("modest");
  const roles = { owner: "modest_owner", repair: "vn_check_repair", login: "vn_check" };
  const { handover } = await install(modest, installation({ roles }));
  for (const statement of handover) await db.admin.query(statement);
  await putCheck(db, { id: 3, ts: 5 });
  expect((await preflight(db)).map((p) => `${p.problem}: ${p.remedy}`)).toEqual([
    expect.stringMatching(
      /the administrator may not act for vn_main.*repair.runAs: vn_main.*GRANT vn_main TO the login of database.adminUser/,
    ),
  ]);
  expect(await db.repair()).toMatchObject({ status: "done", problems: [{ why: "no right" }] });
  await db.admin.query("GRANT vn_main TO modest");
  await install(modest, installation({ roles }));
  expect(await preflight(db)).toEqual([]);
});

test("A1: who is connected may be noted by a trigger: that is no other outcome", async () => {
  const db = await withTriggers(
    LOG +
      trigger(
        "IF TG_OP = 'INSERT' THEN INSERT INTO gn.log VALUES (NEW.id, session_user); END IF; RETURN NEW;",
      ),
  );
  expect(await preflight(db)).toEqual([]);
});

test("A1: rows that are written to a large table, where no index finds them, are told as not compared", async () => {
  const db =
    await withTriggers(`${LOG} INSERT INTO gn.log SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) AS i;
    ${trigger("INSERT INTO gn.log VALUES (NEW.id, 'x'); RETURN NEW;")}`);
  expect((await preflight(db)).map((p) => p.problem)).toEqual([
    expect.stringMatching(/not all rows .* were found again to be compared: gn.log/),
  ]);
  await db.admin.query("CREATE INDEX ON gn.log (id)");
  await db.admin.query("DELETE FROM src_vn_json_repair.trial");
  expect(await preflight(db)).toEqual([]);
});

test("A10: rights behind statements that are put together, or in a language that cannot be read, are told to be unknown", async () => {
  const db = await withTriggers(
    LOG +
      trigger("IF NEW.id = 99 THEN EXECUTE 'INSERT INTO gn.' || 'hidden VALUES (1)'; END IF; RETURN NEW;"),
  );
  const told = (await preflight(db)).map((p) => `${p.problem}: ${p.remedy}`);
  expect(told).toEqual([
    expect.stringMatching(/put together \(src_vn_json.own\(\)\).*cannot be known.*repair.runAs: vn_main/),
  ]);
  expect(await db.repair()).toMatchObject({ status: "done", problems: [] });
  await install(db.admin, installation({ runAs: "vn_main" }));
  expect(await preflight(db)).toEqual([]);
});

test("A10: a right on a table of main's own that its triggers need is named as well", async () => {
  const db = await withTriggers(
    trigger("DELETE FROM src_vn_json.observations_json WHERE id = -NEW.id; RETURN NEW;"),
  );
  const grants = (await preflight(db)).map((p) => p.remedy.split(";")[0]);
  expect(grants).toEqual(["GRANT DELETE ON TABLE src_vn_json.observations_json TO vn_check_repair"]);
  await db.admin.query(grants.join(";"));
  expect(await preflight(db)).toEqual([]);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 2, updated: 1 });
});

test("constraints that main defers to the end are kept till then, and what they refuse is set aside alone", async () => {
  const db = await withTriggers(`${LOG} CREATE TABLE gn.parent (id bigint PRIMARY KEY);
    CREATE TABLE gn.child (id bigint REFERENCES gn.parent DEFERRABLE INITIALLY DEFERRED); GRANT ALL ON gn.parent, gn.child TO PUBLIC;
    ${trigger("INSERT INTO gn.child VALUES (NEW.id); RETURN NULL;", undefined, "a_child")}
    ${trigger("IF NEW.id <> 3 THEN INSERT INTO gn.parent VALUES (NEW.id) ON CONFLICT DO NOTHING; END IF; RETURN NULL;", undefined, "b_parent")}`);
  expect(await preflight(db)).toEqual([]);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, updated: 1, set_aside: 1 });
  expect(await db.rows("SELECT id::integer, sqlstate FROM src_vn_json_repair.set_aside")).toEqual([
    { id: 3, sqlstate: "23503" },
  ]);
});
