import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../../sql/installer";
import { print } from "../../sql/print";
import { type Catalog, catalog } from "../support/catalog";
import {
  type Databases,
  type Db,
  installation,
  makeClientTables,
  type Options,
  put,
  putCheck,
  putMain,
  ROLES,
  startDatabases,
} from "./support";

// From version 0.1 to this one: the catalog is that of a fresh installation, and no row of the history is lost.

const SECOND = { owner: "vn_check_second_owner", repair: "vn_check_second_repair", login: "vn_check_second" };
const NAMES = {
  main: "src_vn_json",
  ours: ["src_vn_json_check", "src_vn_json_repair", "dbadmin"],
  roles: Object.values(ROLES),
};
const BOTH = {
  ...NAMES,
  ours: [...NAMES.ours, "src_vn_json_check_second", "src_vn_json_repair_second"],
  roles: [...NAMES.roles, ...Object.values(SECOND)],
};

const fixture = (name: string) => readFileSync(join(__dirname, "fixtures", name), "utf8");
const VALUES = JSON.parse(fixture("version_0_1.json")) as Record<string, Record<string, string>>;

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
  const admin = await world.cluster.connect("postgres");
  await admin.query(`CREATE ROLE ${SECOND.repair} NOLOGIN;
    CREATE ROLE ${SECOND.login} LOGIN PASSWORD 'only-for-tests'`);
  await admin.end();
});
afterAll(() => world.stop());

type Variant = "with roles" | "by hand" | "second instance";

/** What version 0.1 sent to the server, for one of the three installations that the fixture knows. */
function filled(file: string, variant: Variant): string {
  return fixture(file).replace(/\{\{(\w+)\}\}/g, (_, key: string) => VALUES[variant]?.[key] ?? `?${key}?`);
}

async function installOld(admin: Client, variant: Variant): Promise<void> {
  const [tables = "", repair = ""] = filled("version_0_1.sql", variant).split(/^(?<=COMMIT;\n\n)/m);
  // By hand the check tables are the client's own.
  if (variant === "by hand") await makeClientTables(admin, "src_vn_json_check");
  else await admin.query(tables);
  await admin.query(repair);
  const check = VALUES[variant]?.["check"];
  // As the two roles' owner, as `assume` let it.
  const { rows } = await admin.query(`SELECT statement FROM ${check}.fix_index_statements() WHERE may`);
  for (const { statement } of rows) await admin.query(statement);
}

/** A database with 0.1 in it that has repaired, and has years of history. */
async function old(variant: "with roles" | "by hand" = "with roles"): Promise<Db> {
  const db = await world.database(null);
  await installOld(db.admin, variant);
  const sync = variant === "by hand" ? db.admin : db.login;
  await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 9 });
  await put(sync, "src_vn_json_check", { id: 1, ts: 7 }, { id: 2, ts: 9 }, { id: 3, ts: 5 });
  await sync.query("CALL src_vn_json_check.fix_run('weekly', false, NULL, NULL)");
  await sync.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 2");
  await db.admin.query("SELECT nextval('src_vn_json_check.repair_loss_seq')");
  await db.admin.query(filled("version_0_1_history.sql", variant));
  return db;
}

async function fresh(options: Options = {}): Promise<Db> {
  const db = await world.database(null);
  await install(db.admin, installation(options));
  return db;
}

const look = (db: Db, names = NAMES): Promise<Catalog> => catalog(world.cluster, db.name, names);

