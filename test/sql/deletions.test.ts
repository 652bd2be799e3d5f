import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Databases,
  type Db,
  fill,
  item,
  mainRows,
  type Options,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const APPLY: Options = { deletions: "apply", maxDeleteShare: 1 };
const drop = (db: Db, id: number) =>
  db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = $1", [id]);
const open = (db: Db) =>
  db.rows(
    "SELECT id::integer, action, state FROM src_vn_json_repair.difference ORDER BY id, table_name, action",
  );

/** Both copies have ids 1 … n at update_ts 10, and the repair knows it. */
async function same(settings: Options, n = 5): Promise<Db> {
  const db = await world.database(settings);
  await fill(db.main, "src_vn_json", 1, n, 10);
  await fill(db.login, "src_vn_json_check", 1, n, 10);
  await db.repair();
  return db;
}

describe("(a) followed: the sync deleted the row in check", () => {
  test("apply: gone from main, kept whole, restored by one statement, then left alone", async () => {
    const db = await same(APPLY);
    const before = await db.rows("SELECT * FROM src_vn_json.observations_json WHERE id = 2");
    await drop(db, 2);
    expect(await db.repair()).toMatchObject({ deleted: 1, status: "done", open: {} });
    expect(Object.keys(await mainRows(db))).not.toContain("2/vn38");
    expect(
      await db.rows(
        "SELECT action, count FROM dbadmin.monitoring_vn_check_to_prod WHERE run_id = 2 ORDER BY id",
      ),
    ).toEqual([
      { action: "insert", count: 0 },
      { action: "update", count: 0 },
      { action: "delete", count: 1 },
    ]);
    expect(
      await db.rows(
        "SELECT src_vn_json_repair.restore(id) AS back FROM src_vn_json_repair.deleted_row WHERE run = 2",
      ),
    ).toEqual([{ back: true }]);
    expect(await db.rows("SELECT * FROM src_vn_json.observations_json WHERE id = 2")).toEqual(before);
    expect(await db.repair("whole")).toMatchObject({ deleted: 0, inserted: 0 });
  });

  test("report (the default): nothing deleted, the deletion stays on the list until it is no more", async () => {
    const db = await same({});
    await drop(db, 2);
    expect(await db.repair()).toMatchObject({ deleted: 0, open: { "deletion reported": 1 } });
    expect(await db.repair("whole")).toMatchObject({ open: { "deletion reported": 1 } });
    expect(
      await db.rows(
        "SELECT has_table_privilege('vn_check_repair', 'src_vn_json.observations_json', 'DELETE') AS may",
      ),
    ).toEqual([{ may: false }]);
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 2");
    expect(await db.repair()).toMatchObject({ open: {} });
  });

  test("a newer row in main stays: deleted, version unknown", async () => {
    const db = await same(APPLY);
    await putMain(db, { id: 2, ts: 11 });
    await drop(db, 2);
    expect(await db.repair()).toMatchObject({ deleted: 0, open: { "newer in main": 1 } });
    expect(await mainRows(db)).toMatchObject({ "2/vn38": 11 });
  });

  test("a row that comes back cancels its tombstone, with the same update_ts too", async () => {
    const db = await same(APPLY);
    await drop(db, 2);
    await putCheck(db, { id: 2, ts: 10 });
    expect(await db.repair()).toMatchObject({ deleted: 0, open: {} });
    expect(await db.rows("SELECT id::integer, fate::text FROM src_vn_json_repair.tombstone")).toEqual([
      { id: 2, fate: "came back" },
    ]);
    await drop(db, 3);
    expect(await db.repair()).toMatchObject({ deleted: 1 });
    await putCheck(db, { id: 3, ts: 10 });
    expect(await db.repair()).toMatchObject({ inserted: 1, open: {} });
    await drop(db, 3);
    expect(await db.repair()).toMatchObject({ deleted: 1 });
  });

  test("told of by the portal, though check never had it: as one that check had, once, and no version that is later", async () => {
    const db = await same(APPLY);
    const tell = (...ids: number[]) =>
      db.login.query("SELECT src_vn_json_repair.deletions_told('vn38', $1)", [ids]);
    await fill(db.main, "src_vn_json", 11, 13, 10);
    await putMain(db, { id: 12, ts: Math.floor(Date.now() / 1000) + 3600 });
    // 2 check has, 99 nobody has, 13 the portal has not told.
    await tell(2, 11, 12, 99);
    expect(await db.repair()).toMatchObject({ deleted: 1, open: { "newer in main": 1 } });
    expect(Object.keys(await mainRows(db)).sort()).toEqual(
      [1, 12, 13, 2, 3, 4, 5].map((id) => `${id}/vn38`).sort(),
    );
    await tell(11, 12, 99);
    expect(await db.rows("SELECT id, fate::text FROM src_vn_json_repair.tombstone ORDER BY id")).toEqual([
      { id: 11, fate: "followed" },
      { id: 12, fate: "new" },
      { id: 99, fate: "gone from main" },
    ]);
    // Neither is one followed that has come meanwhile.
    await tell(13);
    await putCheck(db, { id: 13, ts: 10 });
    expect(await db.repair()).toMatchObject({ deleted: 0 });
  });

  test("told of by the portal: main's version that check never saw goes too, one that is later than the portal's word stays", async () => {
    const db = await same(APPLY);
    const told = Math.floor(Date.now() / 1000);
    await putMain(db, { id: 2, ts: told - 60 });
    await putMain(db, { id: 3, ts: told + 3600 });
    await putMain(db, { id: 4, ts: told - 60 });
    for (const id of [2, 3, 4, 5]) await drop(db, id);
    // 4 the portal has not told; 5 has come back meanwhile.
    await putCheck(db, { id: 5, ts: 10 });
    await db.login.query("SELECT src_vn_json_repair.deletions_told('vn38', '{2,3,5}')");
    expect(await db.repair()).toMatchObject({ deleted: 1, open: { "newer in main": 2 } });
    expect(await mainRows(db)).toEqual({
      "1/vn38": 10,
      "3/vn38": told + 3600,
      "4/vn38": told - 60,
      "5/vn38": 10,
    });
    // The word that is told again by later updates is still the same.
    await putMain(db, { id: 2, ts: told + 1800 });
    await db.login.query("SELECT src_vn_json_repair.deletions_told('vn38', '{2,3}')");
    expect(await db.repair("whole")).toMatchObject({ deleted: 0 });
    expect(await mainRows(db)).toMatchObject({ "2/vn38": told + 1800, "3/vn38": told + 3600 });
  });

  test.each<[string, Options]>([
    ["apply: deleted again", APPLY],
    ["report: told again", {}],
  ])("main restored from a dump has a deleted row again: %s", async (_name, options) => {
    const db = await same(options);
    await drop(db, 2);
    await db.repair();
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 2");
    await db.repair();
    await fill(db.main, "src_vn_json", 2, 2, 10);
    expect(await db.repair("whole")).toMatchObject(
      options.deletions === "apply"
        ? { deleted: 1, open: {} }
        : { deleted: 0, open: { "deletion reported": 1 } },
    );
    // A later version is somebody's else word.
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 2");
    await db.repair();
    await fill(db.main, "src_vn_json", 2, 2, 11);
    expect(await db.repair("whole")).toMatchObject({ deleted: 0 });
    expect(await mainRows(db)).toMatchObject({ "2/vn38": 11 });
  });

  test("deleted in check by someone else than the sync: reported, never followed", async () => {
    const db = await same(APPLY);
    await db.admin.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 2");
    expect(await db.repair()).toMatchObject({ deleted: 0, open: { "deleted by hand": 1 } });
  });

  test.each([
    ["as many as may be deleted", 3, { deleted: 3, message: null }],
    [
      "one more",
      4,
      {
        deleted: 0,
        open: { "over the cap": 4 },
        message: expect.stringContaining("repair.maxDeletes allows 3 a run"),
      },
    ],
  ])("S9: maxDeletes 3: %s", async (_name, n, expected) => {
    const db = await same({ ...APPLY, maxDeletes: 3 }, 10);
    for (let id = 1; id <= n; id++) await drop(db, id);
    expect(await db.repair()).toMatchObject(expected);
  });

  test.each([
    ["a thousandth", 2, { deleted: 2 }],
    [
      "one more",
      3,
      {
        deleted: 0,
        message: expect.stringMatching(/none of 3 deletions was done: .*never more than 0\.1 %/),
      },
    ],
  ])("S9: 0.1 %% of main's 2 000 rows: %s", async (_name, n, expected) => {
    const db = await same({ deletions: "apply" }, 2000);
    await db.admin.query("DELETE FROM src_vn_json_repair.journal_observation");
    for (let id = 1; id <= n; id++) await drop(db, id);
    expect(await db.repair()).toMatchObject(expected);
  });
});

