import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "../../sql/installer";
import {
  type Databases,
  type Db,
  fill,
  installation,
  item,
  mainRows,
  put,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// A site is known by its name alone, and contents may be anything: neither doubles main, nor fails a run.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

/** As `fill`, with the day of entry that each observation has. */
async function fillEntered(
  client: Db["main"],
  schema: string,
  from: number,
  to: number,
  site: string,
): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.observations_json (id, site, item, update_ts)
     SELECT i, $3, jsonb_build_object('observers', jsonb_build_array(jsonb_build_object('insert_date', (1700000000 + i)::text))), 50
       FROM generate_series($1::integer, $2::integer) AS i`,
    [from, to, site],
  );
}

const perSite = (db: Db) =>
  db.rows(
    "SELECT site, count(*)::integer AS n FROM src_vn_json.observations_json GROUP BY site ORDER BY site",
  );
const unknown = (site: string, main: string[], other: string | null = null) =>
  expect.objectContaining({ problem: "unknown site", site, main, other });

test.each([
  ["another case", "VN38", "vn38"],
  ["a blank", "vn38", "vn38 "],
  ["another word", "Isère", "vn38"],
])(
  "A6: a site that main spells otherwise (%s) is held, told with main's names, and not written",
  async (_name, theirs, ours) => {
    const db = await world.database({});
    await fillEntered(db.main, "src_vn_json", 1, 300, theirs);
    await fillEntered(db.login, "src_vn_json_check", 1, 300, ours);
    await db.login.query("INSERT INTO src_vn_json_check.forms_json VALUES (1, $1, '{}')", [ours]);
    for (const mode of ["journal", "whole", "contents"] as const) {
      const result = await db.repair(mode);
      expect(result).toMatchObject({
        status: "partial",
        inserted: 0,
        problems: [unknown(ours, [theirs], theirs)],
      });
      expect(result.message).toContain(`main has these observations under the site ${theirs}`);
      expect(result.open).toMatchObject({ "unknown site": expect.any(Number) });
    }
    expect(await db.repair("whole", { dryRun: true })).toMatchObject({
      inserted: 0,
      problems: [unknown(ours, [theirs], theirs)],
    });
    expect(await perSite(db)).toEqual([{ site: theirs, n: 300 }]);
    expect(await db.rows("SELECT FROM src_vn_json.forms_json")).toEqual([]);
  },
);

test("A6: far more rows than the circuit breaker lets pass: it advises nothing, and what another site lacks is repaired", async () => {
  const db = await world.database({ maxDifferences: 2000 });
  await fillEntered(db.main, "src_vn_json", 1, 6000, "VN38");
  await fillEntered(db.main, "src_vn_json", 90_001, 90_100, "vn07");
  await fillEntered(db.login, "src_vn_json_check", 1, 6000, "vn38");
  await fillEntered(db.login, "src_vn_json_check", 90_001, 90_110, "vn07");
  for (const accept of [undefined, 20_000]) {
    const result = await db.repair("whole", accept === undefined ? {} : { accept });
    expect(result).toMatchObject({ status: "partial", inserted: accept === undefined ? 10 : 0 });
    expect(result.message).not.toContain("--accept");
    expect(result.problems).toEqual([unknown("vn38", ["VN38", "vn07"], "VN38")]);
  }
  expect(await perSite(db)).toEqual([
    { site: "VN38", n: 6000 },
    { site: "vn07", n: 110 },
  ]);
});

test("A6: a new site that main has no row of is held until somebody says so; main's own sync may say it too", async () => {
  const db = await world.database({});
  await putMain(db, { id: 1, ts: 50 });
  await fill(db.login, "src_vn_json_check", 500, 520, 60, "vn07");
  await fill(db.login, "src_vn_json_check", 600, 610, 60, "vn73");
  expect((await db.repair()).problems).toEqual([unknown("vn07", ["vn38"]), unknown("vn73", ["vn38"])]);
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn73', 1, now())");
  expect(await db.repair()).toMatchObject({ status: "partial", inserted: 11 });
  await install(db.admin, installation({ newSites: ["vn07"] }));
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 21, problems: [], open: {} });
});

test("A6: a site that main has renamed since: its old name is known, and all of its rows are under the new one", async () => {
  const db = await world.database({});
  for (const id of [1, 2, 3]) {
    await putMain(db, { id, ts: 50 + id, site: "Isère" });
    await putCheck(db, { id, ts: 50 + id });
  }
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now())");
  expect(await db.repair("journal")).toMatchObject({
    status: "partial",
    inserted: 0,
    problems: [unknown("vn38", ["Isère"], "Isère")],
  });
});

test("A6: two portals may have the same numbers, and the same minute", async () => {
  const db = await world.database({});
  for (const site of ["vn38", "vn07"]) await put(db.main, "src_vn_json", { id: 1, ts: 50, site });
  for (const site of ["vn38", "vn07"])
    for (const id of [1, 2, 3]) await put(db.login, "src_vn_json_check", { id, ts: 50, site });
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 4, problems: [] });
  // An empty main knows no site yet.
  const empty = await world.database({});
  await putCheck(empty, { id: 1, ts: 50 }, { id: 1, ts: 50, site: "vn07" });
  expect(await empty.repair()).toMatchObject({ status: "done", inserted: 2 });
});

test("A6: the installation looks at the names first, and makes nothing where one is none of main's", async () => {
  const db = await world.database(null);
  await db.main.query(
    "INSERT INTO src_vn_json.observations_json VALUES (1, 'VN38', '{}', 5), (2, 'vn07', '{}', 5)",
  );
  await expect(install(db.admin, installation({ sites: ["vn07", "vn38"] }))).rejects.toThrow(
    /nothing of the site vn38; its sites are: VN38, vn07[\s\S]*sites\.vn38\.newInMain: true/,
  );
  expect(
    await db.rows("SELECT FROM pg_namespace WHERE nspname IN ('src_vn_json_check', 'src_vn_json_repair')"),
  ).toEqual([]);
  await install(db.admin, installation({ sites: ["vn07", "vn38"], newSites: ["vn38"] }));
  await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn73', 1, now())");
  await install(db.admin, installation({ sites: ["vn07", "vn73"] }));
});

test("Q11: a site of 2 676 bytes is left out and told; the run goes on, also with such a key of another table", async () => {
  const db = await world.database({ referenceControllers: ["fields"] });
  await db.admin.query("GRANT SELECT ON ALL TABLES IN SCHEMA src_vn_json TO vn_check_repair");
  // Random, since what can be compressed would fit.
  const long =
    (
      await db.rows<{ s: string }>(
        "SELECT string_agg(md5(random()::text), '') AS s FROM generate_series(1, 84)",
      )
    )[0]?.s.slice(0, 2676) ?? "";
  await putMain(db, { id: 9, ts: 5 });
  await putCheck(db, { id: 1, ts: 5, site: long }, { id: 2, ts: 5 });
  await db.login.query("INSERT INTO src_vn_json_check.field_details_json VALUES ($1, '{}'), ('1_1', '{}')", [
    long.slice(0, 2600),
  ]);
  await db.login.query("INSERT INTO src_vn_json_check.forms_json VALUES (1, $1, '{}')", [long]);
  for (const mode of ["whole", "journal", "contents"] as const) {
    const result = await db.repair(mode);
    expect(result.status, mode).toBe("done");
    expect(result.open).toEqual({ "site too long": 1 });
    if (mode !== "journal") expect(result.problems).toEqual([{ problem: "site too long", rows: 1 }]);
  }
  expect(await mainRows(db)).toEqual({ "2/vn38": 5, "9/vn38": 5 });
  expect(await db.rows("SELECT id FROM src_vn_json.field_details_json")).toEqual([{ id: "1_1" }]);
  expect(
    await db.rows("SELECT message, length(site) < 100 AS short FROM src_vn_json_repair.held_back"),
  ).toEqual([{ message: "the name of its site has 2676 bytes, more than 1000", short: true }]);
});

/** Items that a portal, or somebody by hand, may have left: anything that is JSON. */
const ODD: [string, string][] = [
  ["no object", "7"],
  ["a text", '"NaN"'],
  ["null", "null"],
  ["a list", "[1, {}]"],
  ["observers no list", '{"observers": {"insert_date": "1"}, "species": [1]}'],
  ["insert_date no number", '{"observers": [{"insert_date": "yesterday"}], "species": {"taxonomy": "1"}}'],
  ["insert_date beyond all", '{"observers": [{"insert_date": "99999999999999999999"}]}'],
  ["insert_date with decimals", '{"observers": [{"insert_date": 1700000000.5}]}'],
  ["insert_date an object", '{"observers": [{"insert_date": {"@timestamp": "1"}}]}'],
  ["insert_date negative", '{"observers": [{"insert_date": "-99999999999"}]}'],
  ["insert_date NaN", '{"observers": [{"insert_date": "NaN", "coord_lat": "NaN", "coord_lon": "Infinity"}]}'],
  ["taxonomy with a bracket", '{"observers": [{"insert_date": "DAY"}], "species": {"taxonomy": "1(["}}'],
  ["taxonomy a pattern", '{"observers": [{"insert_date": "DAY"}], "species": {"taxonomy": "(.*)*\\\\"}}'],
  ["taxonomy a list", '{"observers": [{"insert_date": "DAY"}], "species": {"taxonomy": [1]}}'],
  ["places beyond all", '{"observers": [{"insert_date": "DAY", "coord_lat": "1e999", "coord_lon": "x"}]}'],
  ["huge numbers", `{"observers": [{"insert_date": 1e400, "n": ${"9".repeat(400)}}]}`],
  ["deep", `{"a": ${"[".repeat(3000)}${"]".repeat(3000)}}`],
  ["odd keys", '{"": {"": [null]}, "a.b": {"\\"": 1}, "observers": []}'],
];

test("Q4: contents never fail a run, however odd: told where nothing can be concluded from them", async () => {
  const db = await world.database({
    sameRights: true,
    deletions: "apply",
    maxDeleteShare: 1,
    volatileKeys: ["@id", "seen"],
  });
  const day = (n: number) => new Date(Date.now() - n * 86_400_000).toISOString().slice(0, 10);
  const now = Math.floor(Date.now() / 1000);
  const entered = String(now - 5 * 86_400);
  const odd = ODD.map(([, text]) => text.replaceAll("DAY", entered));
  // In main alone: candidates of a suspicion. In both, with another content. In check alone.
  for (const [i, text] of odd.entries()) {
    const add = (client: Db["main"], schema: string, id: number, content: string) =>
      client.query(
        `INSERT INTO ${schema}.observations_json (id, site, item, update_ts) VALUES ($1, 'vn38', $2, $3)`,
        [id, content, now - 86_400],
      );
    await add(db.main, "src_vn_json", 100 + i, text);
    await add(db.main, "src_vn_json", 200 + i, "{}");
    await add(db.login, "src_vn_json_check", 200 + i, text);
    await add(db.login, "src_vn_json_check", 300 + i, text);
    await db.login.query("INSERT INTO src_vn_json_check.forms_json VALUES ($1, 'vn38', $2)", [i, text]);
  }
  // One that is honest, of the group that was downloaded.
  await db.main.query(
    "INSERT INTO src_vn_json.observations_json (id, site, item, update_ts) VALUES (1, 'vn38', $1, $2)",
    [{ ...item(1, now), observers: [{ insert_date: entered }] }, now - 86_400],
  );
  await db.login.query(`
    INSERT INTO src_vn_json_check.taxo_groups_json VALUES (1, 'vn38', '{"name_constant": "A", "access_mode": "full"}'), (2, 'vn38', '7');
    INSERT INTO src_vn_json_check.territorial_units_json VALUES (1, 'vn38', '{"id_country": "1", "short_name": "07"}'), (2, 'vn38', 'null')`);
  await db.repair();
  await db.login.query(
    "DELETE FROM src_vn_json_check.taxo_groups_json WHERE id = 2; DELETE FROM src_vn_json_check.territorial_units_json WHERE id = 2",
  );
  await db.login.query("BEGIN");
  const { rows } = await db.login.query(
    "SELECT src_vn_json_repair.begin_job('weekly', $1, $2, NULL, NULL)::integer AS job",
    [day(14), day(0)],
  );
  const job = rows[0].job as number;
  await db.login.query("SELECT src_vn_json_repair.begin_site($1, 'vn38', '{}', '{}')", [job]);
  await db.login.query("COMMIT");
  const said = (comment: string) =>
    db.login.query(
      "INSERT INTO src_vn_json_check.download_log (site, controler, error_count, http_status, comment) VALUES ('vn38', 'observations', 0, 200, $1)",
      [comment],
    );
  for (const controller of ["taxo_groups", "territorial_units"])
    await db.login.query(
      "INSERT INTO src_vn_json_check.download_log (site, controler, http_status) VALUES ('vn38', $1, 200)",
      [controller],
    );
  const [d, m, y] = [day(14).slice(8), day(14).slice(5, 7), day(14).slice(0, 4)];
  await said(
    `vn38 => Iter: 1, 12 obs, taxo_group: 1, territorial_unit: 107, date: ${d}/${m}/${y}, interval: 15`,
  );
  await said(
    "x, 99999999999999999999 obs, taxo_group: 99999999999, territorial_unit: 1, date: 01/01/2020, interval: 99999999999",
  );
  await said("((([*+?");
  await db.login.query("INSERT INTO src_vn_json_check.observations_json VALUES (999, 'vn38', '{}', $1)", [
    now,
  ]);
  const { rows: proof } = await db.login.query(
    "SELECT src_vn_json_repair.prove($1, 'vn38', '{}', false) AS p",
    [job],
  );
  expect(proof[0].p).toMatchObject({ proven: true });
  const result = await db.repair("contents", { job });
  expect(result.status).toBe("done");
  expect(result.problems).toEqual([{ problem: "no day of entry", rows: expect.any(Number), id: 100 }]);
  expect(result).toMatchObject({ deleted: 1 });
  expect(await db.rows("SELECT FROM src_vn_json.observations_json WHERE id = 1")).toEqual([]);
  expect(
    await db.rows(`SELECT FROM src_vn_json.observations_json AS m JOIN src_vn_json_check.observations_json AS c USING (id, site)
    WHERE m.id BETWEEN 200 AND 399 AND m.item = c.item`),
  ).toHaveLength(2 * ODD.length);
  expect(await db.rows("SELECT message FROM src_vn_json_repair.run WHERE message IS NOT NULL")).toEqual([]);
  // Nor what people call.
  expect(
    await db.rows(
      "SELECT src_vn_json_repair.forget('[0]\\\"'), src_vn_json_repair.forget('99999999999999999999999')",
    ),
  ).toHaveLength(1);
  expect(await db.rows("SELECT * FROM src_vn_json_repair.preflight()")).toEqual([]);
});
