import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, fill, putCheck, ROLES, startDatabases } from "./support";

// A run looks again at what it rests on where that has changed since the last run that found no fault.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const MAIN = "src_vn_json.observations_json";
const CHECK = "src_vn_json_check.observations_json";

/** Is all as the last run left it? */
const isKnown = async (db: Db): Promise<boolean> => {
  const [row] = await db.rows<{ known: boolean }>(
    "SELECT coalesce(src_vn_json_repair.surroundings() = surroundings_seen, false) AS known FROM src_vn_json_repair.settings",
  );
  return row?.known ?? false;
};

/** A database with all that the changes below change, in which a run has looked around. */
async function known(): Promise<Db> {
  const db = await world.database({});
  await db.admin.query(`
    CREATE ROLE lender_${db.name};
    REVOKE UPDATE ON ${MAIN} FROM ${ROLES.repair};
    GRANT UPDATE ON ${MAIN} TO lender_${db.name};
    GRANT lender_${db.name} TO ${ROLES.repair};
    CREATE PUBLICATION a_few FOR TABLE src_vn_json.increment_log;
    CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
    CREATE TRIGGER theirs BEFORE INSERT ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION theirs();
    CREATE INDEX mine ON ${MAIN} (update_ts);
    CREATE TABLE child () INHERITS (src_vn_json.places_json)`);
  await fill(db.main, "src_vn_json", 1, 10, 5);
  await fill(db.login, "src_vn_json_check", 1, 20, 5);
  expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 10 });
  expect(await isKnown(db)).toBe(true);
  return db;
}

describe("what a run rests on", () => {
  let db: Db | undefined;

  test("is looked at once, and not again for rows, statistics and what others do elsewhere", async () => {
    const db = await known();
    await db.admin.query(`CREATE TABLE elsewhere (id integer PRIMARY KEY); CREATE TEMP TABLE observations_json (id integer);
      CREATE ROLE other_${db.name}`);
    await putCheck(db, { id: 30, ts: 9 });
    await db.main.query(`DELETE FROM ${MAIN} WHERE id = 1`);
    await db.admin.query("VACUUM ANALYZE");
    expect(await isKnown(db)).toBe(true);
    expect(await db.repair()).toMatchObject({ status: "done", inserted: 1 });
    expect(await isKnown(db)).toBe(true);
  });

  test("is looked at anew after an installation, and not taken as seen by a dry run", async () => {
    const db = await world.database({});
    expect(await isKnown(db)).toBe(false);
    await db.repair("whole", { dryRun: true });
    expect(await isKnown(db)).toBe(false);
    await db.repair("whole");
    expect(await isKnown(db)).toBe(true);
  });

  test.each([
    ["a right of the repair's", `REVOKE INSERT ON ${MAIN} FROM ${ROLES.repair}`],
    ["a right of a column", `GRANT SELECT (id) ON ${MAIN} TO ${ROLES.login}`],
    ["a right that another role had lent", `REVOKE lender_@ FROM ${ROLES.repair}`],
    ["the way into main's schema", `REVOKE USAGE ON SCHEMA src_vn_json FROM ${ROLES.repair}`],
    ["the way into check's schema", `REVOKE USAGE ON SCHEMA src_vn_json_check FROM ${ROLES.repair}`],
    ["main's key", `ALTER TABLE ${MAIN} DROP CONSTRAINT observations_json_pk`],
    ["an index", `DROP INDEX src_vn_json.mine`],
    ["a key of check's", "ALTER TABLE src_vn_json_check.forms_json DROP CONSTRAINT forms_json_pk"],
    ["a column's name", `ALTER TABLE ${MAIN} RENAME COLUMN item TO items`],
    ["a column's type", `ALTER TABLE ${MAIN} ALTER COLUMN update_ts TYPE bigint`],
    ["a column more", `ALTER TABLE ${MAIN} ADD COLUMN more text`],
    ["a column less", `ALTER TABLE ${CHECK} DROP COLUMN id_form_universal CASCADE`],
    [
      "a trigger of main's more",
      `CREATE TRIGGER more BEFORE UPDATE ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION theirs()`,
    ],
    ["a trigger of main's less", `DROP TRIGGER theirs ON ${MAIN}`],
    [
      "what a trigger does",
      "CREATE OR REPLACE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    ],
    ["a trigger of ours off", `ALTER TABLE ${CHECK} DISABLE TRIGGER ALL`],
    [
      "a trigger of ours off and on",
      `ALTER TABLE ${CHECK} DISABLE TRIGGER ALL; ALTER TABLE ${CHECK} ENABLE TRIGGER ALL`,
    ],
    ["a rule", `CREATE RULE theirs AS ON INSERT TO ${MAIN} DO ALSO NOTHING`],
    ["row security in main", `ALTER TABLE ${MAIN} ENABLE ROW LEVEL SECURITY`],
    ["row security in ours", "ALTER TABLE src_vn_json_repair.run ENABLE ROW LEVEL SECURITY"],
    ["a publication more", "CREATE PUBLICATION everything FOR ALL TABLES"],
    ["a publication of more", `ALTER PUBLICATION a_few ADD TABLE ${MAIN}`],
    ["what tells rows apart in a publication", `ALTER TABLE ${MAIN} REPLICA IDENTITY NOTHING`],
    ["a table that inherits", `CREATE TABLE heir () INHERITS (${MAIN})`],
    [
      "a trigger of a table that inherits",
      "CREATE TRIGGER theirs BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION theirs()",
    ],
    [
      "main made anew",
      `CREATE TABLE src_vn_json.new (LIKE ${MAIN} INCLUDING ALL); DROP TABLE ${MAIN} CASCADE;
      ALTER TABLE src_vn_json.new RENAME TO observations_json`,
    ],
    ["a table gone", "DROP TABLE src_vn_json.forms_json CASCADE"],
    ["the schema's name", "ALTER SCHEMA src_vn_json RENAME TO away"],
  ])("is looked at again after a change of it: %s", async (_, change) => {
    db ??= await known();
    await db.admin.query("BEGIN");
    await db.admin.query(change.replaceAll("@", db.name));
    const after = await isKnown(db);
    await db.admin.query("ROLLBACK");
    expect([after, await isKnown(db)]).toEqual([false, true]);
  });
});
