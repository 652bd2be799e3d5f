import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Databases,
  type Db,
  fill,
  lacking,
  mainRows,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const monitoring = (db: Db) =>
  db.rows(
    "SELECT action, count, instance, run_id::integer FROM dbadmin.monitoring_vn_check_to_prod ORDER BY id",
  );

test("the newest version wins, by id and site, and main's newer rows stay", async () => {
  const db = await world.database();
  await putMain(
    db,
    { id: 1, ts: 10 },
    { id: 2, ts: 10 },
    { id: 3, ts: 30 },
    { id: 4, ts: 10, site: "vn07" },
    { id: 9, ts: 1 },
  );
  await putCheck(
    db,
    { id: 1, ts: 10 },
    { id: 2, ts: 20 },
    { id: 3, ts: 20 },
    { id: 4, ts: 20 },
    { id: 5, ts: 20 },
  );
  const summary = await db.repair();
  expect(summary).toMatchObject({
    status: "done",
    inserted: 2,
    updated: 1,
    deleted: 0,
    set_aside: 0,
    open: {},
  });
  expect(summary.by_table["observations_json"]).toEqual({
    inserted: 2,
    updated: 1,
    deleted: 0,
    set_aside: 0,
  });
  expect(await mainRows(db)).toEqual({
    "1/vn38": 10,
    "2/vn38": 20,
    "3/vn38": 30,
    "4/vn07": 10,
    "4/vn38": 20,
    "5/vn38": 20,
    "9/vn38": 1,
  });
  expect(await monitoring(db)).toEqual([
    { action: "insert", count: 2, instance: "default", run_id: 1 },
    { action: "update", count: 1, instance: "default", run_id: 1 },
  ]);
  const recorded = await db.rows(
    "SELECT run::integer, id::integer, site, action, old_update_ts::integer, new_update_ts::integer FROM src_vn_json_repair.change ORDER BY id",
  );
  expect(recorded).toEqual([
    { run: 1, id: 2, site: "vn38", action: "update", old_update_ts: 10, new_update_ts: 20 },
    { run: 1, id: 4, site: "vn38", action: "insert", old_update_ts: null, new_update_ts: 20 },
    { run: 1, id: 5, site: "vn38", action: "insert", old_update_ts: null, new_update_ts: 20 },
  ]);
});

test("a second run writes nothing", async () => {
  const db = await world.database();
  await fill(db.login, "src_vn_json_check", 1, 300, 50);
  expect(await db.repair("whole")).toMatchObject({ inserted: 300 });
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, updated: 0, status: "done" });
  expect(await lacking(db)).toBe(0);
});

test("the journal finds what changed in check; damage in main is found by the weekly pass", async () => {
  const db = await world.database();
  await fill(db.login, "src_vn_json_check", 1, 20, 50);
  await db.repair();
  await db.admin.query(
    "DELETE FROM src_vn_json.observations_json WHERE id <= 3; DELETE FROM src_vn_json_repair.main_deletion; UPDATE src_vn_json.observations_json SET update_ts = 1 WHERE id = 4",
  );
  await putCheck(db, { id: 30, ts: 5 });
  expect(await db.repair("journal")).toMatchObject({ inserted: 1, updated: 0 });
  expect(await db.repair("whole")).toMatchObject({ inserted: 3, updated: 1 });
});

test("a dry run compares and writes nothing", async () => {
  const db = await world.database();
  await db.repair();
  await putMain(db, { id: 1, ts: 1 });
  await putCheck(db, { id: 1, ts: 2 }, { id: 2, ts: 2 });
  const before = await db.rows(
    "SELECT (SELECT count(*) FROM src_vn_json_repair.journal_observation) AS j, (SELECT count(*) FROM src_vn_json_repair.run) AS r, (SELECT count(*) FROM src_vn_json_repair.difference) AS o, (SELECT count(*) FROM dbadmin.monitoring_vn_check_to_prod) AS m",
  );
  expect(await db.repair("whole", { dryRun: true })).toMatchObject({
    status: "done",
    inserted: 1,
    updated: 1,
    dry_run: true,
  });
  expect(await db.repair("journal", { dryRun: true })).toMatchObject({ inserted: 1, updated: 1 });
  expect(await mainRows(db)).toEqual({ "1/vn38": 1 });
  expect(
    await db.rows(
      "SELECT (SELECT count(*) FROM src_vn_json_repair.journal_observation) AS j, (SELECT count(*) FROM src_vn_json_repair.run) AS r, (SELECT count(*) FROM src_vn_json_repair.difference) AS o, (SELECT count(*) FROM dbadmin.monitoring_vn_check_to_prod) AS m",
    ),
  ).toEqual(before);
  expect(await db.repair("journal")).toMatchObject({ inserted: 1, updated: 1 });
});

