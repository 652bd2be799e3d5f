import fc from "fast-check";
import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { install } from "../../sql/installer";
import { installation, makeClientTables } from "../support/installation";
import { type Cluster, startCluster } from "../support/postgres";

const PASSWORD = "only-for-tests";
const CHECK = "src_vn_json_check";
const R = "src_vn_json_repair";
const REFERENCES = ["taxo_groups", "territorial_units"];

let cluster: Cluster;
let admin: Client;
let login: Client;

beforeAll(async () => {
  cluster = await startCluster({ postgis: false, settings: { jit: "off" } });
  const database = await cluster.createDatabase();
  admin = await cluster.connect(database);
  await admin.query(`CREATE ROLE vn_check_repair NOLOGIN; CREATE ROLE vn_check LOGIN PASSWORD '${PASSWORD}'`);
  await makeClientTables(admin, "src_vn_json");
  await install(admin, installation());
  login = await cluster.connect(database, { user: "vn_check", password: PASSWORD });
});
afterAll(async () => {
  await login?.end();
  await admin?.end();
  await cluster?.stop();
});

const GROUPS = { 1: "BIRD", 2: "BAT", 3: "MOTH" } as const;

beforeEach(async () => {
  await admin.query(`
    TRUNCATE ${CHECK}.download_log, ${CHECK}.taxo_groups_json, ${CHECK}.territorial_units_json,
      ${R}.job CASCADE;
    INSERT INTO ${CHECK}.taxo_groups_json VALUES
      (1, 's', '{"name_constant": "BIRD", "access_mode": "full"}'), (2, 's', '{"name_constant": "BAT", "access_mode": "none"}'),
      (3, 's', '{"name_constant": "MOTH", "access_mode": "full"}'), (1, 'other', '{"name_constant": "BIRD"}');
    INSERT INTO ${CHECK}.territorial_units_json VALUES
      (7, 's', '{"id_country": "1", "short_name": "07"}'), (39, 's', '{"id_country": "1", "short_name": "38"}'),
      (7, 'other', '{"id_country": "1", "short_name": "07"}');`);
});

/** YYYY-MM-DD, so many days after 1 November. */
const day = (n: number) => new Date(Date.UTC(2026, 10, 1 + n)).toISOString().slice(0, 10);

/** What the client stored whole: `days` after its first day, both ends included. */
interface Piece {
  site?: string;
  group?: number;
  unit?: string;
  start: number;
  days: number;
  n: number;
  /** Stored long before anything else. */
  old?: boolean;
  french?: boolean;
}

async function store(...pieces: Piece[]): Promise<void> {
  const comments = pieces.map(
    ({ site = "s", group = 1, unit = "107", start, days, n, french }) =>
      `${site} => Iter${french ? " " : ""}: 1, ${n} obs, taxo_group${french ? " " : ""}: ${group}, territorial_unit${french ? " " : ""}: ${unit}, ` +
      `date${french ? " " : ""}: ${day(start).split("-").reverse().join("/")}, ${french ? "intervalle " : "interval"}: ${days}`,
  );
  await login.query(
    `INSERT INTO ${CHECK}.download_log (site, controler, download_ts, http_status, comment)
     SELECT site, 'observations', CASE WHEN old THEN '2020-01-01' ELSE localtimestamp END, 200, comment
       FROM unnest($1::text[], $2::boolean[], $3::text[]) WITH ORDINALITY AS p (site, old, comment, ord) ORDER BY ord`,
    [pieces.map((p) => p.site ?? "s"), pieces.map((p) => p.old ?? false), comments],
  );
}

/** The reference controllers' own rows, written when the portal has answered. */
async function answered(site = "s", names = REFERENCES): Promise<void> {
  await login.query(
    `INSERT INTO ${CHECK}.download_log (site, controler, http_status, comment)
     SELECT $1, name, 200, 'Iteration 1, opt_params = None' FROM unnest($2::text[]) AS name`,
    [site, names],
  );
}

interface Covered {
  taxo_group: number;
  group_name: string;
  unit: string;
  short_name: string;
  days: string[];
  reached: string | null;
  rows: number;
}

