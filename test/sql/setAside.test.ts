import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, putCheck, putMain, startDatabases } from "./support";

// Q1: what was set aside is looked at again by each run, whatever its table and the run's mode.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const CHECK = "src_vn_json_check";
const REPAIR = "src_vn_json_repair";
const MODES = ["journal", "whole", "contents"] as const;

/** The client's tables, and a row of each: key, and the rest. */
const ROWS: Record<string, [key: string, other: string]> = {
  ...Object.fromEntries(
    [
      "entities",
      "families",
      "forms",
      "local_admin_units",
      "places",
      "species",
      "taxo_groups",
      "territorial_units",
      "validations",
    ].map((name) => [`${name}_json`, ["id, site", "1, 'vn38'"]]),
  ),
  observers_json: ["id, site, id_universal", "1, 'vn38', 7"],
  field_groups_json: ["id", "1"],
  field_details_json: ["id", "'1_2'"],
};
const REFERENCES = [
  "entities",
  "families",
  "fields",
  "local_admin_units",
  "observers",
  "places",
  "species",
  "taxo_groups",
  "territorial_units",
  "validations",
];
const put = (db: Db, schema: string, table: string, item: object) => {
  const [keys, values] = ROWS[table] ?? [];
  return (schema === CHECK ? db.login : db.main).query(
    `INSERT INTO ${schema}.${table} (${keys}, item) VALUES (${values}, $1)`,
    [JSON.stringify(item)],
  );
};
const itemOf = async (db: Db, table: string) =>
  (await db.rows<{ item: unknown }>(`SELECT item FROM src_vn_json.${table}`)).map(({ item }) => item);

const trigger = (table: string, body: string) => `
  CREATE OR REPLACE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
  CREATE TRIGGER no BEFORE INSERT OR UPDATE ON src_vn_json.${table} FOR EACH ROW EXECUTE FUNCTION no()`;

describe("Q1: a row that main refused", () => {
  test.each(Object.keys(ROWS))("of %s is tried again by each run, and arrives", async (table) => {
    const db = await world.database({ referenceControllers: REFERENCES });
    await db.admin.query(
      trigger(table, "IF NOT EXISTS (SELECT FROM open) THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;"),
    );
    // Not a change of triggers: main takes the row for a reason of its own.
    await db.admin.query("CREATE TABLE open (); GRANT SELECT ON open TO PUBLIC");
    await put(db, CHECK, table, { n: 1 });
    expect(await db.repair("contents")).toMatchObject({ inserted: 0, set_aside: 1, open: { refused: 1 } });
    let tries = 1;
    for (const mode of MODES) {
      expect(await db.repair(mode), mode).toMatchObject({ inserted: 0, open: { refused: 1 } });
      expect(await db.rows(`SELECT tries FROM ${REPAIR}.set_aside`)).toEqual([{ tries: ++tries }]);
    }
    await db.admin.query("INSERT INTO open DEFAULT VALUES");
    expect(await db.repair("journal")).toMatchObject({ inserted: 1, open: {} });
    // The same of a change.
    await db.admin.query("DELETE FROM open");
    await db.login.query(`UPDATE ${CHECK}.${table} SET item = '{"n": 2}'`);
    expect(await db.repair("contents")).toMatchObject({ updated: 0, open: { refused: 1 } });
    expect(await db.repair("journal")).toMatchObject({ updated: 0, open: { refused: 1 } });
    expect(await db.repair("whole")).toMatchObject({ updated: 0, open: { refused: 1 } });
    await db.admin.query("INSERT INTO open DEFAULT VALUES");
    expect(await db.repair("journal")).toMatchObject({ updated: 1, open: {} });
    expect(await itemOf(db, table)).toEqual([{ n: 2 }]);
  });

  test.each(MODES)(
    "of observations_json, whose content alone differs, is tried again by a run of mode %s",
    async (mode) => {
      const db = await world.database({});
      await db.admin.query("CREATE TABLE open (); GRANT SELECT ON open TO PUBLIC");
      await db.admin.query(
        trigger(
          "observations_json",
          "IF TG_OP = 'UPDATE' AND NOT EXISTS (SELECT FROM open) THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;",
        ),
      );
      await putMain(db, { id: 1, ts: 5, item: { n: 1 } }, { id: 2, ts: 5, item: { n: 1 } });
      await putCheck(db, { id: 1, ts: 5, item: { n: 2 } }, { id: 2, ts: 5, item: { n: 1 } });
      expect(await db.repair("contents")).toMatchObject({ updated: 0, open: { refused: 1 } });
      expect(await db.repair(mode)).toMatchObject({ updated: 0, open: { refused: 1 } });
      await db.admin.query("INSERT INTO open DEFAULT VALUES");
      expect(await db.repair(mode)).toMatchObject({ updated: 1, open: {} });
      expect(await db.rows("SELECT item FROM src_vn_json.observations_json WHERE id = 1")).toEqual([
        { item: { n: 2 } },
      ]);
    },
  );
});