describe("(b) suspected: a whole download did not bring the row", () => {
  const DAY = 86_400;
  const today = Math.floor(Date.now() / 1000 / DAY) * DAY + DAY / 2; // noon UTC
  const at = (daysAgo: number) => today - daysAgo * DAY;
  const iso = (daysAgo: number) => new Date(at(daysAgo) * 1000).toISOString().slice(0, 10);
  const suspecting: Options = { ...APPLY, sameRights: true };

  /** Main has observations entered and corrected at these days; the download of now brings those with `brought`. */
  async function downloaded(
    settings: Options,
    rows: { id: number; entered: number; updated?: number; brought?: boolean; taxonomy?: string }[],
  ) {
    const db = await world.database(settings);
    const row = (r: (typeof rows)[number]) => ({
      id: r.id,
      ts: at(r.updated ?? r.entered),
      item: { ...item(r.id, at(r.entered)), species: { "@id": "1", taxonomy: r.taxonomy ?? "1" } },
    });
    await putMain(db, ...rows.map(row));
    await putCheck(db, ...rows.map(row));
    await db.repair("whole");
    await db.admin.query("UPDATE src_vn_json_repair.downloaded_key SET at = now() - interval '8 days'");
    const [t] = await db.rows<{ t: string }>("SELECT clock_timestamp()::text AS t");
    await putCheck(db, ...rows.filter((r) => r.brought).map(row));
    await db.login.query(
      "INSERT INTO src_vn_json_check.download_log (site, controler, http_status, error_count, comment) VALUES ('vn38', 'observations', 200, 0, $1)",
      [`vn38 => Iter: 1, 3 obs, taxo_group: 1, territorial_unit: FR38, date: ${iso(14)}, interval: 14`],
    );
    return { db, since: t?.t };
  }

  /** A job under way whose download of vn38 stands in the database as it is said here. */
  async function job(
    db: Db,
    download: { since: string | undefined; from?: string | null; proven?: boolean },
  ) {
    const { since, from = iso(14), proven = true } = download;
    const { rows } = await db.login.query<{ id: number }>(
      "SELECT src_vn_json_repair.begin_job('weekly', $1, $2, NULL, NULL)::integer AS id",
      [from, from && iso(0)],
    );
    const id = rows[0]?.id ?? 0;
    await db.rows(
      `INSERT INTO src_vn_json_repair.job_site (job, site, excluded_groups, units, since, expected, rows, missing, proven)
       VALUES ($1, 'vn38', '{}', '{}', $2::timestamptz, 1, 3, '{}', $3)`,
      [id, since, proven],
    );
    return id;
  }
  const rows = [
    { id: 1, entered: 5, brought: true },
    { id: 2, entered: 5 },
    // Entered years ago, corrected inside the window: a download by entry date never brings it.
    { id: 3, entered: 900, updated: 5 },
    { id: 4, entered: 14 },
    { id: 5, entered: 0 },
    { id: 6, entered: 13 },
    { id: 7, entered: 1 },
    { id: 8, entered: 5, taxonomy: "9" },
  ];

  test("of the window's inner days and of downloaded groups only; an old one corrected inside the window never", async () => {
    const { db, since } = await downloaded({ ...suspecting, deletions: "report" }, rows);
    await db.repair("whole", { job: await job(db, { since }) });
    expect(await open(db)).toEqual(
      [2, 6, 7].map((id) => ({ id, action: "delete", state: "deletion reported" })),
    );
    // The daily runs in between keep what the week concluded; a row that comes after all is no suspect.
    await db.repair("journal");
    expect(await open(db)).toHaveLength(3);
    await putCheck(db, { id: 6, ts: at(13) });
    await db.repair("journal");
    expect((await open(db)).map((o) => o["id"])).toEqual([2, 7]);
  });

  test("apply: deleted and not put back from check's own stale row, until a download brings it", async () => {
    const { db, since } = await downloaded(suspecting, rows.slice(0, 3));
    expect(await db.repair("whole", { job: await job(db, { since }) })).toMatchObject({ deleted: 1 });
    expect(Object.keys(await mainRows(db))).toEqual(["1/vn38", "3/vn38"]);
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { "deleted by a run": 1 } });
    await putCheck(db, { id: 2, ts: at(5) });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: {} });
  });

  // R2
  test("R2: a row that the portal gave and check could not take is no suspect", async () => {
    const { db, since } = await downloaded(suspecting, rows.slice(0, 3));
    const note =
      "SELECT src_vn_json_repair.row_not_stored($1, 'observations_json', '2', 1, 'FR38', '2', 'null character', '')";
    await db.login.query(note, ["elsewhere"]);
    await db.login.query(note, ["vn38"]);
    expect(await db.repair("whole", { job: await job(db, { since }) })).toMatchObject({
      deleted: 0,
      open: {},
    });
    await db.login.query("SELECT src_vn_json_repair.row_stored('vn38', 'observations_json', '2')");
    expect(await db.repair("whole", { job: await job(db, { since }) })).toMatchObject({ deleted: 1 });
  });

  test("restored by hand: not suspected again", async () => {
    const { db, since } = await downloaded(suspecting, rows.slice(0, 3));
    await db.repair("whole", { job: await job(db, { since }) });
    await db.admin.query("SELECT src_vn_json_repair.restore(id) FROM src_vn_json_repair.deleted_row");
    expect(await db.repair("whole", { job: await job(db, { since }) })).toMatchObject({ deleted: 0 });
    expect(Object.keys(await mainRows(db))).toHaveLength(3);
  });

  test.each([
    ["the download is not proven", {}, { proven: false }, "not proven"],
    ["the accounts may see different things", { sameRights: false }, {}, "sameRights"],
    ["a territorial filter is set", { territorialFilter: true }, {}, "territorial filter"],
    ["no window", {}, { from: null }, "no window"],
  ])("nothing is concluded where %s, and why can be asked", async (_name, settings, change, why) => {
    const { db, since } = await downloaded({ ...suspecting, ...settings }, rows.slice(0, 3));
    const asked = await job(db, { since, ...change });
    expect(await db.repair("whole", { job: asked })).toMatchObject({ deleted: 0, open: {} });
    const {
      rows: [answer],
    } = await db.login.query("SELECT src_vn_json_repair.may_suspect($1) AS why", [asked]);
    expect(answer.why).toContain(why);
  });
});

