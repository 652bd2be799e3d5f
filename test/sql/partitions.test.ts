import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install, remove } from "../../sql/installer";
import {
  type Databases,
  type Db,
  fill,
  installation,
  mainRows,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// Main's observations partitioned, as large associations have them: the client's ON CONFLICT works there too.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const partitioned = (by: string, parts: string) => `DROP TABLE src_vn_json.observations_json;
  CREATE TABLE src_vn_json.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
    update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site)) PARTITION BY ${by};
  ${parts}`;
const part = (name: string, bounds: string, more = "") =>
  `CREATE TABLE src_vn_json.${name} PARTITION OF src_vn_json.observations_json ${bounds} ${more};`;

const SHAPES: [string, string][] = [
  [
    "by list of sites, with a default one",
    partitioned("LIST (site)", part("obs_vn38", "FOR VALUES IN ('vn38')") + part("obs_rest", "DEFAULT")),
  ],
  [
    "by hash of the id",
    partitioned(
      "HASH (id)",
      [0, 1, 2].map((n) => part(`obs_${n}`, `FOR VALUES WITH (MODULUS 3, REMAINDER ${n})`)).join(""),
    ),
  ],
  [
    "by ranges of the id, with a default one",
    partitioned("RANGE (id)", part("obs_low", "FOR VALUES FROM (1) TO (100)") + part("obs_rest", "DEFAULT")),
  ],
  [
    "twice, by site and then by id, with long names",
    partitioned(
      "LIST (site)",
      part("obs_vn38", "FOR VALUES IN ('vn38')", "PARTITION BY HASH (id)") +
        part("obs_rest", "DEFAULT") +
        [0, 1]
          .map(
            (n) =>
              `CREATE TABLE src_vn_json."a partition's very long name, which no index could carry, ${n}" PARTITION OF src_vn_json.obs_vn38 FOR VALUES WITH (MODULUS 2, REMAINDER ${n});`,
          )
          .join(""),
    ),
  ],
];

async function withMain(shape: string, options = {}): Promise<Db> {
  const db = await world.database(null);
  await db.main.query(shape);
  await install(db.admin, installation(options));
  return db;
}
const covering = (db: Db) =>
  db.rows("SELECT relation::text FROM src_vn_json_repair.covering_indexes() ORDER BY 1");
const BOTH = [
  { relation: "src_vn_json.observations_json" },
  { relation: "src_vn_json_check.observations_json" },
];

describe.each(SHAPES)("A7: main partitioned %s", (_, shape) => {
  test("A7: installed, repaired by each mode, told apart insert from update, deletions watched, removed", async () => {
    const db = await withMain(shape, { deletions: "apply", maxDeleteShare: 1 });
    expect(await covering(db)).toEqual(BOTH);
    await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('other', 1, now())"); // a site of main's too
    await putMain(db, { id: 1, ts: 5 }, { id: 150, ts: 5 });
    await fill(db.login, "src_vn_json_check", 1, 200, 7);
    await putCheck(db, { id: 1, ts: 7, site: "other" });
    expect(await db.repair()).toMatchObject({ status: "done", inserted: 199, updated: 2, set_aside: 0 });
    await db.admin.query("UPDATE src_vn_json.observations_json SET update_ts = 1 WHERE id = 9");
    await db.admin.query(`INSERT INTO src_vn_json_check.observations_json VALUES (900, 'vn38', '{}', 7)`);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 1, updated: 1, set_aside: 0 });
    expect(
      await db.rows(
        "SELECT action::text, count(*)::integer AS n FROM src_vn_json_repair.change GROUP BY 1 ORDER BY 1",
      ),
    ).toEqual([
      { action: "insert", n: 200 },
      { action: "update", n: 3 },
    ]);
    await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 5");
    await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 6");
    expect(await db.repair("contents")).toMatchObject({ status: "done", inserted: 0, deleted: 1 });
    const rows = await mainRows(db);
    expect(rows).not.toHaveProperty("5/vn38");
    expect(rows).not.toHaveProperty("6/vn38");
    expect((await install(db.admin, installation({ deletions: "apply", maxDeleteShare: 1 }))).made).toEqual(
      [],
    );
    await remove(db.admin, installation(), { data: true });
    expect(
      await db.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relname LIKE 'vn\\_repair%' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'vn\\_repair%'",
      ),
    ).toEqual([]);
  });

  test("A7: a row that main's sync brings in the same moment counts as updated, and the newest version wins", async () => {
    const db = await withMain(shape);
    await putCheck(db, { id: 1, ts: 9 }, { id: 2, ts: 5 }, { id: 3, ts: 5 });
    await db.main.query("BEGIN");
    await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 9 });
    const run = db.repair();
    await new Promise((done) => setTimeout(done, 400));
    await db.main.query("COMMIT");
    await run;
    await db.repair();
    expect(await mainRows(db)).toEqual({ "1/vn38": 9, "2/vn38": 9, "3/vn38": 5 });
    expect(
      await db.rows("SELECT id::integer, action::text FROM src_vn_json_repair.change ORDER BY id"),
    ).toEqual([
      { id: 1, action: "update" },
      { id: 3, action: "insert" },
    ]);
  });
});

test("A7: a partition attached has its index and its watch; one detached or dropped is told, its rows are not put back", async () => {
  const db = await withMain(SHAPES[2]?.[1] ?? "");
  await fill(db.login, "src_vn_json_check", 1, 150, 7);
  await db.repair("whole");
  await db.main.query(`CREATE TABLE src_vn_json.obs_new (LIKE src_vn_json.observations_json INCLUDING ALL);
    ALTER TABLE src_vn_json.observations_json ATTACH PARTITION src_vn_json.obs_new FOR VALUES FROM (200) TO (300)`);
  expect(await covering(db)).toEqual(BOTH);
  await fill(db.login, "src_vn_json_check", 200, 249, 7);
  expect(await db.repair("whole")).toMatchObject({ inserted: 50, message: null });
  // The run itself has put the trigger on TRUNCATE there.
  expect(
    await db.rows(
      "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'src_vn_json.obs_new'::regclass ORDER BY 1",
    ),
  ).toEqual([
    { tgname: "vn_repair_emptied", tgenabled: "A" },
    { tgname: "vn_repair_watch", tgenabled: "A" },
  ]);
  await db.main.query("DELETE FROM src_vn_json.obs_new WHERE id = 200");
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, message: null });
  await db.main.query("ALTER TABLE src_vn_json.observations_json DETACH PARTITION src_vn_json.obs_low");
  expect(await db.repair("whole")).toMatchObject({
    inserted: 0,
    open: { unseen: 99 },
    message: expect.stringContaining("deletions from main not seen"),
  });
  await db.main.query("DROP TABLE src_vn_json.obs_new");
  expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { unseen: 148 } });
  await db.admin.query(
    "SELECT src_vn_json_repair.nothing_was_deleted(id) FROM src_vn_json_repair.blind_spell",
  );
  expect(await db.repair("whole")).toMatchObject({ inserted: 148 });
});

test("A7, A8: a partition emptied, or without its trigger for a time, is told; its rows are not put back", async () => {
  for (const done of [
    "TRUNCATE src_vn_json.obs_low",
    "ALTER TABLE src_vn_json.obs_low DISABLE TRIGGER USER; DELETE FROM src_vn_json.obs_low; ALTER TABLE src_vn_json.obs_low ENABLE TRIGGER USER",
  ]) {
    const db = await withMain(SHAPES[2]?.[1] ?? "");
    await fill(db.login, "src_vn_json_check", 1, 150, 7);
    await db.repair("whole");
    await db.main.query(done);
    expect(await db.repair("whole"), done).toMatchObject({
      inserted: 0,
      open: { unseen: 99 },
      message: expect.stringContaining("deletions from main not seen"),
    });
  }
});

test("A7: an index that a killed installation left half made is made whole by the next", async () => {
  const db = await world.database(null);
  await db.main.query(SHAPES[0]?.[1] ?? "");
  await db.admin.query(`CREATE INDEX vn_repair_cover ON ONLY src_vn_json.observations_json (id, site) INCLUDE (update_ts);
    CREATE INDEX vn_repair_cover_obs_vn38 ON src_vn_json.obs_vn38 (id, site) INCLUDE (update_ts);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'src_vn_json.vn_repair_cover_obs_vn38'::regclass`);
  await install(db.admin, installation());
  expect(await covering(db)).toEqual(BOTH);
});

test.each([
  ["by range of update_ts", "RANGE (update_ts)", "id, site, update_ts"],
  ["by id and update_ts", "RANGE (id, update_ts)", "id, site, update_ts"],
  ["by an expression", "LIST ((lower(site)))", ""],
])(
  "A7: main partitioned %s can have no key over (id, site): refused before anything is made",
  async (_, by, key) => {
    const db = await world.database(null);
    await db.main.query(`DROP TABLE src_vn_json.observations_json; CREATE TABLE src_vn_json.observations_json (id integer NOT NULL,
    site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL, id_form_universal varchar
    ${key && `, PRIMARY KEY (${key})`}) PARTITION BY ${by}`);
    await expect(install(db.admin, installation())).rejects.toThrow(
      /is partitioned by .*: a key over \(id, site\) cannot be made there[\s\S]*partition it by id or site/,
    );
    expect(await db.rows("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toEqual([]);
  },
);

test("A7: check's adopted tables partitioned work as well", async () => {
  const db = await world.database(null);
  await db.admin.query(`CREATE SCHEMA src_vn_json_check;
    ${(SHAPES[1]?.[1] ?? "").replaceAll("src_vn_json.", "src_vn_json_check.").replace(/DROP TABLE [^;]*;/, "")}`);
  await install(db.admin, installation());
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  expect(await db.repair()).toMatchObject({ inserted: 2 });
  await putCheck(db, { id: 1, ts: 7 });
  expect(await db.repair("whole")).toMatchObject({ updated: 1 });
  expect(await covering(db)).toEqual(BOTH);
});
