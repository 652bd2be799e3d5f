import { afterAll, beforeAll, expect, test } from "vitest";
import { type Databases, type Db, mainRows, putCheck, putMain, startDatabases } from "./support";

// What is held back is not held for ever where it turns out to be honest.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const deleteInMain = async (db: Db, hoursAgo: number) => {
  await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1");
  await db.admin.query(
    "UPDATE src_vn_json_repair.main_deletion SET deleted_at = now() - make_interval(hours => $1)",
    [hoursAgo],
  );
};

test("Q6: main's sync deletes a row to insert it anew and loses the insert: a download that began well after it brings it back", async () => {
  const db = await world.database({});
  await putMain(db, { id: 1, ts: 5 });
  await putCheck(db, { id: 1, ts: 5 });
  await db.repair();
  await deleteInMain(db, 2);
  for (const mode of ["whole", "journal"] as const)
    expect(await db.repair(mode)).toMatchObject({ inserted: 0, open: { "deleted in main": 1 } });
  // The same version, which changes nothing in check: no trigger notes it, the row itself shows it.
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair("journal")).toMatchObject({ inserted: 1, open: {} });
  expect(await mainRows(db)).toEqual({ "1/vn38": 5 });
});

test("Q6: a download that may have asked before main's deletion says nothing: the row stays away", async () => {
  const db = await world.database({});
  await putMain(db, { id: 1, ts: 5 });
  await putCheck(db, { id: 1, ts: 5 });
  await db.repair();
  await deleteInMain(db, 0);
  await db.repair("whole");
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { "deleted in main": 1 } });
});

test("Q6: a download that does not bring it leaves it away, however many there are", async () => {
  const db = await world.database({});
  await putMain(db, { id: 1, ts: 5 });
  await putCheck(db, { id: 1, ts: 5 });
  await db.repair();
  await deleteInMain(db, 30);
  for (let n = 2; n < 5; n++) {
    await putCheck(db, { id: n, ts: 5 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 1, open: { "deleted in main": 1 } });
  }
});

/** A run of vn-check whose update of the site ended well, or not. */
async function updated(db: Db, well: boolean): Promise<void> {
  const { rows } = await db.login.query(
    "SELECT src_vn_json_repair.begin_job('daily', NULL, NULL, NULL, NULL) AS job",
  );
  await db.login.query("SELECT src_vn_json_repair.site_ended($1, 'vn38', $2, '{}')", [rows[0].job, well]);
  await db.login.query("SELECT src_vn_json_repair.end_job($1, 'done', NULL, NULL)", [rows[0].job]);
}

test("Q6: without a watch on main, what a download of weeks ago brought is put back once updates have come since", async () => {
  const db = await world.database({ watchMain: false });
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now())");
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  await db.admin.query("UPDATE src_vn_json_repair.downloaded_key SET at = now() - interval '20 days'");
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 2 } });
  await updated(db, false);
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 2 } });
  await updated(db, true);
  expect(await db.repair("journal")).toMatchObject({ inserted: 2, open: {} });
});