describe("(c) never resurrect", () => {
  const hour = 3600;
  // At the moment of asking: the machine may be slow.
  const now = () => Math.floor(Date.now() / 1000);

  test.each([
    ["just below the tolerance", hour - 60, { inserted: 0, open: { "deleted in main": 1 } }],
    ["just above it", hour + 60, { inserted: 1, open: {} }],
  ])("deleted by main's sync, check's version is later by %s", async (_name, later, expected) => {
    const db = await world.database({ mainSyncLogins: ["vn_main"] });
    await putMain(db, { id: 1, ts: 10 });
    await db.main.query("DELETE FROM src_vn_json.observations_json");
    await putCheck(db, { id: 1, ts: now() + later });
    expect(await db.repair("whole")).toMatchObject(expected);
  });

  test.each([
    ["report", { inserted: 0, open: { "lost by others": 1 } }],
    ["repair", { inserted: 1, open: {} }],
  ] as const)("deleted by someone else, lossesByOthers: %s", async (lossesByOthers, expected) => {
    const db = await world.database({ mainSyncLogins: ["vn_main"], lossesByOthers });
    await putMain(db, { id: 1, ts: 10 });
    await putCheck(db, { id: 1, ts: 10 });
    await db.admin.query("DELETE FROM src_vn_json.observations_json");
    expect(await db.repair("whole")).toMatchObject(expected);
  });

  test("without watchMain: an old row only if a download of late brought it", async () => {
    const db = await world.database({ watchMain: false });
    await putCheck(db, { id: 1, ts: 100 }, { id: 2, ts: 100 }, { id: 3, ts: now() + hour });
    await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now())");
    await db.admin.query("DELETE FROM src_vn_json_repair.downloaded_key WHERE id = 1");
    expect(await db.repair("whole")).toMatchObject({ inserted: 2, open: { unseen: 1 } });
    expect(Object.keys(await mainRows(db))).toEqual(["2/vn38", "3/vn38"]);
    await putCheck(db, { id: 1, ts: 100 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: {} });
  });

  test("a watcher that fails does not fail main's deletion", async () => {
    const db = await world.database({});
    await putMain(db, { id: 1, ts: 10 });
    await db.admin.query("ALTER TABLE src_vn_json_repair.main_deletion RENAME TO away");
    await db.main.query("DELETE FROM src_vn_json.observations_json");
    expect(await mainRows(db)).toEqual({});
  });
});