async function coverage(
  excluded: string[] = [],
  units: string[] = [],
  since = "-infinity",
  site = "s",
): Promise<Covered[]> {
  const { rows } = await login.query(
    `SELECT taxo_group, group_name, unit, short_name, reached::text, rows::integer, ARRAY(
              SELECT d::date::text FROM unnest(days) AS r, generate_series(lower(r), upper(r) - 1, interval '1 day') AS d) AS days
       FROM ${R}.coverage($1, $2, $3, $4)`,
    [site, excluded, units, since],
  );
  return rows as Covered[];
}

interface Proof {
  site: string;
  since: string;
  window: { from: string; to: string };
  expected: number;
  rows: number;
  unproven: { taxoGroup: number; groupName: string; unit: string; shortName: string }[];
  missing: string[];
  doubts: { kind: string; got: number; usual: number }[];
  proven: boolean;
}

async function value<T>(sql: string, values: unknown[] = [], client = login): Promise<T> {
  const { rows } = await client.query({ text: sql, values, rowMode: "array" });
  return (rows[0] as unknown[])[0] as T;
}
const beginJob = async (
  verb: string,
  from: string | null,
  to: string | null,
  resumes: number | null = null,
) => Number(await value(`SELECT ${R}.begin_job($1, $2, $3, $4, '/log/x')`, [verb, from, to, resumes]));
const beginSite = (
  job: number,
  { site = "s", excluded = [] as string[], units = [] as string[], again = false } = {},
) => value<string>(`SELECT ${R}.begin_site($1, $2, $3, $4, $5)::text`, [job, site, excluded, units, again]);
const prove = (job: number, { site = "s", missing = [] as string[] | null, accept = false } = {}) =>
  value<Proof>(`SELECT ${R}.prove($1, $2, $3, $4)`, [job, site, missing, accept]);
const siteProof = (job: number, site = "s") => value<Proof>(`SELECT ${R}.site_proof($1, $2)`, [job, site]);
const endJob = (job: number, status = "done", message = "", run: number | null = null) =>
  value(`SELECT ${R}.end_job($1, $2, $3, $4)`, [job, status, message, run]);

const WINDOW = { from: day(5), to: day(20) };
const gaps = (proof: Proof) => proof.unproven.map((gap) => `${gap.taxoGroup}/${gap.shortName}`);

/** All four groups and units over the window, `n` observations each; those named are left out. */
async function storeAll(n: number, { except = [] as string[], site = "s" } = {}): Promise<void> {
  const all = [1, 3].flatMap((group) =>
    ["107", "138"].map((unit) => ({ site, group, unit, start: 5, days: 15, n })),
  );
  await store(...all.filter((piece) => !except.includes(`${piece.group}/${piece.unit.slice(1)}`)));
}

/** A weekly job that is proven with so many observations in all. */
async function provenJob(rows: number, filters = {}): Promise<number> {
  const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
  await beginSite(job, filters);
  await answered();
  await storeAll(rows / 4);
  expect(await prove(job)).toMatchObject({ proven: true, doubts: [] });
  await endJob(job);
  return job;
}

