import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingInWords } from "../../config/checks";
import { install } from "../../sql/installer";
import { databaseFindings } from "../../sql/look";
import {
  type Databases,
  type Db,
  installation,
  mainRows,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// Main's table of observations as people have made it: either it is repaired as its own sync would, or it is refused
// before anything is made, with what to type.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const MAIN = "src_vn_json.observations_json";

/** What is found before anything is made, in one line. */
async function looked(db: Db): Promise<string> {
  const { port, superuser: user, password } = world.cluster;
  const to = { host: "127.0.0.1", port, database: db.name, user, password, sslmode: "disable" as const };
  const { found } = await databaseFindings(to, installation());
  return found.map((one) => findingInWords(one, "en").replaceAll("\n", " ")).join(" ");
}

/** Main with the columns of the client's, but for these. */
const anew = (columns: Record<string, string>, more = "PRIMARY KEY (id, site)") => {
  const all = {
    id: "integer NOT NULL",
    site: "varchar NOT NULL",
    item: "jsonb NOT NULL",
    update_ts: "integer NOT NULL",
    id_form_universal: "varchar",
    ...columns,
  };
  const list = Object.entries(all).map(([name, type]) => `${name} ${type}`);
  return `DROP TABLE ${MAIN}; CREATE TABLE ${MAIN} (${[...list, more].join(", ")}); ALTER TABLE ${MAIN} OWNER TO vn_main`;
};
const FOREIGN = `CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw`;

describe("A4: main that cannot be repaired as it is, is refused by a look, an installation and a run", () => {
  test.each([
    [
      "its id an identity that is always generated",
      anew({ id: "integer GENERATED ALWAYS AS IDENTITY" }),
      /nobody may write its column id.*ALTER COLUMN id DROP IDENTITY/,
    ],
    [
      "its version computed",
      anew({ update_ts: "integer GENERATED ALWAYS AS ((item ->> 'ts')::integer) STORED" }),
      /nobody may write its column update_ts.*ALTER COLUMN update_ts DROP EXPRESSION/,
    ],
    [
      "its version a timestamp",
      `ALTER TABLE ${MAIN} ALTER update_ts TYPE timestamp USING to_timestamp(update_ts)`,
      /update_ts is timestamp.*USING extract\(epoch FROM update_ts\)::integer/,
    ],
    [
      "its version in milliseconds",
      `ALTER TABLE ${MAIN} ALTER update_ts TYPE bigint; INSERT INTO ${MAIN} VALUES (1, 'vn38', '{}', 1700000000000)`,
      /update_ts counts milliseconds.*update_ts \/ 1000/,
    ],
    ["its id a text", anew({ id: "text NOT NULL" }), /its column id is text, integer is needed/],
    [
      "its site padded with blanks",
      anew({ site: "character(10) NOT NULL" }),
      /its column site is character, varchar is needed/,
    ],
    [
      "its site blind to case",
      `CREATE COLLATION public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      ${anew({ site: "varchar COLLATE public.ci NOT NULL" })}`,
      /under the collation of its column site different names are the same.*COLLATE "default"/,
    ],
    [
      "a column of others that must not be empty",
      `ALTER TABLE ${MAIN} ADD COLUMN n integer NOT NULL`,
      /column n that must not be NULL and has no default.*ALTER COLUMN n SET DEFAULT/,
    ],
    [
      "a column in capitals",
      `ALTER TABLE ${MAIN} RENAME COLUMN item TO "Item"`,
      /has no column item.*RENAME COLUMN … TO item/,
    ],
    [
      "rules",
      `CREATE RULE a AS ON INSERT TO ${MAIN} DO INSTEAD NOTHING; CREATE RULE b AS ON UPDATE TO ${MAIN} DO ALSO NOTHING`,
      /has rules on INSERT or UPDATE \(a, b\).*DROP RULE a ON .*DROP RULE b ON/,
    ],
    [
      "a key by exclusion",
      `CREATE EXTENSION btree_gist; ${anew({}, "EXCLUDE USING gist (id WITH =, site WITH =)")}`,
      /no key over \(id, site\).*ADD PRIMARY KEY/,
    ],
    [
      "a key of some rows only",
      `${anew({}, "CHECK (true)")}; CREATE UNIQUE INDEX ON ${MAIN} (id, site) WHERE update_ts > 0`,
      /no key over \(id, site\).*ADD PRIMARY KEY/,
    ],
    [
      "a foreign table in its place",
      `${FOREIGN}; ALTER TABLE ${MAIN} RENAME TO real;
      CREATE FOREIGN TABLE ${MAIN} (id integer, site varchar, item jsonb, update_ts integer) SERVER elsewhere`,
      /no table but a foreign table/,
    ],
    [
      "a foreign table among its partitions",
      `${FOREIGN}; DROP TABLE ${MAIN}; CREATE TABLE ${MAIN} (id integer NOT NULL,
      site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL, id_form_universal varchar) PARTITION BY LIST (site);
      CREATE TABLE src_vn_json.here PARTITION OF ${MAIN} (PRIMARY KEY (id, site)) FOR VALUES IN ('vn38');
      CREATE FOREIGN TABLE src_vn_json.there PARTITION OF ${MAIN} FOR VALUES IN ('vn07') SERVER elsewhere`,
      /foreign tables among its partitions \(src_vn_json.there\).*DETACH PARTITION/,
    ],
  ])("A4: %s", async (_, shape, told) => {
    const db = await world.database({});
    await db.admin.query(shape);
    await expect(db.repair("whole")).rejects.toThrow(told);
    const preflight = await db.login.query("SELECT problem, remedy FROM src_vn_json_repair.preflight()");
    expect(preflight.rows.map((r) => `${r.problem}. ${r.remedy}`)).toContainEqual(
      expect.stringMatching(told),
    );
    const fresh = await world.database(null);
    await fresh.admin.query(shape);
    expect(await looked(fresh)).toMatch(told);
    const error: Error = await install(fresh.admin, installation()).then(
      () => new Error("it was installed"),
      (e) => e,
    );
    expect(error.message.replaceAll("\n", " ")).toMatch(told);
    expect(await fresh.rows("SELECT FROM pg_namespace WHERE nspname ~ 'check|repair|dbadmin'")).toEqual([]);
  });
});

test.each([
  ["its version a bigint", anew({ update_ts: "bigint NOT NULL" })],
  [
    "all of its numbers bigint, its texts text",
    anew({ id: "bigint", update_ts: "bigint", site: "text", id_form_universal: "text" }),
  ],
  [
    "its key in another order, by an index alone",
    `${anew({}, "CHECK (true)")}; CREATE UNIQUE INDEX ON ${MAIN} (site, id)`,
  ],
  ["a key with a further column included", anew({}, "PRIMARY KEY (id, site) INCLUDE (update_ts)")],
  ["a key of the number alone beside it", anew({}, "PRIMARY KEY (id), UNIQUE (id, site)")],
  ["numbered by default", anew({ id: "integer GENERATED BY DEFAULT AS IDENTITY" })],
  [
    "columns of its own: computed, numbered, by default",
    anew({
      n: "bigint GENERATED ALWAYS AS IDENTITY",
      twice: "bigint GENERATED ALWAYS AS (2::bigint * id) STORED",
      at: "timestamptz NOT NULL DEFAULT now()",
    }),
  ],
  ["not logged", `ALTER TABLE ${MAIN} SET UNLOGGED`],
  ["without the column of forms", `ALTER TABLE ${MAIN} DROP COLUMN id_form_universal`],
  [
    "a child of another table",
    `CREATE TABLE src_vn_json.parent (id integer NOT NULL); ALTER TABLE ${MAIN} INHERIT src_vn_json.parent`,
  ],
  [
    "a partition of another table",
    `CREATE TABLE src_vn_json.whole (LIKE ${MAIN} INCLUDING ALL) PARTITION BY LIST (site);
    ALTER TABLE src_vn_json.whole ATTACH PARTITION ${MAIN} FOR VALUES IN ('vn38')`,
  ],
])("A4, A7: main with %s is repaired by each mode, and what it deletes stays away", async (_, shape) => {
  const db = await world.database(null);
  await db.admin.query(shape);
  expect(await looked(db)).not.toContain("mainSchema");
  expect((await install(db.admin, installation())).problems).toEqual([]);
  await db.main.query(
    `INSERT INTO ${MAIN} (id, site, item, update_ts) VALUES (1, 'vn38', '{}', 5), (2, 'vn38', '{}', 5)`,
  );
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 7 }, { id: 3, ts: 5 }, { id: 4, ts: 5 });
  expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: 2, updated: 1, set_aside: 0 });
  await db.admin.query(`UPDATE ${MAIN} SET update_ts = 1 WHERE id = 4; DELETE FROM ${MAIN} WHERE id = 3`);
  expect(await db.repair("whole")).toMatchObject({
    status: "done",
    inserted: 0,
    updated: 1,
    open: { "deleted in main": 1 },
  });
  expect(await db.repair("contents")).toMatchObject({ status: "done", inserted: 0, set_aside: 0 });
  expect(Object.entries(await mainRows(db)).map(([key, ts]) => `${key} ${ts}`)).toEqual([
    "1/vn38 5",
    "2/vn38 7",
    "4/vn38 5",
  ]);
});

