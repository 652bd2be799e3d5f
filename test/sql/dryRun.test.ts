import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Databases, type Db, fill, type Options, putCheck, putMain, startDatabases } from "./support";

// Q5: a dry run leaves nothing behind: not a row, not a number of a sequence, not a routine, above all not the mark of a
// journal that was lost.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const REPAIR = "src_vn_json_repair";
const CHECK = "src_vn_json_check";
const MODES = ["journal", "whole", "contents"] as const;

/** All that is in the four schemas: rows, numbers of sequences, routines, triggers. */
async function everything(db: Db): Promise<Record<string, unknown>> {
  const relations = await db.rows<{ name: string; kind: string }>(
    `SELECT oid::regclass::text AS name, relkind::text AS kind FROM pg_class
      WHERE relkind IN ('r', 'p', 'm', 'S') AND relnamespace::regnamespace::text = ANY ($1) ORDER BY 1`,
    [["src_vn_json", CHECK, REPAIR, "dbadmin"]],
  );
  const all: Record<string, unknown> = {};
  for (const { name, kind } of relations)
    all[name] = await db.rows(
      kind === "S"
        ? `SELECT last_value, is_called FROM ${name}`
        : `SELECT to_jsonb(t)::text AS row FROM ${name} AS t ORDER BY 1`,
    );
  all["routines"] = await db.rows(
    `SELECT oid::regprocedure::text AS name, md5(prosrc) AS source, xmin::text FROM pg_proc WHERE pronamespace = '${REPAIR}'::regnamespace ORDER BY 1`,
  );
  all["triggers"] = await db.rows(
    "SELECT tgrelid::regclass::text AS relation, tgname, tgenabled::text, xmin::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
  );
  return all;
}

const form = (db: Db, schema: string, id: number, n: number, site = "vn38") =>
  db.admin.query(
    `INSERT INTO ${schema}.forms_json AS f VALUES ($1, $3, jsonb_build_object('n', $2::integer))
     ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item`,
    [id, n, site],
  );
const refuse = (table: string) => `
  CREATE OR REPLACE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
  CREATE TRIGGER no BEFORE INSERT OR UPDATE ON src_vn_json.${table} FOR EACH ROW EXECUTE FUNCTION no()`;

