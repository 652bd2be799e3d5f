import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pgPass, pgService } from "../../components/render/pgFiles";
import { AT_WORK, type Database, databaseOf } from "../../scripts/runner/account/database";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { gapSince, prepareUpdate, putBack, updateEnded } from "../../scripts/runner/download/increments";
import { windowFor } from "../../scripts/runner/download/window";
import type { Fact, Scope } from "../../scripts/runner/facts";
import { openSince } from "../../scripts/runner/run/job";
import { type Cluster, startCluster } from "../support/postgres";
import { install, MAIN_OWNER } from "./install";
import { NAMES } from "./runnerAccount";

// Which days a job downloads, and from which day an update asks: at each bound, with the database that the runner has.

const R = "src_vn_json_repair";
const CHECK = "src_vn_json_check";
const PASSWORD = "only-for-tests";
let cluster: Cluster;
let sql: Client;
let db: Database;
let home: string;
beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  const database = await cluster.createDatabase();
  sql = await cluster.connect(database);
  await sql.query(`CREATE ROLE ${NAMES.login} LOGIN PASSWORD '${PASSWORD}';
    CREATE ROLE ${NAMES.repairRole} NOLOGIN; CREATE ROLE ${MAIN_OWNER} NOLOGIN`);
  await install(sql);
  home = mkdtempSync(join(tmpdir(), "vn-window-"));
  const target = { address: cluster.host, port: cluster.port, database, sslmode: "prefer" };
  writeFileSync(join(home, ".pg_service.conf"), pgService(NAMES, target, false));
  writeFileSync(join(home, ".pgpass"), pgPass(NAMES.login, PASSWORD, target), { mode: 0o600 });
  db = databaseOf(home, NAMES.service, { check: CHECK, repair: R }, [], AT_WORK);
});
afterAll(async () => {
  await sql?.end();
  await cluster?.stop();
  if (home) rmSync(home, { recursive: true });
});

const SCOPE: Scope = { site: "s", taxoExclude: ["MOTH"], units: [] };
const WINDOW_DAYS = 14;
const OVERLAP_DAYS = 3;

/** Groups 1 and 2 are asked for; 3 is closed to the account, 4 is left out; the client keeps places at -1. */
beforeEach(async () => {
  await sql.query(`TRUNCATE ${CHECK}.taxo_groups_json, ${CHECK}.increment_log, ${R}.job CASCADE;
    INSERT INTO ${CHECK}.taxo_groups_json VALUES
      (1, 's', '{"name_constant": "BIRD", "access_mode": "full"}'), (2, 's', '{"name_constant": "BAT", "access_mode": "full"}'),
      (3, 's', '{"name_constant": "FISH", "access_mode": "none"}'), (4, 's', '{"name_constant": "MOTH", "access_mode": "full"}'),
      (5, 'other', '{"name_constant": "BIRD", "access_mode": "full"}')`);
});
/** When each group was last brought up to date, in days before now. */
const updated = (days: Record<number, number>, site = "s") =>
  sql.query(
    `INSERT INTO ${CHECK}.increment_log (site, taxo_group, last_ts)
     SELECT $1, g, localtimestamp - d * interval '1 day' FROM unnest($2::int[], $3::float8[]) AS u (g, d)`,
    [site, Object.keys(days).map(Number), Object.values(days)],
  );
/** The same as it is now, rounded to hours of a day. */
const asked = async (site = "s"): Promise<Record<number, number>> => {
  const { rows } = await sql.query<{ g: number; d: number }>(
    `SELECT taxo_group AS g, round(extract(epoch FROM localtimestamp - last_ts) / 86400 * 24)::float8 / 24 AS d
       FROM ${CHECK}.increment_log WHERE site = $1 ORDER BY 1`,
    [site],
  );
  return Object.fromEntries(rows.map(({ g, d }) => [g, d]));
};
const today = () => localDay(new Date());

