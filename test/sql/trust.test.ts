import { type Client, escapeLiteral } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// Nobody acts as somebody else: what is found by name, by type or by a lock is ours, or told.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const problems = (db: Db) =>
  db.rows<{ problem: string; remedy: string }>("SELECT * FROM src_vn_json_repair.preflight()");

/** Operators and functions of more exact types than the server's own, in public; each ends what calls it. */
async function trap(db: Db): Promise<void> {
  const types = [
    "varchar",
    "text",
    "name",
    "integer",
    "bigint",
    "numeric",
    "jsonb",
    "xid",
    "timestamptz",
    "interval",
  ].concat(
    ["action", "reason", "run_phase", "run_status", "deletion_policy", "fate"].map(
      (t) => `src_vn_json_repair.${t}`,
    ),
  );
  const sql: string[] = [];
  for (const [l, left] of types.entries())
    for (const [r, right] of types.entries()) {
      const name = `public.trap_${l}_${r}`;
      sql.push(`CREATE FUNCTION ${name}(${left}, ${right}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF current_user <> session_user THEN RAISE EXCEPTION 'trapped as %', current_user; END IF; RETURN NULL; END $$;`);
      for (const op of ["=", "<>", "<", "<=", ">", ">=", "+", "-", "||", "->", "->>"])
        sql.push(
          `CREATE OPERATOR public.${op} (LEFTARG = ${left}, RIGHTARG = ${right}, FUNCTION = ${name});`,
        );
    }
  const functions = [
    ["unnest", "bigint[]"],
    ["unnest", "text[]"],
    ["cardinality", "bigint[]"],
    ["format", "text, text"],
    ["format", "text, text, text"],
    ["to_jsonb", "src_vn_json.observations_json"],
    ["jsonb_populate_record", "src_vn_json.observations_json, jsonb"],
    ["jsonb_build_object", "text, integer"],
    ["extract", "text, timestamptz"],
    ["now", ""],
    ["count", ""],
  ];
  for (const [name, args] of functions)
    sql.push(`CREATE FUNCTION public.${name}(${args}) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'trapped as %', current_user; END $$;`);
  await db.admin.query(
    "GRANT USAGE ON SCHEMA src_vn_json, src_vn_json_repair TO guest; GRANT CREATE ON SCHEMA public TO guest; SET ROLE guest",
  );
  await db.admin.query(sql.join("\n"));
  await db.admin.query("RESET ROLE");
}

test("Q7: operators and functions that another role has put where main's triggers look are never taken", async () => {
  const db = await world.database({ deletions: "apply", maxDeleteShare: 1, volatileKeys: ["@id"] });
  await db.admin.query("CREATE ROLE guest");
  await fill(db.main, "src_vn_json", 1, 20, 10);
  await fill(db.login, "src_vn_json_check", 1, 20, 10);
  await db.login.query("INSERT INTO src_vn_json_check.species_json VALUES (1, 'vn38', '{}')");
  await db.login.query("INSERT INTO src_vn_json_check.field_details_json VALUES ('1_1', '{}')");
  await install(
    db.admin,
    installation({ deletions: "apply", maxDeleteShare: 1, referenceControllers: ["species", "fields"] }),
  );
  await db.repair();
  await trap(db);
  await putCheck(db, { id: 21, ts: 10 }, { id: 2, ts: 11 });
  await putMain(db, { id: 3, ts: 10, item: { other: true } });
  await db.main.query(`UPDATE src_vn_json.observations_json SET item = '{"other": 1}' WHERE id = 3`);
  await db.login.query("UPDATE src_vn_json_check.species_json SET item = '{\"a\": 1}'");
  await db.login.query("UPDATE src_vn_json_check.field_details_json SET item = '{\"a\": 1}'");
  await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 4");
  const result = await db.repair("contents");
  expect(await db.rows("SELECT message FROM src_vn_json_repair.set_aside")).toEqual([]);
  expect(result).toMatchObject({ status: "done", inserted: 1, updated: 4, deleted: 1 });
  expect(
    await db.rows("SELECT src_vn_json_repair.restore(max(id)) AS back FROM src_vn_json_repair.deleted_row"),
  ).toEqual([{ back: true }]);
  const told = await problems(db);
  expect(told.map((p) => p.problem)).toEqual([
    expect.stringContaining("guest may create functions and operators in the schema public"),
  ]);
  expect(told[0]?.remedy).toContain("REVOKE CREATE ON SCHEMA public FROM guest;");
});

