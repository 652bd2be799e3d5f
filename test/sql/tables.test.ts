import { afterAll, beforeAll, expect, test } from "vitest";
import { type Databases, type Db, putCheck, startDatabases } from "./support";

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const check = (db: Db, sql: string) => db.login.query(`INSERT INTO src_vn_json_check.${sql}`);
const main = (db: Db, sql: string) => db.main.query(`INSERT INTO src_vn_json.${sql}`);

test("forms come before the observations whose trigger looks them up, in the same run", async () => {
  const db = await world.database({});
  await db.admin.query(`CREATE FUNCTION src_vn_json.looks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NOT EXISTS (SELECT FROM src_vn_json.forms_json AS f WHERE f.item ->> 'u' = NEW.id_form_universal) THEN RAISE EXCEPTION 'no form %', NEW.id_form_universal; END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER looks BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.looks()`);
  for (const mode of ["journal", "whole"] as const) {
    await check(db, `forms_json VALUES (${mode.length}, 'vn38', '{"u": "${mode}"}')`);
    await putCheck(db, { id: mode.length, ts: 5, form: mode });
    const summary = await db.repair(mode);
    expect(summary).toMatchObject({ status: "done", inserted: 2, set_aside: 0 });
    expect(summary.by_table["forms_json"]).toMatchObject({ inserted: 1 });
  }
});

test("a form changed in check is brought to main by the journal; an unchanged one written again is not", async () => {
  const db = await world.database({});
  await check(db, `forms_json VALUES (1, 'vn38', '{"n": 1}'), (2, 'vn38', '{"n": 1}')`);
  await db.repair();
  await db.login.query(
    `UPDATE src_vn_json_check.forms_json SET item = CASE id WHEN 1 THEN '{"n": 2}' ELSE item END`,
  );
  expect(await db.rows("SELECT count(*)::integer AS n FROM src_vn_json_repair.journal_form")).toEqual([
    { n: 1 },
  ]);
  expect(await db.repair()).toMatchObject({ updated: 1 });
  expect(await db.rows("SELECT id, item FROM src_vn_json.forms_json ORDER BY id")).toEqual([
    { id: 1, item: { n: 2 } },
    { id: 2, item: { n: 1 } },
  ]);
});

test("tables with other keys, by content with --all: shared columns only, volatile keys ignored, nothing twice", async () => {
  const db = await world.database({
    referenceControllers: ["fields", "observers", "species", "places"],
    volatileKeys: ["seen_at"],
  });
  await db.admin.query(
    "ALTER TABLE src_vn_json.forms_json ADD COLUMN uuid uuid DEFAULT gen_random_uuid(); ALTER TABLE src_vn_json.places_json ADD COLUMN long integer GENERATED ALWAYS AS (id * 2) STORED",
  );
  await main(db, `forms_json (id, site, item) VALUES (1, 'vn38', '{"a": 1}')`);
  await main(db, `places_json VALUES (1, 'vn38', '{"a": 1, "seen_at": 1}')`);
  await main(db, `field_details_json VALUES ('1_2', '{"a": 1}')`);
  const [before] = await db.rows<{ uuid: string }>("SELECT uuid FROM src_vn_json.forms_json");
  await check(db, `forms_json VALUES (1, 'vn38', '{"a": 2}'), (2, 'vn38', '{}')`);
  await check(db, `places_json VALUES (1, 'vn38', '{"a": 1, "seen_at": 2}'), (2, 'vn38', '{}')`);
  await check(db, `field_details_json VALUES ('1_2', '{"a": 2}'), ('it''s', '{}')`);
  await check(db, `field_groups_json VALUES (7, '{}')`);
  await check(db, `observers_json VALUES (1, 'vn38', 99, '{}')`);
  await check(db, `entities_json VALUES (1, 'vn38', '{}')`);
  const summary = await db.repair("contents");
  expect(summary.by_table).toMatchObject({
    forms_json: { inserted: 1, updated: 1 },
    places_json: { inserted: 1, updated: 0 },
    field_details_json: { inserted: 1, updated: 1 },
    field_groups_json: { inserted: 1 },
    observers_json: { inserted: 1 },
    entities_json: { not_downloaded: true },
  });
  expect(await db.rows("SELECT id, item FROM src_vn_json.field_details_json ORDER BY id")).toEqual([
    { id: "1_2", item: { a: 2 } },
    { id: "it's", item: {} },
  ]);
  expect(await db.rows("SELECT id, long FROM src_vn_json.places_json ORDER BY id")).toEqual([
    { id: 1, long: 2 },
    { id: 2, long: 4 },
  ]);
  expect(await db.rows("SELECT uuid, item FROM src_vn_json.forms_json WHERE id = 1")).toEqual([
    { uuid: before?.uuid, item: { a: 2 } },
  ]);
  expect(await db.rows("SELECT FROM src_vn_json.entities_json")).toEqual([]);
  expect(await db.repair("contents")).toMatchObject({ inserted: 0, updated: 0 });
});

test("weekly: what main lacks of the downloaded tables; what differs waits for --all", async () => {
  const db = await world.database({ referenceControllers: ["species"] });
  await main(db, `species_json VALUES (1, 'vn38', '{"a": 1}')`);
  await check(db, `species_json VALUES (1, 'vn38', '{"a": 2}'), (2, 'vn38', '{}')`);
  expect(await db.repair("whole")).toMatchObject({ inserted: 1, updated: 0 });
  expect(await db.repair("contents")).toMatchObject({ inserted: 0, updated: 1 });
});

test("a table that main gains, or a column, is taken into account by the next run", async () => {
  const db = await world.database({ referenceControllers: ["species"] });
  await db.admin.query("DROP TABLE src_vn_json.species_json");
  await check(db, `species_json VALUES (1, 'vn38', '{}')`);
  expect(await db.repair("contents")).toMatchObject({ inserted: 0 });
  await db.admin.query(
    "CREATE TABLE src_vn_json.species_json (LIKE src_vn_json_check.species_json INCLUDING ALL); GRANT ALL ON src_vn_json.species_json TO vn_check_repair",
  );
  expect(await db.repair("contents")).toMatchObject({ inserted: 1 });
});

test("a form that main refused is tried again by each run, the daily one too", async () => {
  const db = await world.database({});
  await db.admin.query(`CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
    CREATE TRIGGER no BEFORE INSERT ON src_vn_json.forms_json FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION no()`);
  await check(db, `forms_json VALUES (1, 'vn38', '{}'), (2, 'vn38', '{}'), (3, 'vn38', '{}')`);
  expect(await db.repair()).toMatchObject({ inserted: 2, set_aside: 1 });
  expect(await db.repair()).toMatchObject({ inserted: 0, set_aside: 1 });
  await db.admin.query("DROP TRIGGER no ON src_vn_json.forms_json");
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 1, set_aside: 0, open: {} });
});

test("several forms that changed at once are all brought to main by one daily run", async () => {
  const db = await world.database({});
  await check(db, `forms_json SELECT i, 'vn38', '{"n": 1}' FROM generate_series(1, 60) AS i`);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 60 });
  await db.login.query(`UPDATE src_vn_json_check.forms_json SET item = '{"n": 2}' WHERE id > 5`);
  expect(await db.repair()).toMatchObject({ status: "done", inserted: 0, updated: 55 });
  expect(await db.rows("SELECT FROM src_vn_json.forms_json WHERE item = '{\"n\": 2}'")).toHaveLength(55);
});