describe("coverage", () => {
  test("what has to come: allowed groups in the units asked for, of this site", async () => {
    const names = async (...args: Parameters<typeof coverage>) =>
      (await coverage(...args)).map((one) => `${one.group_name}/${one.unit}`);
    expect(await names()).toEqual(["BIRD/107", "BIRD/138", "MOTH/107", "MOTH/138"]);
    expect(await names(["BIRD"], ["38"])).toEqual(["MOTH/138"]);
    expect(await names([], ["99"])).toEqual([]);
    expect(await names([], [], "-infinity", "other")).toEqual(["BIRD/107"]);
    expect(await coverage(["BIRD"], ["38"])).toEqual([
      { taxo_group: 3, group_name: "MOTH", unit: "138", short_name: "38", days: [], reached: null, rows: 0 },
    ]);
  });

  test("random pieces, looked at day by day", async () => {
    const piece = fc.record({
      site: fc.constantFrom("s", "s", "s", "s", "other"),
      group: fc.constantFrom(1, 1, 3, 2),
      unit: fc.constantFrom("107", "107", "138"),
      start: fc.integer({ min: 0, max: 24 }),
      days: fc.integer({ min: 0, max: 8 }),
      n: fc.nat(9),
      old: fc.boolean(),
      french: fc.boolean(),
    });
    const windows = [
      [5, 20],
      [0, 3],
      [12, 12],
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), fc.boolean(), async (pieces, all) => {
        await admin.query(`TRUNCATE ${CHECK}.download_log`);
        await store(...pieces);
        const since = all ? "-infinity" : "2026-01-01";
        const found = await coverage([], [], since);
        expect(found).toEqual(
          [1, 3].flatMap((group) =>
            ["107", "138"].map((unit) => {
              const ours = pieces.filter(
                (p) => p.site === "s" && p.group === group && p.unit === unit && (all || !p.old),
              );
              return {
                taxo_group: group,
                group_name: GROUPS[group as 1 | 3],
                unit,
                short_name: unit.slice(1),
                ...model(ours),
              };
            }),
          ),
        );
        for (const [from, to] of windows) {
          const { rows } = await login.query(
            `SELECT days @> daterange($2, $3, '[]') AS whole FROM ${R}.coverage('s', '{}', '{}', $1)`,
            [since, day(from), day(to)],
          );
          const each = Array.from({ length: to - from + 1 }, (_, i) => day(from + i));
          expect(rows.map((row) => row.whole)).toEqual(
            found.map((one) => each.every((d) => one.days.includes(d))),
          );
        }
      }),
      { numRuns: 400 },
    );
  });

  /** What is known of pieces of one group and unit, from the single days. */
  function model(pieces: Piece[]): { days: string[]; reached: string | null; rows: number } {
    const there = Array.from({ length: 40 }, (_, d) =>
      pieces.some((p) => p.start <= d && d <= p.start + p.days),
    );
    const first = pieces[0];
    let back = first ? first.start + first.days : -1;
    while (back > 0 && there[back - 1]) back--;
    // A piece fetched twice counts once, with its last number.
    const once = new Map(pieces.map((p) => [`${p.start} ${p.days}`, p.n]));
    return {
      days: there.flatMap((yes, d) => (yes ? [day(d)] : [])),
      reached: first ? day(back) : null,
      rows: [...once.values()].reduce((sum, n) => sum + n, 0),
    };
  }

  test("pieces older than asked for, of other controllers, or in French", async () => {
    await login.query(`INSERT INTO ${CHECK}.download_log (site, controler, download_ts, comment) VALUES
      ('s', 'observations', '2026-11-01', 's => Iter: 1, 5 obs, taxo_group: 1, territorial_unit: 107, date: 01/11/2026, interval: 9'),
      ('s', 'places', '2026-11-03', 'Iteration 1, opt_params = None'),
      ('s', 'observations', '2026-11-03', 'taxo_group: 1, territorial_unit: 107, date: 01/11/2026, interval: 9, and more'),
      ('s', 'observations', '2026-11-03', NULL),
      ('s', 'observations', '2026-11-03', 's => Iter : 1, 5 obs, taxo_group : 3, territorial_unit : 138, date : 01/11/2026, intervalle : 9')`);
    const got = (await coverage([], [], "2026-11-02")).filter((one) => one.days.length > 0);
    expect(got.map((one) => [one.group_name, one.unit, one.days[0], one.days.at(-1), one.rows])).toEqual([
      ["MOTH", "138", "2026-11-01", "2026-11-10", 5],
    ]);
  });

  test("a first import's reach is counted from its first piece, whatever was downloaded later", async () => {
    await store({ start: 10, days: 5, n: 1 }, { start: 5, days: 5, n: 1 }, { start: 30, days: 5, n: 1 });
    expect((await coverage())[0]?.reached).toBe(day(5));
  });
});