test("transactions that commit out of order lose nothing", async () => {
  const db = await world.database();
  await db.repair();
  const [one, two] = [await db.connect("vn_check"), await db.connect("vn_check")];
  const insert = "INSERT INTO src_vn_json_check.observations_json VALUES ($1, 'vn38', '{}', 5)";
  await one.query("BEGIN");
  await one.query(insert, [1]);
  await two.query("BEGIN");
  await two.query(insert, [2]);
  await two.query("COMMIT");
  expect(await db.repair()).toMatchObject({ inserted: 1 });
  await one.query("COMMIT");
  expect(await db.repair()).toMatchObject({ inserted: 1 });
});

test("a journal that fails fails no row of the sync; the next run looks at everything", async () => {
  const db = await world.database();
  await db.repair();
  await db.admin.query("ALTER TABLE src_vn_json_repair.journal_observation RENAME TO elsewhere");
  await putCheck(db, { id: 1, ts: 1 });
  await db.admin.query("ALTER TABLE src_vn_json_repair.journal_gap RENAME TO elsewhere2");
  await putCheck(db, { id: 2, ts: 1 });
  await db.admin.query(
    "ALTER TABLE src_vn_json_repair.elsewhere RENAME TO journal_observation; ALTER TABLE src_vn_json_repair.elsewhere2 RENAME TO journal_gap; DELETE FROM src_vn_json_repair.journal_gap",
  );
  expect(await db.repair("journal")).toMatchObject({ inserted: 2 });
  const [run] = await db.rows(
    "SELECT whole, journal_complete FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 1",
  );
  expect(run).toEqual({ whole: true, journal_complete: false });
});

test("TRUNCATE of check counts as a lost journal and deletes nothing", async () => {
  const db = await world.database({ deletions: "apply", maxDeleteShare: 1 });
  await fill(db.login, "src_vn_json_check", 1, 100, 50);
  await db.repair();
  await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 1");
  await db.admin.query("TRUNCATE src_vn_json_check.observations_json");
  expect(await db.repair("journal")).toMatchObject({ deleted: 0 });
  expect(Object.keys(await mainRows(db))).toHaveLength(100);
});

test("beyond its cap the journal is dropped and whole tables are compared", async () => {
  const db = await world.database({ journalCap: 100 });
  await db.repair();
  await fill(db.login, "src_vn_json_check", 1, 400, 50);
  expect(await db.repair("journal")).toMatchObject({ inserted: 400 });
  expect(await db.rows("SELECT FROM src_vn_json_repair.journal_observation")).toHaveLength(0);
});

test("inside BEGIN the first statement says to call it outside, in any language", async () => {
  const db = await world.database();
  for (const lc of ["C", "fr_FR.UTF-8"]) {
    await db.admin.query(`SET lc_messages = '${lc}'`).catch(() => undefined);
    for (const call of [
      "src_vn_json_repair.repair('journal', NULL, false, NULL, NULL)",
      "src_vn_json_check.fct_fix_sync()",
      "src_vn_json_check.fct_fix_sync('a@example.org')",
    ]) {
      await db.admin.query("BEGIN");
      await expect(db.admin.query(`CALL ${call}`)).rejects.toThrow("call it outside BEGIN");
      await db.admin.query("ROLLBACK");
    }
  }
  await expect(db.repair("monthly" as "whole")).rejects.toThrow(
    "one of journal, whole, contents was expected",
  );
});

test("fct_fix_sync in its three forms, and what is none of them", async () => {
  const db = await world.database({ mailTo: "team@example.org" });
  const queue = () =>
    db.rows<{ recipient: string; subject: string; message: string }>(
      "SELECT recipient, subject, message FROM dbadmin.mail_queue ORDER BY id",
    );
  await putCheck(db, { id: 1, ts: 1 });
  await db.login.query("CALL src_vn_json_check.fct_fix_sync(FALSE)");
  expect(await mainRows(db)).toEqual({ "1/vn38": 1 });
  expect(await queue()).toEqual([]);
  await db.login.query("CALL src_vn_json_check.fct_fix_sync()");
  await db.login.query("CALL src_vn_json_check.fct_fix_sync('me@example.org')");
  const mails = await queue();
  expect(mails.map((m) => m.recipient)).toEqual(["team@example.org", "me@example.org"]);
  expect(mails[0]?.subject).toBe(`[${db.name}] Upsert missing data from visionature`);
  expect(mails[0]?.message).toContain("0 rows inserted, 0 rows updated");
  for (const wrong of ["NULL", "''", "'true'", "'FALSE'", "' '", "NULL::boolean"]) {
    await expect(db.login.query(`CALL src_vn_json_check.fct_fix_sync(${wrong})`)).rejects.toThrow(
      /Call fct_fix_sync\(\)/,
    );
  }
  const without = await world.database();
  await without.login.query("CALL src_vn_json_check.fct_fix_sync()");
  expect(await without.rows("SELECT FROM dbadmin.mail_queue")).toEqual([]);
});