/** Each kind of work that a run may find, and what a database needs for it. */
const WORK: Record<string, { options?: Options; prepare(db: Db): Promise<unknown>; refused?: boolean }> = {
  "nothing at all": { prepare: async () => undefined },
  "observations and forms in the journal": {
    async prepare(db) {
      await putMain(db, { id: 1, ts: 1 });
      await putCheck(db, { id: 1, ts: 2 }, { id: 2, ts: 2 });
      await form(db, CHECK, 1, 1);
    },
  },
  "a gap of the journal, as a row": {
    async prepare(db) {
      await db.admin.query(`INSERT INTO ${REPAIR}.journal_gap (reason) VALUES ('test')`);
      await form(db, "src_vn_json", 1, 1);
      await form(db, CHECK, 1, 2);
    },
  },
  "a gap of the journal, as the sequence's mark, the first one": {
    prepare: (db) => db.admin.query(`SELECT nextval('${REPAIR}.journal_gap_seq')`),
  },
  "a gap of the journal, as the sequence's mark, a later one": {
    async prepare(db) {
      await db.admin.query(`SELECT nextval('${REPAIR}.journal_gap_seq')`);
      await db.repair();
      await db.admin.query(`SELECT nextval('${REPAIR}.journal_gap_seq')`);
      await putCheck(db, { id: 1, ts: 2 });
    },
  },
  "a journal above its cap": {
    options: { journalCap: 50 },
    prepare: (db) => fill(db.login, CHECK, 1, 300, 5),
  },
  "more differences than may be repaired": {
    options: { minDifferences: 10 },
    refused: true,
    prepare: (db) => fill(db.login, CHECK, 1, 300, 5),
  },
  "rows set aside, of two tables, and their cause gone": {
    async prepare(db) {
      await db.admin.query(refuse("observations_json"));
      await db.admin.query(refuse("forms_json"));
      await putCheck(db, { id: 1, ts: 2 });
      await form(db, CHECK, 1, 1);
      await db.repair();
      await db.admin.query("DROP FUNCTION no() CASCADE");
    },
  },
  "rows held back, of which some are solved": {
    async prepare(db) {
      await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
      await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
      await db.repair();
      await db.main.query("DELETE FROM src_vn_json.observations_json");
      await db.repair("whole");
      await putMain(db, { id: 2, ts: 5 });
    },
  },
  "a queue that a killed run has left": {
    options: { batchSize: 10 },
    async prepare(db) {
      await fill(db.login, CHECK, 1, 100, 5);
      await db.admin.query(`
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$;
        CREATE TRIGGER slow AFTER INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION slow()`);
      const client = await db.connect("vn_check");
      const [{ pid }] = (await client.query("SELECT pg_backend_pid() AS pid")).rows as [{ pid: number }];
      const killed = expect(db.repair("journal", { client })).rejects.toThrow(/terminat/i);
      for (let n = 0; n === 0; ) n = (await db.rows(`SELECT FROM ${REPAIR}.change`)).length;
      await db.admin.query("SELECT pg_terminate_backend($1)", [pid]);
      await killed;
      await db.admin.query("DROP TRIGGER slow ON src_vn_json.observations_json");
    },
  },
  "deletions of check, to be followed": {
    options: { deletions: "apply", maxDeleteShare: 1 },
    async prepare(db) {
      await putMain(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
      await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
      await db.repair();
      await db.login.query(`DELETE FROM ${CHECK}.observations_json`);
      await putCheck(db, { id: 2, ts: 5 });
    },
  },
  "a time in which nobody watched main": {
    async prepare(db) {
      await putCheck(db, { id: 1, ts: 5 }, { id: 2, ts: 5 });
      await db.repair();
      await db.main.query("ALTER TABLE src_vn_json.observations_json DISABLE TRIGGER USER");
      await db.main.query("DELETE FROM src_vn_json.observations_json WHERE id = 1");
      await db.main.query("ALTER TABLE src_vn_json.observations_json ENABLE TRIGGER USER");
      await putCheck(db, { id: 3, ts: 5 });
    },
  },
  "main emptied": {
    async prepare(db) {
      await putCheck(db, { id: 1, ts: 5 });
      await db.repair();
      await db.main.query("TRUNCATE src_vn_json.observations_json");
    },
  },
  "check emptied": {
    async prepare(db) {
      await putCheck(db, { id: 1, ts: 5 });
      await db.repair();
      await db.admin.query(`TRUNCATE ${CHECK}.observations_json`);
    },
  },
  "new columns, and new triggers to be tried": {
    async prepare(db) {
      await db.repair();
      await db.admin.query("ALTER TABLE src_vn_json.forms_json ADD COLUMN more text");
      await db.admin.query(`
        CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER same BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION same()`);
      await putMain(db, { id: 2, ts: 5 });
      await putCheck(db, { id: 1, ts: 5 });
    },
  },
  "a site that main does not know, and one too long": {
    async prepare(db) {
      await putMain(db, { id: 1, ts: 5 });
      await putCheck(db, { id: 1, ts: 5, site: "other" }, { id: 2, ts: 5, site: "x".repeat(1200) });
      await form(db, CHECK, 1, 1, "other");
    },
  },
  "the same version with another content": {
    async prepare(db) {
      await putMain(db, { id: 1, ts: 5, item: { a: 1 } });
      await putCheck(db, { id: 1, ts: 5, item: { a: 2 } });
    },
  },
};

describe("Q5: a dry run leaves nothing behind", () => {
  test.each(Object.keys(WORK))("in any mode, and tells what a run then does: %s", async (name) => {
    const work = WORK[name] as (typeof WORK)[string];
    const db = await world.database(work.options ?? {});
    await work.prepare(db);
    const before = await everything(db);
    for (const mode of MODES) {
      const dry = await db.repair(mode, { dryRun: true });
      expect(dry, mode).toMatchObject({ dry_run: true, status: work.refused ? "refused" : "done" });
      expect(await everything(db), mode).toEqual(before);
    }
    const dry = await db.repair("journal", { dryRun: true });
    const { inserted, updated, deleted } = await db.repair("journal");
    expect({ inserted, updated, deleted }).toEqual(
      work.refused
        ? { inserted: 0, updated: 0, deleted: 0 }
        : { inserted: dry.inserted, updated: dry.updated, deleted: dry.deleted },
    );
  });

  test("one after a gap: the next run still knows of it, and concludes no deletion", async () => {
    const db = await world.database({ deletions: "apply", maxDeleteShare: 1 });
    await putMain(db, { id: 1, ts: 5 });
    await putCheck(db, { id: 1, ts: 5 });
    await db.repair();
    await db.admin.query(`SELECT nextval('${REPAIR}.journal_gap_seq')`);
    await db.login.query(`DELETE FROM ${CHECK}.observations_json`);
    for (const mode of MODES) await db.repair(mode, { dryRun: true });
    expect(await db.repair("journal")).toMatchObject({ deleted: 0 });
    const last = `SELECT whole, journal_complete FROM ${REPAIR}.run ORDER BY id DESC LIMIT 1`;
    expect(await db.rows(last)).toEqual([{ whole: true, journal_complete: false }]);
  });
});