describe("the days that a weekly job downloads", () => {
  /** How many days before today the window begins, and what is said of it. */
  async function begins(open?: number): Promise<{ days: number; gap: boolean }> {
    const said: Fact[] = [];
    const d = { db, limits: { windowDays: WINDOW_DAYS }, say: (fact: Fact) => said.push(fact) };
    const window = await windowFor(
      d as unknown as Parameters<typeof windowFor>[0],
      [SCOPE],
      open === undefined ? undefined : addDays(today(), -open),
    );
    expect(window.to).toBe(today());
    expect(said.at(-1)).toEqual({ fact: "window", window });
    const days = (Date.parse(window.to) - Date.parse(window.from)) / 86_400_000;
    return { days, gap: said.some(({ fact }) => fact === "gap") };
  }

  test.each([
    [undefined, WINDOW_DAYS],
    [3, WINDOW_DAYS],
    [WINDOW_DAYS, WINDOW_DAYS],
    [WINDOW_DAYS + 1, WINDOW_DAYS + 1],
    [69, 69],
    [70, 70],
    [71, 70],
    [400, 70],
  ])("the last download is unproven since %s days ago: it begins %i days ago", async (open, days) => {
    await updated({ 1: 1, 2: 1 });
    expect(await begins(open)).toEqual({ days, gap: false });
  });

  test.each([
    [{ 1: 1, 2: 59.9 }, WINDOW_DAYS, false],
    [{ 1: 1, 2: 61 }, 61, true],
    [{ 1: 100, 2: 61 }, 100, true],
    // What no update asks for makes no gap.
    [{ 1: 1, 2: 1, 3: 100, 4: 100, [-1]: 100 }, WINDOW_DAYS, false],
  ])("groups were last brought up to date %j days ago: it begins %i days ago", async (groups, days, gap) => {
    await updated(groups);
    await updated({ 5: 200 }, "other");
    expect(await begins()).toEqual({ days, gap });
  });

  test("a gap and an unproven download: the earlier of the two", async () => {
    await updated({ 1: 65, 2: 1 });
    expect(await begins(68)).toEqual({ days: 68, gap: false });
    expect(await begins(20)).toEqual({ days: 65, gap: true });
  });

  test("a gap is one of any of the sites, and its day is the earliest", async () => {
    await updated({ 1: 61 });
    await updated({ 5: 80 }, "other");
    const both = [SCOPE, { ...SCOPE, site: "other" }];
    expect(await gapSince(db, both)).toBe(addDays(today(), -80));
    expect(await gapSince(db, both.slice(0, 1))).toBe(addDays(today(), -61));
    await sql.query(`TRUNCATE ${CHECK}.increment_log`);
    expect(await gapSince(db, both)).toBeNull();
  });
});

test("the last download is open while one of its sites is unproven, and since its own first day", async () => {
  const job = async (from: number, proven: boolean[]) => {
    const { rows } = await sql.query(
      `SELECT ${R}.begin_job('weekly', current_date - $1::integer, current_date, NULL, NULL)::int AS job`,
      [from],
    );
    for (const [i, one] of proven.entries()) {
      await sql.query(`SELECT ${R}.begin_site($1, $2, '{}', '{}')`, [rows[0].job, `site${i}`]);
      await sql.query(
        `UPDATE ${R}.job_site SET proven = $2, expected = 1, missing = '{}' WHERE job = $1 AND site = $3`,
        [rows[0].job, one, `site${i}`],
      );
    }
  };
  expect(await openSince(db)).toBeUndefined();
  await job(20, [true, false]);
  expect(await openSince(db)).toBe(addDays(today(), -20));
  await job(30, [false, true]);
  expect(await openSince(db)).toBe(addDays(today(), -30));
  await job(14, [true, true]);
  expect(await openSince(db)).toBeUndefined();
});