describe("prove", () => {
  let job: number;
  beforeEach(async () => {
    job = await beginJob("weekly", WINDOW.from, WINDOW.to);
  });

  test("nothing is proven when a site begins, and everything when each day of each group and unit came", async () => {
    const since = await beginSite(job);
    expect(await siteProof(job)).toEqual({
      site: "s",
      since: since.replace(" ", "T"),
      window: WINDOW,
      expected: 0,
      rows: 0,
      unproven: [],
      missing: REFERENCES,
      doubts: [],
      proven: false,
    });
    expect(await prove(job)).toMatchObject({ expected: 4, missing: REFERENCES, proven: false });
    await answered();
    await storeAll(10);
    expect(await prove(job)).toMatchObject({
      expected: 4,
      rows: 40,
      unproven: [],
      missing: [],
      proven: true,
    });
    expect(await siteProof(job)).toEqual(await prove(job));
    expect((await login.query(`SELECT * FROM ${R}.proof($1)`, [job])).rows).toMatchObject([
      { site: "s", expected: 4, rows: "40", unproven: "0", missing: [], doubts: "{}", proven: true },
    ]);
  });

  test("a hole in the window, an end that lacks, and the stretches of each group and unit for themselves", async () => {
    await beginSite(job);
    await answered();
    await store(
      { group: 1, unit: "107", start: 5, days: 7, n: 1 }, // 5–12 and 14–20: the 13th lacks
      { group: 1, unit: "107", start: 14, days: 6, n: 1 },
      { group: 1, unit: "138", start: 13, days: 9, n: 1 }, // 3–22, with the day that the other unit lacks
      { group: 1, unit: "138", start: 3, days: 9, n: 1 },
      { group: 3, unit: "107", start: 6, days: 14, n: 1 }, // the first day lacks
      { group: 3, unit: "138", start: 5, days: 14, n: 1 }, // the last day lacks
    );
    const proof = await prove(job);
    expect(proof).toMatchObject({ expected: 4, rows: 6, proven: false, missing: [], doubts: [] });
    expect(gaps(proof)).toEqual(["1/07", "3/07", "3/38"]);
    expect(proof.unproven[0]).toEqual({ taxoGroup: 1, groupName: "BIRD", unit: "107", shortName: "07" });
    await store(
      { group: 1, unit: "107", start: 13, days: 0, n: 0 },
      { group: 3, unit: "107", start: 5, days: 0, n: 0 },
    );
    expect(gaps(await prove(job))).toEqual(["3/38"]);
    await store({ group: 3, unit: "138", start: 20, days: 0, n: 0 });
    expect(await prove(job)).toMatchObject({ unproven: [], proven: true });
    expect(await value(`SELECT count(*)::integer FROM ${R}.job_gap`)).toBe(0);
  });

  test("what was stored before the download began does not count, however long ago its transaction began", async () => {
    await login.query("BEGIN");
    await login.query("SELECT now()");
    const other = await cluster.connect((await value("SELECT current_database()")) as string);
    await other.query(`INSERT INTO ${CHECK}.download_log (site, controler, comment) VALUES
      ('s', 'observations', 's => Iter: 1, 5 obs, taxo_group: 1, territorial_unit: 107, date: 01/11/2026, interval: 90')`);
    await other.end();
    await beginSite(job);
    await login.query("COMMIT");
    expect(gaps(await prove(job))).toEqual(["1/07", "1/38", "3/07", "3/38"]);
  });

  test("no group or unit expected proves nothing", async () => {
    await beginSite(job, { units: ["99"] });
    await answered();
    expect(await prove(job)).toMatchObject({ expected: 0, unproven: [], missing: [], proven: false });
    await admin.query(`TRUNCATE ${CHECK}.taxo_groups_json`);
    await beginSite(job);
    await answered();
    expect(await prove(job)).toMatchObject({ expected: 0, unproven: [], missing: [], proven: false });
  });

  test("a controller that did not end well, or that the portal never answered", async () => {
    await answered(); // by an earlier job
    await answered("other");
    await beginSite(job);
    await storeAll(1);
    expect(await prove(job)).toMatchObject({ unproven: [], missing: REFERENCES, proven: false });
    await answered("s", ["taxo_groups"]);
    expect(await prove(job)).toMatchObject({ missing: ["territorial_units"], proven: false });
    await login.query(
      `INSERT INTO ${CHECK}.download_log (site, controler, http_status) VALUES ('s', 'territorial_units', 500)`,
    );
    expect(await prove(job)).toMatchObject({ missing: ["territorial_units"], proven: false });
    await answered("s", ["territorial_units"]);
    // Answered, but not stored: the client said so.
    expect(await prove(job, { missing: ["territorial_units"] })).toMatchObject({
      missing: ["territorial_units"],
    });
    expect(await prove(job, { missing: null })).toMatchObject({
      missing: ["territorial_units"],
      proven: false,
    });
    expect(await prove(job)).toMatchObject({ missing: [], proven: true });
  });

  test("groups left out, units asked for, and groups closed to this account are not waited for", async () => {
    const [bird] = [{ start: 5, days: 15, n: 2 }];
    await beginSite(job, { excluded: ["MOTH"], units: ["07"] });
    await answered();
    await store(bird as Piece);
    expect(await prove(job)).toMatchObject({ expected: 1, rows: 2, proven: true });
    await beginSite(job, { units: ["07"] });
    await answered();
    await store(bird as Piece);
    expect(gaps(await prove(job))).toEqual(["3/07"]);
    await admin.query(
      `UPDATE ${CHECK}.taxo_groups_json SET item = item || '{"access_mode": "none"}' WHERE id = 3`,
    );
    expect(await prove(job)).toMatchObject({ expected: 1, proven: true });
  });

  test("two sites of a job stand for themselves", async () => {
    await beginSite(job);
    await beginSite(job, { site: "other" });
    await answered("other");
    await store({ site: "other", start: 5, days: 15, n: 1 });
    expect(await prove(job, { site: "other" })).toMatchObject({ expected: 1, proven: true });
    expect(await prove(job)).toMatchObject({ expected: 4, proven: false });
  });

  test("a job without a window proves nothing, nor does a site that was not begun", async () => {
    await expect(prove(job)).rejects.toThrow(/site s was not begun in job/);
    await value(`SELECT ${R}.site_ended($1, 's', true, '{}')`, [job]);
    await expect(prove(job)).rejects.toThrow(/site s was not begun in job/);
    expect(await siteProof(job).catch(() => null)).toBeNull();
    const daily = await beginJob("daily", null, null);
    await expect(beginSite(daily)).rejects.toThrow(/has no window/);
  });
});