/** Each table of 0.1, and where its rows are now: two queries that give the same. */
const HISTORY: [string, string][] = [
  [
    `SELECT id, CASE mode WHEN 'daily' THEN 'journal' WHEN 'weekly' THEN 'whole' ELSE 'contents' END AS mode,
            CASE status WHEN 'running' THEN 'interrupted' ELSE status END AS status, started_at, started_by, pid, backend_start,
            (context ->> 'accept')::integer AS accept, (compared ->> 'whole')::boolean AS whole,
            NOT (compared ->> 'journal_lost')::boolean AS journal_complete, message,
            (SELECT j.id FROM src_vn_json_check.job_run AS j WHERE j.repair_run_id = r.id) AS job,
            coalesce((summary ->> 'inserted')::integer, 0) AS inserted, coalesce((summary ->> 'updated')::integer, 0) AS updated,
            coalesce((summary ->> 'deleted')::integer, 0) AS deleted, coalesce((summary ->> 'set_aside')::integer, 0) AS set_aside
       FROM src_vn_json_check.repair_run AS r ORDER BY id`,
    `SELECT id, mode::text, status::text, started_at, started_by, pid, backend_start, accept, whole, journal_complete, message, job,
            inserted, updated, deleted, set_aside FROM src_vn_json_repair.run ORDER BY id`,
  ],
  [
    "SELECT id, ended_at FROM src_vn_json_check.repair_run WHERE status <> 'running' ORDER BY id",
    "SELECT id, ended_at FROM src_vn_json_repair.run WHERE message IS DISTINCT FROM 'its session ended' AND id <> 7 ORDER BY id",
  ],
  [
    "SELECT run_id AS run, tab AS table_name, action, id, site, key, old_ts AS old_update_ts, new_ts AS new_update_ts FROM src_vn_json_check.repair_row ORDER BY 1, 2, 4",
    "SELECT run, table_name, action::text, id, site, key, old_update_ts, new_update_ts FROM src_vn_json_repair.change ORDER BY 1, 2, 4",
  ],
  [
    // The same observation both followed and suspected: the first says it all.
    `SELECT tab AS table_name, action, id, site, key, check_ts, main_ts, run_id AS run, sqlstate, message, tries, first_seen,
            CASE WHEN state = 'busy' THEN 'locked' WHEN state = 'lost' THEN 'lost by others' WHEN state = 'reported' THEN 'deletion reported'
                 WHEN state = 'version unknown' THEN 'newer in main' WHEN state = 'held' AND message ~ 'by run' THEN 'deleted by a run'
                 WHEN state = 'held' THEN 'deleted in main' ELSE state END AS state,
            CASE stage WHEN 200 THEN 'missing' WHEN 201 THEN 'older' WHEN 202 THEN 'other content' WHEN 300 THEN 'deleted in check'
                 WHEN 301 THEN 'not downloaded' END AS reason
       FROM src_vn_json_check.repair_open WHERE (stage, id) <> (301, 2011) ORDER BY id`,
    `SELECT table_name, action::text, id, site, key, check_update_ts AS check_ts, main_update_ts AS main_ts, run, sqlstate, message, tries,
            first_at AS first_seen, state, reason::text FROM src_vn_json_repair.difference ORDER BY id`,
  ],
  [
    "SELECT id, site FROM src_vn_json_check.repair_journal WHERE kind = 0 ORDER BY 1",
    "SELECT id, site FROM src_vn_json_repair.journal_observation ORDER BY 1",
  ],
  [
    "SELECT id, site FROM src_vn_json_check.repair_journal WHERE kind = 1 ORDER BY 1",
    "SELECT id, site FROM src_vn_json_repair.journal_form ORDER BY 1",
  ],
  [
    // One mark was in the sequence alone.
    "SELECT reason FROM src_vn_json_check.repair_loss UNION ALL SELECT 'marked before the upgrade' ORDER BY 1",
    "SELECT reason FROM src_vn_json_repair.journal_gap ORDER BY 1",
  ],
  [
    "SELECT id, site, at FROM src_vn_json_check.repair_seen ORDER BY 1, 3",
    "SELECT id, site, at FROM src_vn_json_repair.downloaded_key ORDER BY 1, 3",
  ],
  [
    "SELECT id, site, update_ts, item, id_form_universal, deleted_at, deleted_by, state AS fate FROM src_vn_json_check.repair_tombstone ORDER BY 1",
    "SELECT id, site, update_ts, item, id_form_universal, deleted_at, deleted_by, fate::text FROM src_vn_json_repair.tombstone ORDER BY 1",
  ],
  [
    "SELECT id, site, update_ts, deleted_at, deleted_by FROM src_vn_json_check.repair_main_delete ORDER BY 1",
    "SELECT id, site, update_ts, deleted_at, deleted_by FROM src_vn_json_repair.main_deletion ORDER BY 1",
  ],
  [
    "SELECT id, run_id AS run, tab AS table_name, row_id, site, reason, deleted_at, restored_at, content FROM src_vn_json_check.repair_deleted ORDER BY 1",
    "SELECT id, run, table_name, row_id, site, reason::text, deleted_at, restored_at, content FROM src_vn_json_repair.deleted_row ORDER BY 1",
  ],
  [
    `SELECT id, verb, CASE WHEN ended_at IS NULL THEN 'failed' ELSE status END AS status, started_at, window_from, window_to,
            repair_run_id AS repair_run, detail ->> 'log' AS log_path, detail ->> 'message' AS message FROM src_vn_json_check.job_run ORDER BY 1`,
    "SELECT id, verb::text, status::text, started_at, window_from, window_to, repair_run, log_path, message FROM src_vn_json_repair.job ORDER BY 1",
  ],
  [
    `SELECT r.id AS job, s ->> 'site' AS site, (s ->> 't0')::timestamp AS since, (s ->> 'expected')::integer AS expected,
            (s ->> 'rows')::bigint AS rows, (s ->> 'proven')::boolean AS proven, jsonb_array_length(s -> 'unproven') AS gaps,
            jsonb_array_length(s -> 'doubts') AS doubts, coalesce(jsonb_array_length(detail #> ARRAY['extrasFailed', s ->> 'site']), 0) AS extras,
            s ->> 'references' AS missing, NOT coalesce(detail -> 'updatesFailed' ? (s ->> 'site'), false) AS updated
       FROM src_vn_json_check.job_run AS r, jsonb_array_elements(proof -> 'sites') AS s ORDER BY 1, 2`,
    `SELECT s.job, s.site, since, expected, rows, proven, (SELECT count(*)::integer FROM src_vn_json_repair.job_gap AS g
                WHERE g.job = s.job AND g.site = s.site) AS gaps, cardinality(doubts) AS doubts, cardinality(extras_failed) AS extras,
            to_jsonb(missing)::text AS missing, updated FROM src_vn_json_repair.job_site AS s ORDER BY 1, 2`,
  ],
  [
    `SELECT r.id AS job, s.key AS site, (e ->> 'taxo')::integer AS taxo_group, (e ->> 'last')::timestamp AS last_ts
       FROM src_vn_json_check.job_run AS r, jsonb_each(detail -> 'increments') AS s, jsonb_array_elements(s.value) AS e ORDER BY 1, 2, 3`,
    "SELECT job, site, taxo_group, last_ts FROM src_vn_json_repair.increment_backup ORDER BY 1, 2, 3",
  ],
  [
    "SELECT object, made_at FROM src_vn_json_check.repair_made ORDER BY 1",
    "SELECT object, made_at FROM src_vn_json_repair.made_object ORDER BY 1",
  ],
  [
    "SELECT id, at, kind, name, owner, definition FROM src_vn_json_check.repair_replaced ORDER BY 1",
    "SELECT id, at, kind, name, owner, definition FROM src_vn_json_repair.replaced_object ORDER BY 1",
  ],
  ...[
    "SELECT * FROM dbadmin.monitoring_vn_check_to_prod ORDER BY 1",
    "SELECT id, queued_at, queued_by, recipient, subject, message, sent_at, tries, error FROM dbadmin.mail_queue ORDER BY 1",
    "SELECT * FROM dbadmin.vn_instance ORDER BY 1",
  ].map((same): [string, string] => [same, same]),
];

