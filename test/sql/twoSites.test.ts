import { afterAll, beforeAll, expect, test } from "vitest";
import { type Databases, type Db, item, mainRows, putCheck, putMain, startDatabases } from "./support";

// Two portals number their observations each for itself: what is known of one site's says nothing of the other's.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const R = "src_vn_json_repair";
const DAY = 86_400;
const noon = Math.floor(Date.now() / 1000 / DAY) * DAY + DAY / 2;
const entered = noon - 5 * DAY;
const SITES = ["vn38", "vn07"] as const;
const row = (id: number, site: string) => ({ id, site, ts: entered, item: item(id, entered) });

/** Both sites have the same numbers in both copies; then a download of some of them, of the last two weeks, proven. */
async function downloaded(
  brought: { id: number; site: string }[],
  logged: readonly string[] = SITES,
  before: (db: Db) => Promise<unknown> = async () => undefined,
): Promise<{ db: Db; suspected: string[] }> {
  const db = await world.database({ sameRights: true });
  const all = [1, 2, 3].flatMap((id) => SITES.map((site) => row(id, site)));
  await putMain(db, ...all);
  await putCheck(db, ...all);
  await db.repair("whole");
  await before(db);
  await db.admin.query(`UPDATE ${R}.downloaded_key SET at = now() - interval '8 days'`);
  const [began] = await db.rows<{ at: string }>("SELECT clock_timestamp()::text AS at");
  await putCheck(db, ...brought.map(({ id, site }) => row(id, site)));
  for (const site of logged)
    await db.login.query(
      `INSERT INTO src_vn_json_check.download_log (site, controler, http_status, comment) VALUES ($1::varchar, 'observations', 200,
         $1::varchar || ' => Iter: 1, 3 obs, taxo_group: 1, territorial_unit: FR38, date: ' || to_char(current_date - 14, 'DD/MM/YYYY') || ', interval: 14')`,
      [site],
    );
  const { rows } = await db.login.query<{ job: number }>(
    `SELECT ${R}.begin_job('weekly', current_date - 14, current_date, NULL, NULL)::integer AS job`,
  );
  const job = rows[0]?.job ?? 0;
  for (const site of SITES)
    await db.rows(
      `INSERT INTO ${R}.job_site (job, site, excluded_groups, units, since, since_log, since_at, expected, rows, missing, proven)
       VALUES ($1, $2, '{}', '{}', $3::timestamptz, 0, $3::timestamptz, 1, 3, '{}', true)`,
      [job, site, began?.at],
    );
  await db.repair("whole", { job });
  const open = await db.rows<{ key: string }>(
    `SELECT id || '/' || site AS key FROM ${R}.difference WHERE reason = 'not downloaded' ORDER BY site DESC, id`,
  );
  return { db, suspected: open.map(({ key }) => key) };
}
const but = (...keys: string[]) =>
  [1, 2, 3]
    .flatMap((id) => SITES.map((site) => ({ id, site })))
    .filter(({ id, site }) => !keys.includes(`${id}/${site}`));

test("a download that brought the number at the other site has not brought this one", async () => {
  const { suspected } = await downloaded(but("2/vn38", "3/vn07"));
  expect(suspected).toEqual(["2/vn38", "3/vn07"]);
});

test("of a site whose observations were not downloaded nothing is suspected, whatever the other one's log says", async () => {
  const { suspected } = await downloaded(but("2/vn38", "1/vn07", "2/vn07", "3/vn07"), ["vn38"]);
  expect(suspected).toEqual(["2/vn38"]);
});

test("what was restored by hand, or deleted by the portal, at the other site saves none from suspicion", async () => {
  // Nor does the download bring back what the portal deleted.
  const { suspected } = await downloaded(but("2/vn38", "3/vn38", "3/vn07"), SITES, async (db) => {
    await db.admin.query(
      `INSERT INTO ${R}.deleted_row (run, row_id, site, reason, content, restored_at) VALUES (1, 2, 'vn07', 'suspected', '{}', now())`,
    );
    await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 3 AND site = 'vn07'");
  });
  expect(suspected).toEqual(["2/vn38", "3/vn38"]);
});

test("restored by hand, deleted by the portal, or brought: here they save it", async () => {
  const { suspected } = await downloaded(but("1/vn38", "2/vn38", "3/vn38"), SITES, async (db) => {
    await db.admin.query(
      `INSERT INTO ${R}.deleted_row (run, row_id, site, reason, content, restored_at) VALUES (1, 2, 'vn38', 'suspected', '{}', now())`,
    );
    await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 3 AND site = 'vn38'");
  });
  expect(suspected).toEqual(["1/vn38"]);
});

test("a deletion is followed at its own site, and the tombstone, the note and the kept row are that site's", async () => {
  const db = await world.database({ deletions: "apply", maxDeleteShare: 1 });
  const all = [1, 2, 3].flatMap((id) => SITES.map((site) => row(id, site)));
  await putMain(db, ...all);
  await putCheck(db, ...all);
  await db.repair("whole");
  await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 1 AND site = 'vn07'");
  expect(await db.repair()).toMatchObject({ deleted: 1, open: {} });
  expect(Object.keys(await mainRows(db))).toEqual(["1/vn38", "2/vn07", "2/vn38", "3/vn07", "3/vn38"]);
  // Lost at the one site, deleted by main's sync at the other: only the lost one comes back.
  await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 2 AND site = 'vn07'");
  await db.admin.query(
    "DELETE FROM src_vn_json.observations_json WHERE id = 2 AND site = 'vn38'; DELETE FROM src_vn_json_repair.main_deletion WHERE site = 'vn38'",
  );
  expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: { "deleted in main": 1 } });
  expect(Object.keys(await mainRows(db))).toEqual(["1/vn38", "2/vn38", "3/vn07", "3/vn38"]);
});