describe("doubts", () => {
  test("fewer groups and units than at the last proven download", async () => {
    await provenJob(40);
    await admin.query(`DELETE FROM ${CHECK}.territorial_units_json WHERE id = 7 AND site = 's'`);
    const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(job);
    await answered();
    await storeAll(100);
    const doubts = [{ kind: "fewer downloads", got: 2, usual: 4 }];
    expect(await prove(job)).toMatchObject({ expected: 2, unproven: [], doubts, proven: false });
    // A person has looked; from then on it is the usual.
    expect(await prove(job, { accept: true })).toMatchObject({ doubts: [], proven: true });
    expect(await prove(job)).toMatchObject({ doubts: [], proven: true });
    await endJob(job);
    await provenJob(200);
  });

  test("far fewer observations than usual, once there are three downloads that make a usual", async () => {
    const begun = async (rows: number) => {
      const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
      await beginSite(job);
      await answered();
      await storeAll(rows / 4);
      return await prove(job);
    };
    await provenJob(400);
    await provenJob(480);
    expect((await begun(4)).doubts).toEqual([]);
    expect((await begun(396)).doubts).toEqual([]);
    // 400, 480, 4, 396: the median is 398; 40 % of it is 159.2.
    expect((await begun(160)).doubts).toEqual([]);
    // 160 came in: 396; 158.4.
    expect(await begun(156)).toMatchObject({
      unproven: [],
      doubts: [{ kind: "few rows", got: 156, usual: 396 }],
      proven: false,
    });
    // What is not believed makes no usual.
    expect((await begun(160)).doubts).toEqual([]);
  });

  test("a download that lacks something is not doubted besides, and only the last eight are usual", async () => {
    for (let i = 0; i < 2; i++) await provenJob(8000);
    for (let i = 0; i < 8; i++) await provenJob(4000);
    const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(job);
    await answered();
    await storeAll(300, { except: ["3/38"] });
    expect(await prove(job)).toMatchObject({ rows: 900, doubts: [], proven: false });
    await store({ group: 3, unit: "138", start: 5, days: 15, n: 300 });
    expect((await prove(job)).doubts).toEqual([{ kind: "few rows", got: 1200, usual: 4000 }]);
  });

  // R3
  test("downloads of other filters and sites are not compared; of other windows by the day", async () => {
    for (let i = 0; i < 3; i++) await provenJob(4000);
    await admin.query(`DELETE FROM ${CHECK}.territorial_units_json WHERE id = 7 AND site = 's'`);
    const proven = async (from: string, filters: Parameters<typeof beginSite>[1]) => {
      const job = await beginJob("weekly", from, WINDOW.to);
      await beginSite(job, filters);
      await answered();
      await storeAll(1);
      return await prove(job);
    };
    // 16 days, then 15; the other unit is not listed any more, but its answers are there.
    expect((await proven(day(6), {})).doubts).toEqual([
      { kind: "fewer downloads", got: 2, usual: 4, unit: "107" },
      { kind: "few rows", got: 2, usual: 3750 },
    ]);
    expect((await proven(WINDOW.from, { excluded: ["BAT"] })).doubts).toEqual([]);
    expect((await proven(WINDOW.from, { excluded: [] })).doubts).toHaveLength(2);
    // The order in which a filter names its parts says nothing.
    await proven(WINDOW.from, { excluded: ["BAT", "EEL"], units: ["38", "26"] });
    await admin.query(
      `UPDATE ${CHECK}.territorial_units_json SET item = item || '{"short_name": "07"}' WHERE site = 's'`,
    );
    expect((await proven(WINDOW.from, { excluded: ["EEL", "BAT"], units: ["26", "38"] })).expected).toBe(0);
    const [stored] = (
      await admin.query(`SELECT excluded_groups, units FROM ${R}.job_site ORDER BY job DESC LIMIT 1`)
    ).rows;
    expect(stored).toEqual({ excluded_groups: ["BAT", "EEL"], units: ["26", "38"] });
  });
});