const R = "src_vn_json_repair";

interface Step {
  /** To be handed to the next step. */
  at: string;
  run: number | null;
  result: { status: string; message: string | null } | null;
}
interface Asked {
  mode?: string;
  dryRun?: boolean;
  accept?: number;
  /** Runs that are said to be dead. */
  dead?: number[] | null;
}

/** One step of a run by hand; without `at` it begins one. */
async function step(client: Client, at: string | null, asked: Asked = {}): Promise<Step> {
  const { mode = "whole", dryRun = false, accept = null, dead = [] } = asked;
  const { rows } = await client.query(
    `SELECT s::text AS at, s.run::integer, s.result
       FROM ${R}.next_step($1::${R}.step, $2::${R}.run_mode, NULL, $3, $4, $5::bigint[], NULL) AS s`,
    [at, mode, dryRun, accept, dead],
  );
  return rows[0];
}

/** A place of somebody's own making. */
const forged = (run: number | null, place = "0,,,1,0,0,f") => `(${run ?? ""},${place},,)`;

test("Q9: the one entry does what comes next by the run's phase, and nothing for another session or after the end", async () => {
  const db = await world.database({ minDifferences: 1, maxDifferences: 1 });
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  const other = await db.connect("vn_check");
  const begun = await step(db.login, null);
  expect(begun).toMatchObject({ run: 1, result: null });
  for (const client of [other, db.admin])
    await expect(step(client, begun.at)).rejects.toThrow(
      "run 1 of the repair is not under way in this session",
    );
  // Whatever place it is called with, it compares first; and what is refused then stays unwritten.
  expect(await step(db.login, forged(1, "0,,,50,1,8,f"))).toMatchObject({ result: null });
  for (const client of [other, db.admin])
    await expect(step(client, forged(1))).rejects.toThrow("not under way in this session");
  const ended = await step(db.login, forged(1));
  expect(ended.result).toMatchObject({ status: "refused", message: expect.stringContaining("2 rows") });
  for (const run of [1, 2, -1, 99])
    await expect(step(db.login, forged(run))).rejects.toThrow(`run ${run} of the repair is not under way`);
  expect(await mainRows(db)).toEqual({});
});

test("Q9: a place of the caller's own making leaves no row out, and no batch is larger or called done before its end", async () => {
  const db = await world.database({ batchSize: 2 });
  await fill(db.main, "src_vn_json", 1, 3, 4);
  await fill(db.login, "src_vn_json_check", 1, 9, 5);
  const { run } = await step(db.login, null);
  await step(db.login, forged(run));
  const places = ["99,,,1,0,0,f", "0,,,1000000,0,0,f", ",,,,,,", "-1,,,-5,-3,-8,f", "0,,,9,9,900000,t"];
  const written = [0];
  let now: Step = { at: "", run, result: null };
  for (let i = 0; now.result === null; i++) {
    now = await step(db.login, forged(run, places[i % places.length]));
    written.push((await db.rows(`SELECT FROM ${R}.change`)).length);
    expect(i).toBeLessThan(200);
  }
  expect(now.result).toMatchObject({ status: "done", inserted: 6, updated: 3, set_aside: 0, open: {} });
  for (const [i, n] of written.entries()) expect(n - (written[i - 1] ?? 0)).toBeLessThanOrEqual(2);
});