test("the views show what is open, with the original's columns first, and are refreshed by each run", async () => {
  const db = await world.database();
  await db.admin.query(
    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 2 THEN RAISE EXCEPTION ''not that one''; END IF; RETURN NEW; END'",
  );
  await db.admin.query(
    "CREATE TRIGGER no BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION no()",
  );
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now()), ('vn07', 1, now())");
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 }, { id: 2, ts: 5, site: "vn07" });
  expect(await db.repair()).toMatchObject({ inserted: 1, set_aside: 2 });
  const missing = await db.rows(
    "SELECT * FROM src_vn_json_check.mv_data_missing_or_not_updated ORDER BY site",
  );
  expect(Object.keys(missing[0] ?? {}).slice(0, 5)).toEqual([
    "checkdata_id",
    "checkdata_update_ts",
    "maindata_update_ts",
    "data_prod_status",
    "data_not_up_to_date",
  ]);
  expect(missing).toMatchObject([
    {
      checkdata_id: 2,
      data_prod_status: "missing",
      site: "vn07",
      state: "refused",
      sqlstate: "P0001",
      message: "not that one",
    },
    { checkdata_id: 2, site: "vn38" },
  ]);
  const points = await db.rows(
    "SELECT id, site, st_srid(geom) AS srid, st_x(geom) AS x, qgis_key FROM src_vn_json_check.qgis_data ORDER BY site",
  );
  expect(points).toEqual([
    { id: 2, site: "vn07", srid: 4326, x: 5.7, qgis_key: 1 },
    { id: 2, site: "vn38", srid: 4326, x: 5.7, qgis_key: 2 },
  ]);
  const [column] = await db.rows<{ t: string }>(
    "SELECT format_type(atttypid, atttypmod) AS t FROM pg_attribute WHERE attrelid = 'src_vn_json_check.qgis_data'::regclass AND attname = 'geom'",
  );
  expect(column?.t).toBe("geometry(Point,4326)");
  await db.admin.query("DROP TRIGGER no ON src_vn_json.observations_json");
  expect(await db.repair()).toMatchObject({ inserted: 2, set_aside: 0 });
  expect(await db.rows("SELECT FROM src_vn_json_check.qgis_data")).toEqual([]);
});

test("what is too old is pruned by a whole pass, and no younger", async () => {
  const db = await world.database({ keepRuns: "10 days", keepDeletions: "5 days" });
  await putCheck(db, { id: 1, ts: 1 });
  await db.repair();
  await db.repair();
  await db.admin.query(`
    UPDATE src_vn_json_repair.run SET started_at = now() - interval '11 days' WHERE id = 1;
    UPDATE src_vn_json_repair.run SET started_at = now() - interval '9 days' WHERE id = 2;
    INSERT INTO src_vn_json_repair.deleted_row (run, row_id, site, reason, deleted_at, content)
    SELECT 1, d, 'vn38', 'followed', now() - make_interval(days => d), '{}' FROM unnest('{4,6}'::integer[]) AS d;
    INSERT INTO src_vn_json_repair.main_deletion (id, site, deleted_at) SELECT d, 'vn38', now() - make_interval(days => d) FROM unnest('{4,6}'::integer[]) AS d`);
  await db.repair("whole");
  expect(await db.rows("SELECT id::integer FROM src_vn_json_repair.run ORDER BY id")).toEqual([
    { id: 2 },
    { id: 3 },
  ]);
  expect(await db.rows("SELECT FROM src_vn_json_repair.change WHERE run = 1")).toEqual([]);
  expect(await db.rows("SELECT row_id::integer AS id FROM src_vn_json_repair.deleted_row")).toEqual([
    { id: 4 },
  ]);
  expect(await db.rows("SELECT id FROM src_vn_json_repair.main_deletion")).toEqual([{ id: 4 }]);
});