describe("a job that goes on with another", () => {
  let weekly: number;
  let since: string;
  /** 3/38 lacks, and territorial_units did not end well. */
  beforeEach(async () => {
    weekly = await beginJob("weekly", WINDOW.from, WINDOW.to);
    since = await beginSite(weekly);
    await beginSite(weekly, { site: "other" });
    await answered("other");
    await store({ site: "other", start: 5, days: 15, n: 1 });
    await prove(weekly, { site: "other" });
    await answered();
    await storeAll(10, { except: ["3/38"] });
    await prove(weekly, { missing: ["territorial_units"] });
    await endJob(weekly, "partial", "lacks");
    expect(await value(`SELECT ${R}.last_download()`)).toBe(String(weekly));
  });

  test("has its window, its start, and what it has proven; and fetches just what lacks", async () => {
    const job = await beginJob("daily", null, null, weekly);
    expect(await beginSite(job)).toBe(since);
    await beginSite(job, { site: "other" });
    expect(await siteProof(job, "other")).toMatchObject({ window: WINDOW, proven: true });
    const proof = await siteProof(job);
    expect(proof).toMatchObject({
      window: WINDOW,
      expected: 4,
      rows: 30,
      missing: ["territorial_units"],
    });
    expect(gaps(proof)).toEqual(["3/38"]);
    await store({ group: 3, unit: "138", start: 5, days: 15, n: 10 });
    expect(await prove(job, { missing: null })).toMatchObject({ unproven: [], proven: false });
    expect(await prove(job)).toMatchObject({ rows: 40, proven: true });
    await endJob(job);
    // Once as a usual download, though two jobs have it.
    expect(await value(`SELECT ${R}.last_download()`)).toBe(String(job));
    await provenJob(40);
    const few = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(few);
    await answered();
    await storeAll(1);
    expect((await prove(few)).doubts).toEqual([]);
  });

  test("is not compared with itself", async () => {
    const whole = await provenJob(40);
    await admin.query(`DELETE FROM ${CHECK}.territorial_units_json WHERE id = 7 AND site = 's'`);
    const job = await beginJob("daily", null, null, whole);
    await beginSite(job);
    expect(await siteProof(job)).toMatchObject({ expected: 2, rows: 20, doubts: [], proven: true });
  });

  test("made again as a whole, nothing of it counts", async () => {
    const job = await beginJob("daily", null, null, weekly);
    expect(await beginSite(job, { again: true })).not.toBe(since);
    expect(await siteProof(job)).toMatchObject({
      expected: 0,
      unproven: [],
      missing: REFERENCES,
      proven: false,
    });
    expect(gaps(await prove(job))).toHaveLength(4);
  });

  test("an older one than the last cannot be gone on with; one killed before it began a site hides nothing", async () => {
    const killed = await beginJob("weekly", WINDOW.from, WINDOW.to);
    const job = await beginJob("daily", null, null, weekly);
    await beginSite(job);
    await expect(beginJob("daily", null, null, weekly)).rejects.toThrow(
      `job ${weekly} cannot be gone on with: the last download is that of job ${job}`,
    );
    await expect(beginJob("daily", null, null, killed)).rejects.toThrow(/cannot be gone on with/);
  });

  test("what a person accepted stays accepted where it was proven, and only there", async () => {
    const open = async () => {
      const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
      await beginSite(job);
      await answered();
      return job;
    };
    for (let i = 0; i < 3; i++) await provenJob(4000);
    const accepted = await open();
    await storeAll(1);
    expect((await prove(accepted)).doubts).toHaveLength(1);
    expect(await prove(accepted, { accept: true })).toMatchObject({ proven: true });
    await endJob(accepted);
    const next = await beginJob("daily", null, null, accepted);
    await beginSite(next);
    expect(await siteProof(next)).toMatchObject({ doubts: [], proven: true });

    for (let i = 0; i < 3; i++) await provenJob(4000);
    const lacks = await open();
    await storeAll(1, { except: ["1/07"] });
    expect(await prove(lacks, { accept: true })).toMatchObject({ proven: false });
    const later = await beginJob("daily", null, null, lacks);
    await beginSite(later);
    await store({ start: 5, days: 15, n: 1 });
    expect((await prove(later)).doubts).toEqual([{ kind: "few rows", got: 4, usual: 4000 }]);
  });
});