test("forget erases an observer from kept deletions, tombstones and messages", async () => {
  const db = await world.database(APPLY);
  const of = (id: number, who: string) => ({
    id,
    ts: 10,
    item: { observers: [{ "@id": who, name: "Nom" }] },
  });
  await putCheck(db, of(1, "7"), of(2, "8"), of(3, "7"));
  await db.repair();
  await drop(db, 1);
  await drop(db, 2);
  await db.repair();
  await db.admin.query(
    "INSERT INTO src_vn_json_repair.set_aside (table_name, action, id, site, reason, cause, run, sqlstate, message) VALUES ('observations_json', 'insert', 3, 'vn38', 'missing', 'refused', 1, 'P0001', 'Nom')",
  );
  expect(await db.rows("SELECT src_vn_json_repair.forget('7') AS n")).toEqual([{ n: "3" }]);
  expect(await db.rows("SELECT row_id::integer AS id FROM src_vn_json_repair.deleted_row")).toEqual([
    { id: 2 },
  ]);
  expect(
    await db.rows("SELECT id, item <> '{}' AS whole FROM src_vn_json_repair.tombstone ORDER BY id"),
  ).toEqual([
    { id: 1, whole: false },
    { id: 2, whole: true },
  ]);
  expect(await db.rows("SELECT message FROM src_vn_json_repair.set_aside WHERE id = 3")).toEqual([
    { message: "erased" },
  ]);
});
