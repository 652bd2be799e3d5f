import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Databases,
  type Db,
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

const DAY = 86_400;
const noon = Math.floor(Date.now() / 1000 / DAY) * DAY + DAY / 2;
const at = (daysAgo: number) => noon - daysAgo * DAY;
const iso = (daysAgo: number) => new Date(at(daysAgo) * 1000).toISOString().slice(0, 10);
const APPLY: Options = { deletions: "apply", maxDeleteShare: 1, sameRights: true };

interface Seen {
  id: number;
  /** Days ago. */
  entered: number;
  group?: string | null;
  /** What the place says. */
  county?: string | null;
  site?: string;
}

const row = ({ id, entered, group = "1", county = "38", site = "vn38" }: Seen) => ({
  id,
  site,
  ts: at(entered),
  item: {
    ...item(id, at(entered)),
    species: { "@id": "1", ...(group === null ? {} : { taxonomy: group }) },
    ...(county === null ? {} : { place: { county } }),
  },
});

/** Both copies have the same rows; units 07 and 38 are known of the site. */
async function both(settings: Options, ...rows: Seen[]): Promise<Db> {
  const db = await world.database({ ...APPLY, ...settings });
  await db.login.query(`INSERT INTO src_vn_json_check.territorial_units_json VALUES
    (7, 'vn38', '{"id_country": "1", "short_name": "07", "name": "Ardèche"}'),
    (39, 'vn38', '{"id_country": "1", "short_name": "38", "name": "Isère"}')`);
  await putMain(db, ...rows.map(row));
  await putCheck(db, ...rows.map(row));
  await db.repair("whole");
  await db.admin.query("UPDATE src_vn_json_repair.downloaded_key SET at = now() - interval '8 days'");
  return db;
}

interface Download {
  from?: number;
  to?: number;
  /** Group and unit, as download_log writes it, with the first day that was fetched. */
  pieces: { group?: number; unit?: string; from?: number; site?: string }[];
  brought?: Seen[];
  sites?: string[];
}

/** A weekly job under way whose download, proven as it is, brought just these rows. */
async function download(db: Db, { from = 14, to = 0, pieces, brought = [], sites = ["vn38"] }: Download) {
  const { rows } = await db.login.query<{ id: number }>(
    "SELECT src_vn_json_repair.begin_job('weekly', $1, $2, NULL, NULL)::integer AS id",
    [iso(from), iso(to)],
  );
  const job = rows[0]?.id ?? 0;
  for (const site of sites)
    await db.login.query("SELECT src_vn_json_repair.begin_site($1, $2, '{}', '{}')", [job, site]);
  // A row from elsewhere, so that something was seen at all.
  await putCheck(db, row({ id: 999_999, entered: 500 }), ...brought.map(row));
  for (const { group = 1, unit = "138", site = "vn38", ...piece } of pieces) {
    const days = (piece.from ?? from) - to;
    await db.login.query(
      "INSERT INTO src_vn_json_check.download_log (site, controler, http_status, comment) VALUES ($1, 'observations', 200, $2)",
      [
        site,
        `${site} => Iter: 1, 3 obs, taxo_group: ${group}, territorial_unit: ${unit}, date: ${iso(
          piece.from ?? from,
        )
          .split("-")
          .reverse()
          .join("/")}, interval: ${days}`,
      ],
    );
  }
  await db.admin.query(
    "UPDATE src_vn_json_repair.job_site SET expected = 1, missing = '{}', proven = true WHERE job = $1",
    [job],
  );
  return job;
}

const ids = async (db: Db) =>
  Object.keys(await mainRows(db))
    .map((key) => Number(key.split("/")[0]))
    .filter((id) => id !== 999_999);
const suspected = (db: Db) =>
  db
    .rows<{ id: number }>(
      "SELECT id::integer FROM src_vn_json_repair.held_back WHERE reason = 'not downloaded' ORDER BY id",
    )
    .then((rows) => rows.map((r) => r.id));