describe("the day from which an update asks", () => {
  let job: number;
  beforeEach(async () => {
    const { rows } = await sql.query(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)::int AS job`);
    job = rows[0].job;
  });
  const prepare = (groups?: number[]) =>
    prepareUpdate(
      db,
      job,
      SCOPE,
      { overlapDays: OVERLAP_DAYS, windowDays: WINDOW_DAYS },
      groups && parts(...groups),
    );
  const parts = (...groups: number[]) =>
    groups.map((taxoGroup) => ({ taxoGroup })) as unknown as Parameters<typeof updateEnded>[3];
  const ended = (...groups: number[]) => updateEnded(db, job, "s", parts(...groups));

  test("its own last update, with an overlap, for each group that is asked for", async () => {
    await updated({ 1: 2, 2: 5, 3: 50, 4: 50, [-1]: 50 });
    await updated({ 5: 9 }, "other");
    await prepare();
    expect(await asked()).toEqual({ [-1]: 50, 1: 5, 2: 8, 3: 50, 4: 50 });
    expect(await asked("other")).toEqual({ 5: 9 });
  });

  test("of some groups alone the others stay as they are, those without a row too", async () => {
    await updated({ 1: 2 });
    await prepare([1]);
    expect(await asked()).toEqual({ 1: 5 });
    await prepare([2]);
    expect(await asked()).toEqual({ 1: 5, 2: WINDOW_DAYS });
  });

  test("a group that is new on the portal gets a row: all of the window; one that is closed or left out gets none", async () => {
    await updated({ 1: 2 });
    await prepare();
    expect(await asked()).toEqual({ 1: 5, 2: WINDOW_DAYS });
  });

  test.each([
    [65, 68],
    [66, 69],
    [67, 69],
    [200, 69],
  ])("%i days ago: %i, for the portal's list reaches no further", async (ago, days) => {
    await updated({ 1: ago, 2: 1 });
    await prepare();
    expect(await asked()).toEqual({ 1: days, 2: 4 });
  });

  test("a failed update has its dates back, and of several tries the first ones; an ended one keeps the new", async () => {
    await updated({ 1: 2, 2: 5 });
    await prepare();
    await prepare();
    expect(await asked()).toEqual({ 1: 8, 2: 11 });
    expect(await putBack(db)).toEqual(["s"]);
    expect(await asked()).toEqual({ 1: 2, 2: 5 });
    expect(await putBack(db)).toEqual([]);
    await prepare();
    await ended(1);
    expect(await putBack(db)).toEqual(["s"]);
    expect(await asked()).toEqual({ 1: 5, 2: 5 });
    await prepare();
    await ended(1, 2);
    expect(await putBack(db)).toEqual([]);
    expect(await asked()).toEqual({ 1: 8, 2: 8 });
  });

  test("of two jobs that were killed, the earlier dates are put back", async () => {
    await updated({ 1: 2, 2: 5 });
    await prepare();
    const { rows } = await sql.query(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)::int AS job`);
    job = rows[0].job;
    await prepare();
    await putBack(db);
    // The second has kept what the first had moved on; the earliest of both is what can lose nothing.
    expect(await asked()).toEqual({ 1: 5, 2: 8 });
  });

  test.each([
    ["a daily job", "daily", null, 65],
    ["a weekly job that began later", "weekly", 64, 65],
    ["a weekly job that began there", "weekly", 66, 68],
  ])(
    "an update from 65 days ago that ended well in %s: from when the next asks",
    async (_name, verb, from, days) => {
      const { rows } = await sql.query(
        `SELECT ${R}.begin_job($1, current_date - $2::integer, CASE WHEN $2 IS NOT NULL THEN current_date END, NULL, NULL)::int AS job`,
        [verb, from],
      );
      job = rows[0].job;
      await updated({ 1: 65, 2: 1 });
      await prepare();
      await ended(1, 2);
      await putBack(db);
      expect(await asked()).toEqual({ 1: days, 2: 4 });
    },
  );
});
