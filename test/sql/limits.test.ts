import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, fill, mainRows, putCheck, putMain, startDatabases } from "./support";

// Each bound of the repair at its edge: one below, just there, one beyond.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CHECK = "src_vn_json_check";
const MAIN = "src_vn_json";
const R = "src_vn_json_repair";
const set = (db: Db, setting: string) => db.admin.query(`UPDATE ${R}.settings SET ${setting}`);
const lastRun = async (db: Db) =>
  (await db.rows(`SELECT whole, journal_complete FROM ${R}.run ORDER BY id DESC LIMIT 1`))[0];

describe("the stop before too many differences", () => {
  let db: Db;
  beforeAll(async () => {
    db = await world.database({ referenceControllers: ["species"] });
    await fill(db.main, MAIN, 1, 400, 50);
    await fill(db.login, CHECK, 1, 400, 50);
    await db.repair();
  });
  /** Differences of main, of which none has been repaired before. */
  const damaged = async (n: number) => {
    await db.repair("whole", { accept: 10_000 });
    await db.admin.query(`UPDATE ${MAIN}.observations_json SET update_ts = 1 WHERE id <= ${n}`);
  };

  test.each([
    [
      "of a tenth of main's rows",
      "min_differences = 1, max_difference_share = 0.1, max_differences = 50000",
      40,
    ],
    [
      "that may always be repaired",
      "min_differences = 60, max_difference_share = 0.01, max_differences = 50000",
      60,
    ],
    [
      "that are the most in any case",
      "min_differences = 1, max_difference_share = 1, max_differences = 30",
      30,
    ],
  ])("the number %s", async (_name, settings, bound) => {
    await set(db, settings);
    for (const [n, status] of [
      [bound - 1, "done"],
      [bound, "done"],
      [bound + 1, "refused"],
    ] as const) {
      await damaged(n);
      const result = await db.repair("whole");
      expect(result, `${n}`).toMatchObject({ status, updated: status === "done" ? n : 0 });
      if (status === "refused")
        expect(result.message).toMatch(new RegExp(`(At least )?${n} rows of observations_json`));
    }
  });

  test("the number that a person has agreed to", async () => {
    await set(db, "min_differences = 1, max_difference_share = 1, max_differences = 10");
    for (const [accept, status] of [
      [19, "refused"],
      [20, "done"],
    ] as const) {
      await damaged(20);
      expect(await db.repair("whole", { accept })).toMatchObject({
        status,
        updated: status === "done" ? 20 : 0,
      });
    }
    await damaged(20);
    expect(await db.repair("whole", { accept: 21 })).toMatchObject({ status: "done", updated: 20 });
  });

  test("after a refusal the next run looks at everything, those beyond the list too", async () => {
    await set(db, "min_differences = 1, max_difference_share = 1, max_differences = 10");
    await damaged(20);
    expect(await db.repair("whole")).toMatchObject({ status: "refused" });
    expect(await db.repair("journal", { accept: 20 })).toMatchObject({ status: "done", updated: 20 });
  });

  test("of a table without versions, for itself", async () => {
    await set(db, "min_differences = 5, max_difference_share = 0.01, max_differences = 50000");
    await db.repair("whole", { accept: 10_000 });
    const put = (n: number) =>
      db.login.query(
        `INSERT INTO ${CHECK}.species_json SELECT i, 'vn38', '{}' FROM generate_series(1, ${n}) AS i ON CONFLICT DO NOTHING`,
      );
    await put(5);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 5 });
    await put(11);
    const refused = await db.repair("whole");
    expect(refused).toMatchObject({ status: "refused", inserted: 0 });
    expect(refused.message).toContain("6 rows of species_json differ");
    expect(await db.repair("whole", { accept: 6 })).toMatchObject({ status: "done", inserted: 6 });
  });
});

test.each([
  [99, false],
  [100, false],
  [101, true],
])("a journal of %i entries, where 100 are looked up key by key: the whole tables %s", async (n, whole) => {
  const db = await world.database({ journalCap: 100 });
  await db.repair();
  await fill(db.login, CHECK, 1, n, 50);
  expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: n });
  expect(await lastRun(db)).toEqual({ whole, journal_complete: !whole });
});