/** Upgrades, and expects each row of the history where it has to be. */
async function upgraded(db: Db, upgrade: () => Promise<unknown>, history = HISTORY): Promise<void> {
  const before: Record<string, unknown>[][] = [];
  for (const [query] of history) before.push(await db.rows(query));
  for (const [i, rows] of before.entries()) expect(rows, history[i]?.[0]).not.toEqual([]);
  await upgrade();
  for (const [i, [, query]] of history.entries()) expect(await db.rows(query), query).toEqual(before[i]);
}

/** What a run that is not history differs in: the settings, and what the tables of the client are known to be. */
async function expectSame(db: Db, other: Db, names = NAMES): Promise<void> {
  expect(await look(db, names)).toEqual(await look(other, names));
  for (const table of ["settings", "client_table"]) {
    const query = `SELECT to_jsonb(t) - 'gaps_seen' - 'surroundings_seen' - 'columns_seen' AS row FROM src_vn_json_repair.${table} AS t ORDER BY 1`;
    expect(await db.rows(query), table).toEqual(await other.rows(query));
  }
}

describe("with the stack's roles", () => {
  let db: Db;
  test("the catalog is that of a fresh installation, and each row of the history is there", async () => {
    db = await old();
    await upgraded(db, () => install(db.admin, installation()));
    await expectSame(db, await fresh());
  });

  test("done twice, it is the same", async () => {
    const before = await look(db);
    const rows = [];
    for (const [, query] of HISTORY) rows.push(await db.rows(query));
    await install(db.admin, installation());
    expect(await look(db)).toEqual(before);
    for (const [i, [, query]] of HISTORY.entries()) expect(await db.rows(query), query).toEqual(rows[i]);
  });

  test("the next repair goes on: numbers, journal, what was open, a deletion that waits", async () => {
    expect(await db.rows("SELECT src_vn_json_repair.restore(1) AS back")).toEqual([{ back: true }]);
    await putCheck(db, { id: 4, ts: 5 });
    // The gap that was marked makes it a whole pass, which concludes no deletion.
    const result = await db.repair();
    expect(result).toMatchObject({ run: 8, status: "done", inserted: 1, deleted: 0 });
    expect(
      await db.rows("SELECT whole, journal_complete FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 1"),
    ).toEqual([{ whole: true, journal_complete: false }]);
    expect(await db.repair()).toMatchObject({ run: 9, open: { "deletion reported": 1 } });
    const [{ id } = { id: 0 }] = await db.rows<{ id: number }>(
      "SELECT src_vn_json_repair.begin_job('daily', NULL, NULL, NULL, NULL)::integer AS id",
    );
    expect(id).toBe(6);
  });
});