describe("jobs", () => {
  const jobs = async () => (await login.query(`SELECT * FROM ${R}.job ORDER BY id`)).rows;

  test("a job begins, tells where it is, and ends once", async () => {
    const job = await beginJob("init", null, null);
    await value(`SELECT ${R}.progress($1, 'BIRD 1/4')`, [job]);
    expect(await jobs()).toMatchObject([
      {
        id: String(job),
        verb: "init",
        status: "running",
        ended_at: null,
        progress: "BIRD 1/4",
        log_path: "/log/x",
      },
    ]);
    await expect(endJob(job, "running")).rejects.toThrow(/job_running_has_no_end/);
    await endJob(job, "partial", "lacks", 7);
    expect(await jobs()).toMatchObject([{ status: "partial", message: "lacks", repair_run: "7" }]);
    expect((await jobs())[0].ended_at).not.toBeNull();
    for (const late of [
      () => endJob(job),
      () => beginSite(job),
      () => prove(job),
      () => value(`SELECT ${R}.progress($1, '')`, [job]),
      () => value(`SELECT ${R}.site_ended($1, 's', true, NULL)`, [job]),
    ])
      await expect(late()).rejects.toThrow(`job ${job} is not under way: it ended as partial at `);
    await expect(endJob(999_999)).rejects.toThrow("job 999999 is not under way: there is none");
  });

  test("what was killed is closed by the next, unproven, and cannot go on", async () => {
    const killed = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(killed);
    const job = await beginJob("daily", null, null);
    expect(await jobs()).toMatchObject([
      { id: String(killed), status: "failed", message: "killed" },
      { id: String(job), status: "running", message: null },
    ]);
    expect((await jobs())[0].ended_at).not.toBeNull();
    expect(await siteProof(killed)).toMatchObject({ proven: false });
    await expect(prove(killed)).rejects.toThrow(/not under way: it ended as failed/);
  });

  test("two that begin at once: one is left", async () => {
    const database = (await value("SELECT current_database()")) as string;
    const others = await Promise.all(
      Array.from({ length: 4 }, () => cluster.connect(database, { user: "vn_check", password: PASSWORD })),
    );
    await Promise.all(
      others.map((client) => client.query(`SELECT ${R}.begin_job('daily', NULL, NULL, NULL, NULL)`)),
    );
    await Promise.all(others.map((client) => client.end()));
    expect((await jobs()).map((job) => job.status)).toEqual(["failed", "failed", "failed", "running"]);
  });

  test("how a site's update ended is written down with and without a download by date", async () => {
    const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(job);
    await value(`SELECT ${R}.site_ended($1, 's', false, '{species}')`, [job]);
    await value(`SELECT ${R}.site_ended($1, 'other', true, NULL)`, [job]);
    const { rows } = await login.query(
      `SELECT site, since IS NULL AS only_updated, updated, extras_failed, proven FROM ${R}.job_site ORDER BY site DESC`,
    );
    expect(rows).toEqual([
      { site: "s", only_updated: false, updated: false, extras_failed: ["species"], proven: false },
      { site: "other", only_updated: true, updated: true, extras_failed: [], proven: false },
    ]);
    // The download's own part is left alone.
    await prove(job);
    expect((await login.query(`SELECT updated FROM ${R}.job_site WHERE site = 's'`)).rows).toEqual([
      { updated: false },
    ]);
  });

  test("the window has two ends, in their order", async () => {
    await expect(beginJob("weekly", WINDOW.to, WINDOW.from)).rejects.toThrow(/job_window_has_two_ends/);
    await expect(beginJob("weekly", WINDOW.from, null)).rejects.toThrow(/job_window_has_two_ends/);
  });
});