test.each([999, 1000, 1001])(
  "%i rows of a site that main does not know: none is written, and all come once it may be repaired",
  async (n) => {
    const db = await world.database({ minDifferences: 5000 });
    await putMain(db, { id: 1, ts: 5 });
    await fill(db.login, CHECK, 1, n, 50, "vn99");
    const held = await db.repair("whole");
    expect(held).toMatchObject({
      status: "partial",
      inserted: 0,
      open: { "unknown site": Math.min(n, 1000) },
    });
    expect(held.problems).toMatchObject([{ problem: "unknown site", site: "vn99", rows: n }]);
    await set(db, "new_sites = '{vn99}'");
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: n, open: {} });
  },
);

test.each([
  ["of 999 bytes", "x".repeat(999), { inserted: 1, open: {} }],
  ["of 1 000 bytes", "é".repeat(500), { inserted: 1, open: {} }],
  ["of 1 001 bytes", `${"é".repeat(500)}x`, { inserted: 0, open: { "site too long": 1 } }],
])("the name of a site %s", async (_name, site, expected) => {
  const db = await world.database({ newSites: [site] });
  await putCheck(db, { id: 1, ts: 5, site });
  expect(await db.repair("whole")).toMatchObject(expected);
});

test.each([
  ["a minute less than 7 days", "7 days - 1 minute", { inserted: 1, open: {} }],
  ["a minute more", "7 days 1 minute", { inserted: 0, open: { unseen: 1 } }],
])("without a watch on main, a download %s ago brought the row", async (_name, ago, expected) => {
  const db = await world.database({ watchMain: false });
  await db.main.query(`INSERT INTO ${MAIN}.increment_log VALUES ('vn38', 1, now())`);
  await putCheck(db, { id: 1, ts: 5 });
  await db.admin.query(`UPDATE ${R}.downloaded_key SET at = now() - interval '${ago}'`);
  expect(await db.repair("whole")).toMatchObject(expected);
});

test.each([
  ["a minute less than 7 days", "7 days - 1 minute", { inserted: 1, open: {} }],
  ["a minute more", "7 days 1 minute", { inserted: 0, open: { unseen: 1 } }],
])("without a watch on main, the site's last update began %s ago", async (_name, ago, expected) => {
  const db = await world.database({ watchMain: false });
  await db.main.query(`INSERT INTO ${MAIN}.increment_log VALUES ('vn38', 1, now())`);
  await putCheck(db, { id: 1, ts: 5 });
  await db.admin.query(`UPDATE ${R}.downloaded_key SET at = now() - interval '14 days'`);
  const { rows } = await db.login.query(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL) AS job`);
  await db.login.query(`SELECT ${R}.site_ended($1, 'vn38', true, '{}')`, [rows[0].job]);
  await db.login.query(`SELECT ${R}.end_job($1, 'done', NULL, NULL)`, [rows[0].job]);
  await db.admin.query(`UPDATE ${R}.job SET started_at = now() - interval '${ago}'`);
  expect(await db.repair("whole")).toMatchObject(expected);
});

test("keys that downloads brought are kept for 15 days, and those for which a row is held back as long as it is", async () => {
  const db = await world.database({ watchMain: false });
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  await db.repair("whole");
  await db.admin.query(
    `UPDATE ${R}.downloaded_key SET at = now() - interval '15 days' + CASE id WHEN 1 THEN 1 ELSE -1 END * interval '1 minute'`,
  );
  await db.repair("whole");
  expect(await db.rows(`SELECT id FROM ${R}.downloaded_key`)).toEqual([{ id: 1 }]);
  expect(await mainRows(db)).toEqual({ "1/vn38": 5, "2/vn38": 5 });
});

test.each([
  ["a minute less than 15 days", "15 days - 1 minute", null],
  ["a minute more", "15 days 1 minute", "the download began more than 15 days ago"],
])("deletions are concluded from a download that began %s ago: %s", async (_name, ago, why) => {
  const db = await world.database({ sameRights: true });
  await putMain(db, { id: 1, ts: 5 });
  await putCheck(db, { id: 1, ts: 5 });
  await db.repair();
  const { rows } = await db.login.query(
    `SELECT ${R}.begin_job('weekly', current_date - 14, current_date, NULL, NULL)::integer AS job`,
  );
  await db.rows(
    `INSERT INTO ${R}.job_site (job, site, excluded_groups, units, since, since_at, since_log, expected, rows, missing, proven)
     VALUES ($1, 'vn38', '{}', '{}', now() - interval '${ago}', now() - interval '${ago}', 0, 1, 3, '{}', true)`,
    [rows[0].job],
  );
  await db.admin.query(`UPDATE ${R}.run SET started_at = now() - interval '20 days'`);
  expect(await db.rows(`SELECT ${R}.may_suspect($1) AS why`, [rows[0].job])).toEqual([{ why }]);
});