test("A4: a row of main without a version is brought up to date, by the journal and by the whole comparison", async () => {
  const db = await world.database({});
  await db.admin.query(`ALTER TABLE ${MAIN} ALTER update_ts DROP NOT NULL;
    INSERT INTO ${MAIN} VALUES (1, 'vn38', '{}', NULL), (2, 'vn38', '{}', NULL), (3, 'vn38', '{}', NULL)`);
  await putCheck(db, { id: 1, ts: 5 });
  expect(await db.repair("journal")).toMatchObject({ updated: 1, inserted: 0 });
  await putCheck(db, { id: 2, ts: -5 });
  await db.admin.query("DELETE FROM src_vn_json_repair.journal_observation");
  expect(await db.repair("whole")).toMatchObject({ updated: 1, inserted: 0 });
  expect(await mainRows(db)).toEqual({ "1/vn38": 5, "2/vn38": -5, "3/vn38": null });
});

test("A4: what is too long for main's column is refused, as for its own sync, and never cut off", async () => {
  const db = await world.database({});
  await db.admin.query(
    `ALTER TABLE ${MAIN} ALTER id_form_universal TYPE varchar(3), ALTER site TYPE varchar(5)`,
  );
  await putCheck(db, { id: 1, ts: 5, form: "abcdef" }, { id: 2, ts: 5, form: "abc" });
  expect(await db.repair()).toMatchObject({ inserted: 1, set_aside: 1, open: { refused: 1 } });
  expect(await db.rows("SELECT id::integer, sqlstate FROM src_vn_json_repair.set_aside")).toEqual([
    { id: 1, sqlstate: "22001" },
  ]);
  await putMain(db, { id: 7, ts: 5, form: "abc" });
  await putCheck(db, { id: 7, ts: 7, form: "abcdef" });
  expect(await db.repair("whole")).toMatchObject({ status: "failed", updated: 0, set_aside: 2 });
  expect(await db.rows(`SELECT id_form_universal FROM ${MAIN} WHERE id = 7`)).toEqual([
    { id_form_universal: "abc" },
  ]);
});