test("Q9: a step is a transaction: main's rows are not kept locked over two of them", async () => {
  const db = await world.database({});
  await fill(db.login, "src_vn_json_check", 1, 3, 5);
  await db.login.query("BEGIN");
  const begun = await step(db.login, null);
  await expect(step(db.login, begun.at)).rejects.toThrow("a transaction of its own");
  await db.login.query("ROLLBACK");
  expect(await db.rows(`SELECT FROM ${R}.run`)).toEqual([]);
  // One that is begun by hand and left so keeps nobody waiting.
  await step(db.login, null);
  const other = await db.connect("vn_check");
  expect(await db.repair("whole", { client: other })).toMatchObject({ status: "done", inserted: 3 });
});

test.each([false, true])(
  "Q9: a run that is said to be dead and is not is left alone (dry run: %s)",
  async (dryRun) => {
    const db = await world.database({ batchSize: 5 });
    await fill(db.login, "src_vn_json_check", 1, 150, 5);
    await db.admin.query(`
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION slow()`);
    const other = await db.connect("vn_check");
    let over = false;
    const running = db.repair().finally(() => {
      over = true;
    });
    const said: (string | undefined)[] = [];
    while (!over) {
      const dead = (await db.rows<{ id: number }>(`SELECT id::integer FROM ${R}.run`)).map((r) => r.id);
      if (dead.length > 0)
        said.push((await step(other, null, { dryRun, dead: said.length % 2 ? dead : null })).result?.status);
    }
    expect(await running).toMatchObject({ run: 1, status: "done", inserted: 150 });
    expect(said.length).toBeGreaterThan(5);
    expect(new Set(said.slice(0, -1))).toEqual(new Set(["busy"]));
  },
);

test("Q10: no role that may merely connect can keep the repair from running", async () => {
  const db = await world.database({});
  await db.admin.query("CREATE ROLE stranger LOGIN PASSWORD 'only-for-tests'");
  const stranger = await db.connect("stranger");
  await stranger.query(
    "SELECT pg_advisory_lock(hashtext('vn-sync-check repair'), hashtext('src_vn_json_check')), pg_advisory_lock(hashtext('vn-sync-check repair'))",
  );
  for (const client of [stranger, db.login]) {
    await expect(
      client.query("BEGIN; LOCK TABLE src_vn_json_repair.run_lock IN ACCESS SHARE MODE"),
    ).rejects.toThrow("permission denied");
    await client.query("ROLLBACK");
  }
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
});

test("Q10: who holds the lock is named: process, role, since when, and whether it is a run", async () => {
  const db = await world.database({});
  const [{ pid } = { pid: 0 }] = await db.rows<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  await db.admin.query("BEGIN; LOCK TABLE src_vn_json_repair.run_lock IN EXCLUSIVE MODE");
  for (const dryRun of [false, true]) {
    const busy = await db.repair("whole", { dryRun });
    expect(busy).toMatchObject({
      status: "busy",
      problems: [{ problem: "locked by", pid, role: "postgres", run: null }],
    });
    expect(busy.message).toMatch(new RegExp(`process ${pid} of the role postgres.*no run of the repair`));
  }
  await db.admin.query("ROLLBACK");
  const other = await db.connect("vn_check");
  await other.query("BEGIN");
  await step(other, null);
  expect((await db.repair()).message).toMatch(/process \d+ of the role vn_check/);
  await other.query("COMMIT");
});