describe("Q1: a form", () => {
  test("that stays locked, or that a trigger dropped, is tried again by the next run", async () => {
    const db = await world.database({ lockTimeout: "40 ms" });
    await put(db, "src_vn_json", "forms_json", { n: 1 });
    await put(db, CHECK, "forms_json", { n: 2 });
    await db.main.query("BEGIN; UPDATE src_vn_json.forms_json SET item = item");
    expect(await db.repair()).toMatchObject({ status: "partial", open: { locked: 1 } });
    await db.main.query("ROLLBACK");
    await db.admin.query("CREATE TABLE open (); GRANT SELECT ON open TO PUBLIC");
    await db.admin.query(
      trigger("forms_json", "IF EXISTS (SELECT FROM open) THEN RETURN NEW; END IF; RETURN NULL;"),
    );
    expect(await db.repair()).toMatchObject({ updated: 0, open: { dropped: 1 } });
    await db.admin.query("INSERT INTO open DEFAULT VALUES");
    expect(await db.repair()).toMatchObject({ updated: 1, open: {} });
    expect(await itemOf(db, "forms_json")).toEqual([{ n: 2 }]);
  });

  test("that changed while the journal was lost is brought to main all the same", async () => {
    const db = await world.database({});
    await put(db, CHECK, "forms_json", { n: 1 });
    await putCheck(db, { id: 1, ts: 5 });
    await db.repair();
    await db.admin.query(`ALTER TABLE ${REPAIR}.journal_form RENAME TO elsewhere`);
    await db.login.query(`UPDATE ${CHECK}.forms_json SET item = '{"n": 2}'`);
    await db.admin.query(`ALTER TABLE ${REPAIR}.elsewhere RENAME TO journal_form`);
    expect(await db.repair("journal")).toMatchObject({ updated: 1, open: {} });
    expect(await itemOf(db, "forms_json")).toEqual([{ n: 2 }]);
  });

  test("that was held back, for main has its site under another name, is looked at again by the journal", async () => {
    const db = await world.database({});
    await put(db, "src_vn_json", "forms_json", { n: 1 });
    await db.main.query("UPDATE src_vn_json.forms_json SET site = 'main38'");
    await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('main38', 1, now())");
    await put(db, CHECK, "forms_json", { n: 2 });
    expect(await db.repair()).toMatchObject({ inserted: 0, open: { "unknown site": 1 } });
    expect(await db.repair("journal")).toMatchObject({ inserted: 0, open: { "unknown site": 1 } });
    await db.main.query("INSERT INTO src_vn_json.increment_log VALUES ('vn38', 1, now())");
    expect(await db.repair("journal")).toMatchObject({ inserted: 1, open: {} });
  });
});

test("Q1: a suspected deletion that main refused is tried again by a run without a download of its own", async () => {
  const db = await world.database({ deletions: "apply", maxDeleteShare: 1, sameRights: true });
  await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
  await db.repair();
  await db.admin.query(`UPDATE ${REPAIR}.downloaded_key SET at = now() - interval '8 days'`);
  // As a weekly of last week has left it.
  await db.admin.query(`INSERT INTO ${REPAIR}.set_aside
    (table_name, action, id, site, reason, cause, sqlstate, message, check_update_ts, main_update_ts, run)
    VALUES ('observations_json', 'delete', 1, 'vn38', 'not downloaded', 'refused', 'P0001', 'no', 5, 5, 1)`);
  await db.admin.query(`
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept'; END $$;
    CREATE TRIGGER keep BEFORE DELETE ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION keep()`);
  for (const mode of MODES) expect(await db.repair(mode)).toMatchObject({ deleted: 0, open: { refused: 1 } });
  await db.admin.query("DROP TRIGGER keep ON src_vn_json.observations_json");
  expect(await db.repair()).toMatchObject({ deleted: 1, open: {} });
  expect(await db.rows("SELECT id FROM src_vn_json.observations_json")).toEqual([{ id: 2 }]);
});

describe("Q4: contents of main never fail a run, in any table", () => {
  const UNREADABLE = ['{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": 1e999999}', '"a"', "[]", "null"];

  test("main's items are json that jsonb has no room for: compared, and put right by contents", async () => {
    const db = await world.database({ referenceControllers: REFERENCES, volatileKeys: ["seen_at"] });
    for (const table of [...Object.keys(ROWS), "observations_json"])
      await db.admin.query(`ALTER TABLE src_vn_json.${table} ALTER item TYPE json`);
    for (const [table, [keys, values]] of Object.entries(ROWS))
      for (const [n, text] of UNREADABLE.entries()) {
        const key = values.replace("1", String(n + 1));
        await db.main.query(`INSERT INTO src_vn_json.${table} (${keys}, item) VALUES (${key}, $1::json)`, [
          text,
        ]);
        await db.login.query(`INSERT INTO ${CHECK}.${table} (${keys}, item) VALUES (${key}, '{"n": 1}')`);
      }
    for (const [id, text] of UNREADABLE.entries()) {
      await db.main.query("INSERT INTO src_vn_json.observations_json VALUES ($1, 'vn38', $2::json, 5)", [
        id,
        text,
      ]);
      await putCheck(db, { id, ts: 5 });
    }
    for (const mode of ["journal", "whole"] as const) expect((await db.repair(mode)).status).toBe("done");
    const all = (Object.keys(ROWS).length - 1 + 1) * UNREADABLE.length; // forms by the journal, observations beside
    expect(await db.repair("contents")).toMatchObject({ status: "done", updated: all, open: {} });
    expect(await db.repair("contents")).toMatchObject({ status: "done", updated: 0, open: {} });
  });

  test("a site or key that no list has room for, in any table: told, and the rest is repaired", async () => {
    const db = await world.database({ referenceControllers: REFERENCES });
    const long = Array.from({ length: 300 }, (_, i) => `x${i * 7919}`)
      .join("")
      .slice(0, 1500);
    await db.login.query(`INSERT INTO ${CHECK}.forms_json VALUES (1, $1, '{}'), (2, 'vn38', '{}')`, [long]);
    await db.login.query(`INSERT INTO ${CHECK}.field_details_json VALUES ($1, '{}'), ('1_2', '{}')`, [long]);
    const left =
      "1 rows of (forms|field_details)_json were left out: their site or key has more than 1000 bytes";
    expect(await db.repair("contents")).toMatchObject({
      status: "done",
      inserted: 2,
      message: expect.stringMatching(`^${left}; ${left}$`),
    });
  });
});