describe("rights", () => {
  test("the login cannot write jobs and proofs by itself, nor what they are judged by", async () => {
    const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(job);
    for (const sql of [
      `INSERT INTO ${R}.job (verb) VALUES ('weekly')`,
      `UPDATE ${R}.job SET window_to = window_from`,
      `DELETE FROM ${R}.job`,
      `TRUNCATE ${R}.job CASCADE`,
      `UPDATE ${R}.job_site SET proven = true`,
      `INSERT INTO ${R}.job_site (job, site) VALUES (${job}, 'x')`,
      `DELETE FROM ${R}.job_site`,
      `DELETE FROM ${R}.job_gap`,
      `UPDATE ${R}.increment_backup SET last_ts = now()`,
      `SELECT ${R}.job_under_way(${job})`,
      `SELECT ${R}.never_answered('s', now()::timestamp)`,
      `SELECT ${R}.doubts_of(${job}, 's', 1, 1)`,
      `CREATE TABLE ${R}.mine ()`,
    ])
      await expect(login.query(sql), sql).rejects.toThrow(/permission denied/);
  });

  test("a proof cannot be claimed: whatever the login says, what lacks in download_log lacks", async () => {
    const job = await beginJob("weekly", WINDOW.from, WINDOW.to);
    await beginSite(job);
    expect(await prove(job, { missing: [], accept: true })).toMatchObject({
      expected: 4,
      missing: REFERENCES,
      proven: false,
    });
    expect(await prove(job, { missing: null, accept: true })).toMatchObject({ proven: false });
    await login.query(`CREATE TEMP TABLE download_log AS SELECT * FROM ${CHECK}.download_log`);
    await login.query("SET search_path = pg_temp, public");
    expect(await prove(job)).toMatchObject({ missing: REFERENCES, proven: false });
    await login.query("RESET search_path; DROP TABLE pg_temp.download_log");
    // The table itself refuses a proof with something lacking, whoever writes it.
    await expect(admin.query(`UPDATE ${R}.job_site SET proven = true WHERE job = ${job}`)).rejects.toThrow(
      /job_site_proven_lacks_nothing/,
    );
  });

  test("dates of increment_log are kept and taken back by the login, and go with their job", async () => {
    const job = await beginJob("daily", null, null);
    await login.query(
      `INSERT INTO ${R}.increment_backup VALUES (${job}, 's', 1, '2026-11-01'), (${job}, 's', 3, '2026-11-01')`,
    );
    await login.query(
      `INSERT INTO ${R}.increment_backup VALUES (${job}, 's', 1, '2026-12-01') ON CONFLICT DO NOTHING`,
    );
    await expect(
      login.query(`INSERT INTO ${R}.increment_backup VALUES (999999, 's', 1, now())`),
    ).rejects.toThrow(/foreign key/);
    const kept = () =>
      value<string>(
        `SELECT string_agg(taxo_group || ' ' || last_ts::date, ', ' ORDER BY 1) FROM ${R}.increment_backup`,
      );
    expect(await kept()).toBe("1 2026-11-01, 3 2026-11-01");
    await login.query(`DELETE FROM ${R}.increment_backup WHERE taxo_group = 3`);
    await admin.query(`DELETE FROM ${R}.job`);
    expect(await kept()).toBeNull();
  });

  test("every object says what it is for", async () => {
    const { rows } = await admin.query(`
      SELECT c.oid::regclass::text AS name FROM pg_class AS c
       WHERE c.relnamespace = '${R}'::regnamespace AND c.relkind = 'r' AND obj_description(c.oid, 'pg_class') IS NULL
       UNION ALL
      SELECT p.oid::regprocedure::text FROM pg_proc AS p
       WHERE p.pronamespace = '${R}'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL`);
    expect(rows).toEqual([]);
  });
});