/** Each wait of a run that is bounded by seconds: what is locked, what runs into it, and what is said then. */
const WAITS: [
  name: string,
  locked: string,
  run: (db: Db, hold: () => Promise<unknown>) => Promise<unknown>,
  said: RegExp,
][] = [
  [
    "between two steps, for the repair's lock",
    `${R}.run_lock IN EXCLUSIVE MODE`,
    async (db, hold) => {
      const { at } = await step(db.login, null);
      await hold();
      await step(db.login, at);
    },
    /the repair's lock has been held for 30 seconds by process PID of the role postgres/,
  ],
  [
    "beginning",
    `${R}.client_table IN ACCESS EXCLUSIVE MODE`,
    (db, hold) => hold().then(() => db.repair()),
    /could not begin: .*; in the way: src_vn_json_repair\.client_table is locked \(AccessExclusiveLock\) by process PID of the role postgres, (in a transaction since|for at least)/,
  ],
  [
    "comparing",
    "src_vn_json.observations_json IN ACCESS EXCLUSIVE MODE",
    (db, hold) => hold().then(() => db.repair()),
    /run 1 of the repair failed while comparing: .*; in the way: src_vn_json\.observations_json is locked \(AccessExclusiveLock\) by process PID of the role postgres/,
  ],
  [
    "closing",
    "dbadmin.monitoring_vn_check_to_prod IN SHARE MODE",
    (db, hold) => hold().then(() => db.repair()),
    /run 1 of the repair could not be closed, what it has written stays: .*; in the way: dbadmin\.monitoring_vn_check_to_prod is locked \(ShareLock\) by process PID of the role postgres/,
  ],
];
test("Q10: a wait of a repair that is given up ends it with the holder's name: table, lock, process, role", async () => {
  const waits = WAITS.map(async ([name, locked, run, said]) => {
    const db = await world.database({});
    await putCheck(db, { id: 1, ts: 5 });
    const holder = await db.connect();
    const pid = (await holder.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;
    const hold = () => holder.query(`BEGIN; LOCK TABLE ${locked}`);
    await expect(run(db, hold), name).rejects.toThrow(new RegExp(said.source.replace("PID", pid)));
    await holder.query("ROLLBACK");
    expect(await db.repair("whole"), name).toMatchObject({ status: "done" });
    expect(await mainRows(db), name).toEqual({ "1/vn38": 5 });
  });
  await Promise.all(waits);
}, 150_000);

test("Q10: who keeps a view from being refreshed is named too", async () => {
  const db = await world.database({});
  await putCheck(db, { id: 1, ts: 5 });
  await db.admin.query("BEGIN; REFRESH MATERIALIZED VIEW src_vn_json_check.qgis_data");
  expect((await db.repair()).message).toMatch(
    /the views were not refreshed: .*in the way: src_vn_json_check\.qgis_data is locked \(.*AccessExclusiveLock.*\) by process \d+ of the role postgres/,
  );
  await db.admin.query("COMMIT");
});

test("Q10: an installation or a removal that waits in vain names who was in the way, and changes nothing", async () => {
  const cases: [string, (db: Db) => Promise<Client>, (db: Db) => Promise<unknown>, string][] = [
    [
      "the lock of the installation, which any role can take",
      async (db) => {
        await db.admin.query("CREATE ROLE idler LOGIN PASSWORD 'only-for-tests'");
        const idler = await db.connect("idler");
        await idler.query("SELECT pg_advisory_lock(hashtext('vn-sync-check install'))");
        return idler;
      },
      (db) => install(db.admin, installation(), { locale: "fr" }),
      "another session holds the lock of the installation: process PID of the role idler \\(.*idle\\), connected since 20[\\s\\S]*pg_terminate_backend",
    ],
    [
      "a writer of check, under the triggers",
      async (db) => {
        const writer = await db.connect("vn_check");
        await writer.query("BEGIN");
        await putCheck({ ...db, login: writer }, { id: 9, ts: 5 });
        return writer;
      },
      (db) => install(db.admin, installation(), { locale: "fr" }),
      "Un verrou a manqué\\.[\\s\\S]*pid PID, .*, rôle vn_check, idle in transaction, transaction ouverte depuis 20.* : .*src_vn_json_check\\.observations_json \\(.*RowExclusiveLock\\)[\\s\\S]*Rien de cette étape",
    ],
    [
      "a reader of check, under what is dropped",
      async (db) => {
        const reader = await db.connect("vn_check");
        await reader.query("BEGIN; SELECT FROM src_vn_json_check.observations_json");
        return reader;
      },
      (db) => remove(db.admin, installation(), { data: false }),
      "A lock was not to be had\\.[\\s\\S]*pid PID, .*, role vn_check, idle in transaction, in a transaction since 20.*: src_vn_json_check\\.observations_json \\(AccessShareLock\\)[\\s\\S]*Nothing of this step",
    ],
  ];
  await Promise.all(
    cases.map(async ([name, hold, run, said]) => {
      const db = await world.database({});
      const holder = await hold(db);
      const { pid } = (await holder.query("SELECT pg_backend_pid()::text AS pid")).rows[0];
      await expect(run(db), name).rejects.toThrow(new RegExp(said.replace("PID", pid)));
      await holder.query("ROLLBACK");
      await holder.end();
      expect(await db.repair(), name).toMatchObject({ status: "done" });
      await install(db.admin, installation());
    }),
  );
}, 150_000);

/** An object under one of our names, of a role that is neither ours nor an administrator, and what runs as whoever touches it. */
const FOREIGN: [string, string, RegExp][] = [
  [
    "the repair's schema, with our comment",
    "CREATE SCHEMA src_vn_json_repair; COMMENT ON SCHEMA src_vn_json_repair IS 'vn-sync-check: mine'; CREATE TABLE src_vn_json_repair.settings (LIKE local.bait); CREATE TRIGGER t BEFORE INSERT OR UPDATE OR DELETE ON src_vn_json_repair.settings FOR EACH ROW EXECUTE FUNCTION local.act()",
    /schema src_vn_json_repair belongs to local[\s\S]*table src_vn_json_repair\.settings belongs to local/,
  ],
  [
    "the repair's schema without a comment",
    "CREATE SCHEMA src_vn_json_repair",
    /schema src_vn_json_repair belongs to local/,
  ],
  [
    "a table of version 0.1",
    "CREATE SCHEMA src_vn_json_check; CREATE TABLE src_vn_json_check.repair_setting (LIKE local.bait); CREATE TRIGGER t BEFORE INSERT ON src_vn_json_check.repair_setting FOR EACH ROW EXECUTE FUNCTION local.act()",
    /table src_vn_json_check\.repair_setting belongs to local/,
  ],
  [
    "a view of version 0.1",
    "CREATE SCHEMA src_vn_json_check; CREATE VIEW src_vn_json_check.repair_run AS SELECT local.mark() AS id",
    /view src_vn_json_check\.repair_run belongs to local/,
  ],
  [
    "a view as a table of the client",
    "CREATE SCHEMA src_vn_json_check; CREATE VIEW src_vn_json_check.observations_json AS SELECT 1 AS id, 'a'::varchar AS site, '{}'::jsonb AS item, local.mark() AS update_ts",
    /view src_vn_json_check\.observations_json belongs to local/,
  ],
  [
    "a table in the monitoring schema",
    "CREATE SCHEMA dbadmin; CREATE TABLE dbadmin.vn_instance (check_schema name PRIMARY KEY, main_schema name, instance text, installed_at timestamptz DEFAULT local.mark()); CREATE TRIGGER t BEFORE INSERT ON dbadmin.vn_instance FOR EACH ROW EXECUTE FUNCTION local.act()",
    /table dbadmin\.vn_instance belongs to local/,
  ],
  [
    "a trigger on the monitoring table",
    "CREATE SCHEMA dbadmin; CREATE TABLE dbadmin.monitoring_vn_check_to_prod (id serial, date timestamptz, action varchar, count integer); CREATE TRIGGER t BEFORE INSERT ON dbadmin.monitoring_vn_check_to_prod FOR EACH ROW EXECUTE FUNCTION local.act()",
    /monitoring_vn_check_to_prod.*belongs to local/,
  ],
];
test.each(FOREIGN)(
  "Q8: %s, of somebody else: refused with its owner's name, nothing changed, nothing of theirs run",
  async (_name, sql, said) => {
    const db = await world.database(null);
    await db.admin.query(`
    CREATE ROLE local NOLOGIN; CREATE TABLE public.acted (as_whom name); GRANT ALL ON public.acted TO PUBLIC;
    GRANT CREATE ON DATABASE "${db.name}" TO local; CREATE SCHEMA local AUTHORIZATION local; SET ROLE local;
    CREATE FUNCTION local.mark() RETURNS integer LANGUAGE sql AS 'INSERT INTO public.acted VALUES (current_user); SELECT 1';
    CREATE FUNCTION local.act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM local.mark(); RETURN NEW; END';
    CREATE TABLE local.bait (instance text)`);
    await db.admin.query(sql.replace("DEFAULT local.mark()", ""));
    await db.admin.query("RESET ROLE");
    const objects = () =>
      db.rows(
        "SELECT relname, relowner, xmin FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|information' ORDER BY oid",
      );
    const before = await objects();
    for (const parts of [undefined, ["repair"] as const])
      await expect(install(db.admin, installation(), { ...(parts && { parts }) })).rejects.toThrow(said);
    expect(await objects()).toEqual(before);
    expect(await db.rows("SELECT * FROM public.acted")).toEqual([]);
    await db.admin.query("DROP OWNED BY local; DROP ROLE local");
  },
);

test("Q8: a hand-made check schema and dbadmin of another role are installed over, and nothing of theirs runs as the administrator", async () => {
  const db = await world.database(null);
  await db.admin.query(`
    CREATE ROLE keeper NOLOGIN; GRANT CREATE ON DATABASE "${db.name}" TO keeper; CREATE TABLE public.acted (as_whom name, what text);
    GRANT ALL ON public.acted TO PUBLIC; GRANT USAGE ON SCHEMA src_vn_json TO keeper; GRANT SELECT ON ALL TABLES IN SCHEMA src_vn_json TO keeper; SET ROLE keeper;
    CREATE SCHEMA src_vn_json_check; CREATE SCHEMA dbadmin; CREATE SCHEMA keeper;
    CREATE FUNCTION keeper.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.acted VALUES (current_user, TG_OP); RETURN NEW; END $$;
    CREATE TABLE src_vn_json_check.observations_json (LIKE src_vn_json.observations_json INCLUDING ALL);
    CREATE TRIGGER mine BEFORE INSERT OR UPDATE OR DELETE ON src_vn_json_check.observations_json FOR EACH ROW EXECUTE FUNCTION keeper.act();
    CREATE TABLE dbadmin.monitoring_vn_check_to_prod (id serial PRIMARY KEY, date timestamptz DEFAULT now(), action varchar, count integer);
    CREATE FUNCTION dbadmin.email_notify(message text, subject varchar, recipient varchar) RETURNS void LANGUAGE sql AS
      $$ INSERT INTO public.acted VALUES (current_user, 'mail') $$;
    RESET ROLE; GRANT EXECUTE ON FUNCTION dbadmin.email_notify(text, varchar, varchar) TO PUBLIC`);
  await install(db.admin, installation({ mailTo: "a@example.org" }));
  await db.admin.query("CALL src_vn_json_check.fct_fix_sync()");
  await install(db.admin, installation({ mailTo: "a@example.org" }));
  expect(await db.rows("SELECT * FROM public.acted")).toEqual([]);
  await putCheck(db, { id: 1, ts: 5 });
  await db.login.query("GRANT USAGE ON SCHEMA dbadmin TO vn_check").catch(() => undefined);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
  expect(await db.rows("SELECT DISTINCT as_whom FROM public.acted")).toEqual([{ as_whom: "vn_check" }]);
});

test("Q8: a user's materialized view on top of ours is filled again as its owner, not as the administrator", async () => {
  const db = await world.database({});
  await db.admin.query(`
    CREATE ROLE mapper NOLOGIN; CREATE SCHEMA mapper AUTHORIZATION mapper; CREATE TABLE public.seen_as (who name); GRANT ALL ON public.seen_as TO PUBLIC;
    GRANT USAGE ON SCHEMA src_vn_json_check TO mapper; GRANT SELECT ON src_vn_json_check.mv_data_missing_or_not_updated TO mapper; SET ROLE mapper;
    CREATE FUNCTION mapper.me() RETURNS text LANGUAGE sql AS 'SELECT current_user::text';
    CREATE MATERIALIZED VIEW mapper.mine AS SELECT mapper.me() AS me, count(*) FROM src_vn_json_check.mv_data_missing_or_not_updated;
    RESET ROLE; COMMENT ON MATERIALIZED VIEW src_vn_json_check.mv_data_missing_or_not_updated IS 'vn-sync-check: of an older version'`);
  await install(db.admin, installation());
  expect(await db.rows("SELECT me FROM mapper.mine")).toEqual([{ me: "mapper" }]);
});

/** Whoever writes main's triggers acts as the repair while it writes. */
const asTheRepair = (body: string) => `
  CREATE FUNCTION src_vn_json.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
  CREATE TRIGGER act BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.act()`;

test("what main's triggers do as the repair cannot reach what an administrator will run, drop or go by", async () => {
  const db = await world.database({ deletions: "report" });
  const attempts = [
    "INSERT INTO src_vn_json_repair.replaced_object (kind, name, owner, definition) VALUES ('procedure', 'x', 'postgres', 'ALTER ROLE vn_main CREATEROLE')",
    "INSERT INTO src_vn_json_repair.made_object (object) VALUES ('table keepsake')",
    "UPDATE src_vn_json_repair.settings SET deletions = 'apply', login_role = 'vn_main'",
    "DELETE FROM src_vn_json_repair.settings",
  ];
  await db.main.query(
    asTheRepair(
      attempts
        .map(
          (sql) =>
            `BEGIN EXECUTE ${escapeLiteral(sql)}; EXCEPTION WHEN insufficient_privilege THEN NULL; END;`,
        )
        .join("\n"),
    ),
  );
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
  expect(await db.rows(`SELECT deletions, login_role FROM ${R}.settings`)).toEqual([
    { deletions: "report", login_role: "vn_check" },
  ]);
  expect(await db.rows(`SELECT FROM ${R}.made_object WHERE object = 'table keepsake'`)).toEqual([]);
  expect(await db.rows(`SELECT FROM ${R}.replaced_object`)).toEqual([]);
  await remove(db.admin, installation(), { data: false });
  expect(await db.rows("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'vn_main'")).toEqual([
    { rolcreaterole: false },
  ]);
});

test("a temporary table of the caller's is never taken by main's triggers for one of theirs", async () => {
  const db = await world.database({});
  await db.main.query(
    asTheRepair(
      "IF to_regclass('extra_log') IS NOT NULL THEN EXECUTE 'INSERT INTO extra_log VALUES (1)'; END IF;",
    ),
  );
  await db.admin.query("CREATE TABLE public.acted (as_whom name); GRANT INSERT ON public.acted TO PUBLIC");
  await putCheck(db, { id: 1, ts: 5 });
  await db.login.query(`
    CREATE FUNCTION pg_temp.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO public.acted VALUES (current_user); RETURN NEW; END $$;
    CREATE TEMPORARY TABLE extra_log (id integer); GRANT ALL ON extra_log TO PUBLIC;
    CREATE TRIGGER act BEFORE INSERT ON extra_log FOR EACH ROW EXECUTE FUNCTION pg_temp.act()`);
  const refused = /temporary objects of its own \(.*extra_log.*\).*DISCARD TEMP/;
  for (const dryRun of [true, false]) await expect(db.repair("whole", { dryRun })).rejects.toThrow(refused);
  const said = (await db.login.query(`SELECT problem FROM ${R}.preflight()`)).rows;
  expect(said).toEqual([{ problem: expect.stringMatching(refused) }]);
  // Nor one that is made between two steps.
  await db.login.query("DISCARD TEMP");
  let { at } = await step(db.login, null);
  ({ at } = await step(db.login, at));
  await db.login.query("CREATE TEMPORARY VIEW extra_log AS SELECT 1 AS id");
  await expect(step(db.login, at)).rejects.toThrow(refused);
  expect(await db.rows("SELECT * FROM public.acted")).toEqual([]);
  await db.login.query("DISCARD TEMP");
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
});

test("types of the caller's search_path are not taken for the server's, by what runs with the caller's rights", async () => {
  const db = await world.database({});
  await db.admin.query(`
    CREATE TABLE public.acted (as_whom name); GRANT INSERT ON public.acted TO PUBLIC; CREATE ROLE typist;
    GRANT CREATE ON DATABASE "${db.name}" TO typist; SET ROLE typist; CREATE SCHEMA typist; GRANT USAGE ON SCHEMA typist TO PUBLIC;
    CREATE FUNCTION typist.mark() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.acted VALUES (current_user); RETURN true; END $$`);
  for (const type of ["text", "jsonb", "timestamptz", "name", "oid", "regclass"])
    await db.admin.query(`CREATE DOMAIN typist.${type} AS pg_catalog.${type} CHECK (typist.mark())`);
  await db.admin.query("RESET ROLE");
  await putCheck(db, { id: 1, ts: 5 });
  const person = await db.connect();
  await person.query("SET search_path = typist, pg_catalog");
  await person.query(`CALL ${R}.repair('whole', NULL, true, NULL, NULL)`);
  await person.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
  await person.query("CALL src_vn_json_check.fct_fix_sync('a@example.org'::pg_catalog.text)");
  await person.query("DELETE FROM src_vn_json_check.observations_json");
  expect(await db.rows("SELECT * FROM public.acted")).toEqual([]);
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
  await db.admin.query("DROP OWNED BY typist; DROP ROLE typist");
});

test("a role that may merely connect has no right on anything of ours", async () => {
  const db = await world.database({ deletions: "apply", sameRights: true });
  await db.admin.query("CREATE ROLE passer_by LOGIN PASSWORD 'only-for-tests'");
  const passerBy = await db.connect("passer_by");
  const { rows } = await passerBy.query(`
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin'))
    SELECT 'schema ' || nspname AS may FROM ours WHERE has_schema_privilege(oid, 'USAGE') OR has_schema_privilege(oid, 'CREATE')
     UNION ALL
    SELECT 'relation ' || c.relname FROM ours JOIN pg_class AS c ON c.relnamespace = ours.oid
     WHERE CASE WHEN c.relkind IN ('r', 'p', 'v', 'm')
                THEN has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') END
     UNION ALL
    SELECT 'sequence ' || c.relname FROM ours JOIN pg_class AS c ON c.relnamespace = ours.oid
     WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE') END
     UNION ALL
    SELECT 'routine ' || p.proname FROM ours JOIN pg_proc AS p ON p.pronamespace = ours.oid
     WHERE has_function_privilege(p.oid, 'EXECUTE')`);
  expect(rows).toEqual([]);
  await db.admin.query("DROP ROLE passer_by").catch(() => undefined);
});

test("no routine of ours goes by a setting that a session can give itself", async () => {
  const db = await world.database({ deletions: "apply" });
  const told = await db.rows<{ name: string }>(
    `SELECT proname AS name FROM pg_proc
      WHERE pronamespace IN ('src_vn_json_check'::regnamespace, 'src_vn_json_repair'::regnamespace, 'dbadmin'::regnamespace)
        AND prosrc ~* 'current_setting\\s*\\(\\s*''\\w+\\.'`,
  );
  expect(told).toEqual([]);
});

test("the largest number that can be agreed to is one", async () => {
  const db = await world.database({});
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair("whole", { accept: 2147483647 })).toMatchObject({ status: "done", inserted: 1 });
});