describe("only what was really downloaded may be missed", () => {
  test("a territorial unit that the portal does not list any more: its rows of main stay", async () => {
    const db = await both({}, { id: 1, entered: 5 }, { id: 2, entered: 5, county: "07" });
    const job = await download(db, { pieces: [{ unit: "138" }] });
    expect(await db.repair("whole", { job })).toMatchObject({ deleted: 1, problems: [] });
    expect(await ids(db)).toEqual([2]);
  });

  test("a taxo group that was not downloaded, that was in another unit only, or only for a part of the days", async () => {
    const db = await both(
      {},
      { id: 1, entered: 5 },
      { id: 2, entered: 5, group: "9" },
      { id: 3, entered: 5, group: "2" },
      { id: 4, entered: 5, group: "3" },
      { id: 5, entered: 5, group: null },
    );
    const pieces = [{ unit: "138" }, { group: 2, unit: "107" }, { group: 3, unit: "138", from: 7 }];
    const job = await download(db, { pieces });
    expect(await db.repair("whole", { job })).toMatchObject({ deleted: 1 });
    expect(await ids(db)).toEqual([2, 3, 4, 5]);
  });

  test("a unit by its name counts as by its number; one that the site never had tells nothing, and is told", async () => {
    const db = await both(
      {},
      { id: 1, entered: 5, county: "ISÈRE" },
      { id: 2, entered: 5, county: "Ardèche" },
      { id: 3, entered: 5, county: "69" },
    );
    const job = await download(db, { pieces: [{ unit: "138" }] });
    expect(await db.repair("whole", { job })).toMatchObject({
      deleted: 1,
      problems: [{ problem: "no unit", rows: 1, id: 3 }],
    });
    expect(await ids(db)).toEqual([2, 3]);
  });

  test("where a row does not say its unit, every unit that is known has to have been downloaded", async () => {
    const db = await both({}, { id: 1, entered: 5, county: null }, { id: 2, entered: 5, county: " " });
    const job = await download(db, { pieces: [{ unit: "138" }] });
    expect(await db.repair("whole", { job })).toMatchObject({
      deleted: 0,
      problems: [{ problem: "no unit", rows: 2, id: 1 }],
    });
    await db.admin.query("UPDATE src_vn_json_repair.job SET status = 'done', ended_at = now()");
    const whole = await download(db, { pieces: [{ unit: "138" }, { unit: "107" }] });
    expect(await db.repair("whole", { job: whole })).toMatchObject({ deleted: 2, problems: [] });
  });

  test("a unit that only main's own list knows counts as not downloaded", async () => {
    const db = await both({}, { id: 1, entered: 5, county: null });
    await db.main.query(`INSERT INTO src_vn_json.territorial_units_json VALUES
      (70, 'vn38', '{"id_country": "1", "short_name": "69", "name": "Rhône"}')`);
    await db.admin.query("GRANT SELECT ON src_vn_json.territorial_units_json TO vn_check_repair");
    const job = await download(db, { pieces: [{ unit: "138" }, { unit: "107" }] });
    expect(await db.repair("whole", { job })).toMatchObject({ deleted: 0 });
  });

  test("each site by its own groups and units", async () => {
    const db = await both({}, { id: 1, entered: 5 }, { id: 1, entered: 5, site: "vn07" });
    const job = await download(db, { pieces: [{ unit: "138" }], sites: ["vn38", "vn07"] });
    expect(await db.repair("whole", { job })).toMatchObject({ deleted: 1 });
    expect(Object.keys(await mainRows(db))).toContain("1/vn07");
  });
});

describe("a suspicion lasts until a download brings the row", () => {
  const old = { id: 1, entered: 20 };

  test("a proven download of another window, or of other units, does not forget it; one that brings the row does", async () => {
    const db = await both({ deletions: "report" }, old, { id: 2, entered: 5 });
    const first = await download(db, { from: 25, to: 10, pieces: [{ unit: "138" }] });
    await db.repair("whole", { job: first });
    expect(await suspected(db)).toEqual([1]);
    const next = await download(db, { pieces: [{ unit: "138" }] });
    await db.repair("whole", { job: next });
    expect(await suspected(db)).toEqual([1, 2]);
    const other = await download(db, { from: 25, pieces: [{ unit: "107" }] });
    await db.repair("whole", { job: other });
    expect(await suspected(db)).toEqual([1, 2]);
    await putCheck(db, row(old));
    const later = await download(db, { pieces: [{ unit: "138" }] });
    await db.repair("whole", { job: later });
    expect(await suspected(db)).toEqual([2]);
  });

  test("one that main followed is over, and no row stands in two lists", async () => {
    const db = await both({ deletions: "report" }, old, { id: 2, entered: 5 });
    await db.repair("whole", { job: await download(db, { from: 25, pieces: [{ unit: "138" }] }) });
    expect(await suspected(db)).toEqual([1, 2]);
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1");
    await db.admin.query(
      "UPDATE src_vn_json_repair.settings SET deletions = 'apply'; GRANT DELETE ON src_vn_json.observations_json TO vn_check_repair",
    );
    const result = await db.repair("whole", { job: await download(db, { pieces: [{ unit: "138" }] }) });
    expect(result).toMatchObject({ deleted: 1 });
    expect(await suspected(db)).toEqual([]);
  });
});