test("0.1 uninstalled before, its data kept: each row of the history is there", async () => {
  const db = await old();
  // What goes with an uninstallation, and objects that it put back.
  const gone = /repair_(open|journal|loss|seen|replaced)|mail_queue|vn_instance/;
  await upgraded(
    db,
    async () => {
      await db.admin.query(filled("version_0_1_removal.sql", "with roles"));
      await install(db.admin, installation());
    },
    HISTORY.filter(([query]) => !gone.test(query)),
  );
  await expectSame(db, await fresh());
});

test("what users made stays: a routine called fix_…, a view on ours with its rights", async () => {
  const db = await old();
  await db.admin.query(`
    CREATE FUNCTION src_vn_json_check.fix_mine() RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION src_vn_json_check.fix_run(mine integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
    CREATE ROLE some_reader NOLOGIN;
    CREATE VIEW public.mine AS SELECT checkdata_id, site FROM src_vn_json_check.mv_data_missing_or_not_updated;
    GRANT SELECT ON public.mine TO some_reader`);
  await install(db.admin, installation());
  expect(
    await db.rows("SELECT src_vn_json_check.fix_mine() AS one, src_vn_json_check.fix_run(1) AS two"),
  ).toEqual([{ one: 1, two: 2 }]);
  expect(
    await db.rows(
      "SELECT has_table_privilege('some_reader', 'public.mine', 'SELECT') AS may FROM public.mine LIMIT 1",
    ),
  ).toEqual([{ may: true }]);
});

test("by hand, with psql: the same", async () => {
  const byHand = (db: Db) =>
    execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
      input: print("install", installation({ roles: null })),
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...world.cluster.env(db.name) },
    });
  const db = await old("by hand");
  // Nothing was made outside, so 0.1 had no list of it.
  await upgraded(
    db,
    async () => byHand(db),
    HISTORY.filter(([query]) => !query.includes("repair_made")),
  );
  const other = await world.database(null);
  await makeClientTables(other.admin, "src_vn_json_check");
  byHand(other);
  await expectSame(db, other);
  byHand(db);
  await expectSame(db, other);
});

