import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../scripts/runner/account/database";
import { addDays } from "../../scripts/runner/account/days";
import { coverage, covers } from "../../scripts/runner/download/coverage";
import { type Cluster, startCluster } from "../support/postgres";

let cluster: Cluster;
let db: Database;
let end: () => Promise<void>;

beforeAll(async () => {
  cluster = await startCluster({ postgis: false });
  const client = await cluster.connect(await cluster.createDatabase());
  await client.query(`
    create table download_log (id serial, site text, controler text, download_ts timestamp default now(), comment text);
    create table taxo_groups_json (id int, site text, item jsonb);
    create table territorial_units_json (id int, site text, item jsonb);
    insert into taxo_groups_json values (1, 's', '{"name_constant": "BIRD", "access_mode": "full"}'),
      (2, 's', '{"name_constant": "BAT", "access_mode": "none"}'), (3, 's', '{"name_constant": "MOTH", "access_mode": "full"}'),
      (1, 'other', '{"name_constant": "BIRD", "access_mode": "full"}');
    insert into territorial_units_json values (7, 's', '{"id_country": "1", "short_name": "07"}'),
      (39, 's', '{"id_country": "1", "short_name": "38"}');`);
  db = {
    schema: "public",
    rows: async (sql, values) => (await client.query(sql, values)).rows,
    session: (use) => use(client),
  };
  end = () => client.end();
});
afterAll(async () => {
  await end?.();
  await cluster?.stop();
});

const DAY = "2026-11-01";
const scope = { site: "s", taxoExclude: [], units: [] };

test("what has to come: allowed groups in the units asked for, of this site", async () => {
  const pairs = async (change: object) =>
    (await coverage(db, { ...scope, ...change }, "-infinity")).map((pair) => `${pair.group}/${pair.unit}`);
  expect(await pairs({})).toEqual(["BIRD/107", "BIRD/138", "MOTH/107", "MOTH/138"]);
  expect(await pairs({ taxoExclude: ["BIRD"], units: ["38"] })).toEqual(["MOTH/138"]);
  expect(await pairs({ units: ["99"] })).toEqual([]);
  expect(await pairs({ site: "other" })).toEqual([]);
});

test("random pieces cover a window exactly when each of its days is in one of them", async () => {
  const piece = fc.record({
    start: fc.integer({ min: 0, max: 24 }),
    length: fc.integer({ min: 0, max: 8 }),
    n: fc.nat(9),
  });
  const sample = fc.sample(fc.array(piece, { maxLength: 7 }), 150);
  for (const pieces of sample) {
    await db.rows("truncate download_log");
    for (const { start, length, n } of pieces) {
      const [y, m, d] = addDays(DAY, start).split("-");
      await db.rows("insert into download_log (site, controler, comment) values ('s', 'observations', $1)", [
        `s => Iter: 1, ${n} obs, taxo_group: 1, territorial_unit: 107, date: ${d}/${m}/${y}, interval: ${length}`,
      ]);
    }
    const [bird, other] = await coverage(db, scope, "-infinity");
    if (!bird || !other) throw new Error("no pairs");
    for (const [from, to] of [
      [5, 20],
      [0, 3],
      [12, 12],
    ] as const) {
      const days = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      const all = days.every((day) => pieces.some((p) => p.start <= day && day <= p.start + p.length));
      expect(covers(bird, { from: addDays(DAY, from), to: addDays(DAY, to) }), JSON.stringify(pieces)).toBe(
        all,
      );
    }
    expect(other.islands).toEqual([]);
    const first = pieces[0];
    expect(bird.firstTop).toBe(first ? addDays(DAY, first.start + first.length) : null);
    // A piece fetched twice counts once, with its last number.
    const once = new Map(pieces.map((p) => [`${p.start} ${p.length}`, p.n]));
    expect(bird.rows).toBe([...once.values()].reduce((sum, n) => sum + n, 0));
  }
});

test("pieces older than asked for, of other controllers, or in French", async () => {
  await db.rows("truncate download_log");
  await db.rows(`insert into download_log (site, controler, download_ts, comment) values
    ('s', 'observations', '2026-11-01', 's => Iter: 1, 5 obs, taxo_group: 1, territorial_unit: 107, date: 01/11/2026, interval: 9'),
    ('s', 'places', '2026-11-03', 'Iteration 1, opt_params = None'),
    ('s', 'observations', '2026-11-03', 's => Iter : 1, 5 obs, taxo_group : 3, territorial_unit : 138, date : 01/11/2026, intervalle : 9')`);
  const got = (await coverage(db, scope, "2026-11-02")).filter((pair) => pair.islands.length > 0);
  expect(got.map((pair) => [pair.group, pair.unit, pair.islands, pair.rows])).toEqual([
    ["MOTH", "138", [{ from: "2026-11-01", to: "2026-11-10" }], 5],
  ]);
});