test("two instances: one is upgraded while the other goes on with 0.1, then that one", async () => {
  const second: Options = { instance: "second", roles: SECOND };
  const db = await old();
  await installOld(db.admin, "second instance");
  const login = await db.connect(SECOND.login);
  const insert = "INSERT INTO src_vn_json_check_second.observations_json VALUES ($1, 'vn38', '{}', 5)";

  await install(db.admin, installation());
  await login.query(insert, [11]);
  await login.query("CALL src_vn_json_check_second.fct_fix_sync('x@example.org')");
  await db.login.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
  expect(await db.rows("SELECT id FROM src_vn_json.observations_json WHERE id = 11")).toHaveLength(1);
  expect(await db.rows("SELECT recipient FROM dbadmin.mail_queue WHERE recipient ~ '^x'")).toHaveLength(1);

  await install(db.admin, installation(second));
  await login.query(insert, [12]);
  await login.query("CALL src_vn_json_check_second.fct_fix_sync(FALSE)");
  expect(
    await db.rows("SELECT id::integer, inserted FROM src_vn_json_repair_second.run ORDER BY id"),
  ).toEqual([
    { id: 1, inserted: 1 },
    { id: 2, inserted: 1 },
  ]);
  const other = await fresh();
  await install(other.admin, installation(second));
  await expectSame(db, other, BOTH);
});

test("main's owner is somebody else: deletions are watched on, and what has to be handed over brings it to an end", async () => {
  const db = await world.database(null);
  const other = await world.database(null);
  await db.admin.query("CREATE ROLE adm_up LOGIN PASSWORD 'only-for-tests' CREATEROLE");
  const roles = { owner: "o_up", repair: "r_up", login: "l_up" };
  const admins: Client[] = [];
  for (const d of [db, other]) {
    await d.admin.query(`GRANT CREATE ON DATABASE "${d.name}" TO adm_up`);
    await d.main.query("GRANT USAGE ON SCHEMA src_vn_json TO adm_up");
    admins.push(await d.connect("adm_up"));
  }
  const [admin, admin2] = admins as [Client, Client];
  await admin.query("CREATE ROLE r_up NOLOGIN; CREATE ROLE l_up LOGIN PASSWORD 'only-for-tests'");
  const sql = filled("version_0_1.sql", "with roles")
    .replaceAll("'vn_check_owner'", "'o_up'")
    .replaceAll("'vn_check_repair'", "'r_up'")
    .replaceAll("'vn_check'", "'l_up'");
  await admin.query(sql);
  await handOver(
    db,
    (await db.rows<{ s: string }>("SELECT fix_handover AS s FROM src_vn_json_check.fix_handover()")).map(
      (r) => r.s,
    ),
  );
  await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });

  const { handover } = await install(admin, installation({ roles }));
  expect(handover.join("\n")).toContain("TRIGGER");
  // Between the two the old trigger writes into the new table.
  await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1");
  expect(await db.rows("SELECT id, deleted_by FROM src_vn_json_repair.main_deletion")).toEqual([
    { id: 1, deleted_by: "vn_main" },
  ]);
  await handOver(db, handover);
  expect((await install(admin, installation({ roles }))).handover).toEqual([]);
  await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 2");
  expect(await db.rows("SELECT id FROM src_vn_json_repair.main_deletion ORDER BY 1")).toEqual([
    { id: 1 },
    { id: 2 },
  ]);

  await handOver(other, (await install(admin2, installation({ roles }))).handover);
  await install(admin2, installation({ roles }));
  await expectSame(db, other, { ...NAMES, roles: Object.values(roles) });
});

/** Main's owner runs what is left to it; what lets it see our schema comes first, from the superuser. */
async function handOver(db: Db, statements: string[]): Promise<void> {
  for (const statement of statements) {
    const client = /TO "?vn_main"?/.test(statement) ? db.admin : db.main;
    await client.query(statement);
  }
}
