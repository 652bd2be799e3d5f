import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Databases,
  type Db,
  fill,
  mainRows,
  type Options,
  put,
  putCheck,
  putMain,
  startDatabases,
} from "./support";

// What main and check become between two steps of a run: it looks again at the moment of writing. And the order in
// which it takes main's rows.

let world: Databases;
beforeAll(async () => {
  world = await startDatabases();
});
afterAll(() => world.stop());

const R = "src_vn_json_repair";
const MAIN = "src_vn_json.observations_json";

interface Step {
  at: string;
  result: Record<string, unknown> | null;
}

async function step(client: Client, at: string | null, mode: string, job: number | null): Promise<Step> {
  const { rows } = await client.query(
    `SELECT s::text AS at, s.result FROM ${R}.next_step($1::${R}.step, $2::${R}.run_mode, $3, false, NULL, '{}', NULL) AS s`,
    [at, mode, job],
  );
  return rows[0];
}

/** A run that has compared when `meanwhile` happens, and writes afterwards; its result. */
async function repairWith(
  db: Db,
  meanwhile: () => Promise<unknown>,
  { mode = "whole", job = null as number | null } = {},
): Promise<Record<string, unknown>> {
  let now = await step(db.login, null, mode, job);
  now = await step(db.login, now.at, mode, job);
  expect(await db.rows(`SELECT FROM ${R}.work_item`), "something is queued").not.toEqual([]);
  await meanwhile();
  for (let i = 0; now.result === null; i++) {
    now = await step(db.login, now.at, mode, job);
    expect(i).toBeLessThan(50);
  }
  return now.result;
}

const content = async (db: Db, id: number) =>
  (
    await db.rows<{ ts: number; item: unknown }>(`SELECT update_ts AS ts, item FROM ${MAIN} WHERE id = $1`, [
      id,
    ])
  )[0];
const written = (db: Db) => db.rows(`SELECT id::integer, action::text FROM ${R}.change ORDER BY id`);
const THEIRS = { theirs: true };

describe("main's own sync writes the row between comparing and writing", () => {
  test.each([
    ["the same version", 10, { inserted: 0, updated: 0 }, { ts: 10, item: THEIRS }],
    ["a newer version", 11, { inserted: 0, updated: 0 }, { ts: 11, item: THEIRS }],
    ["an older version", 9, { inserted: 0, updated: 1 }, { ts: 10, item: { ours: true } }],
  ])(
    "%s of a row that was lacking: the newest stays, and an equal one is not written",
    async (_name, ts, result, row) => {
      const db = await world.database({});
      await putCheck(db, { id: 1, ts: 10, item: { ours: true } });
      expect(await repairWith(db, () => putMain(db, { id: 1, ts, item: THEIRS }))).toMatchObject({
        status: "done",
        ...result,
      });
      expect(await content(db, 1)).toEqual(row);
      expect(await written(db)).toHaveLength(result.updated);
    },
  );

  test.each([
    ["the same version", 10, 0, { ts: 10, item: THEIRS }],
    ["a newer version", 11, 0, { ts: 11, item: THEIRS }],
    ["another older version", 9, 1, { ts: 10, item: { ours: true } }],
  ])(
    "%s of a row that was older: the newest stays, and an equal one is not written",
    async (_name, ts, updated, row) => {
      const db = await world.database({});
      await putMain(db, { id: 1, ts: 5 });
      await putCheck(db, { id: 1, ts: 10, item: { ours: true } });
      expect(await repairWith(db, () => putMain(db, { id: 1, ts, item: THEIRS }))).toMatchObject({
        status: "done",
        inserted: 0,
        updated,
      });
      expect(await content(db, 1)).toEqual(row);
      expect(await written(db)).toHaveLength(updated);
    },
  );

  test("a newer version of a row whose content differed: it stays", async () => {
    const db = await world.database({});
    await putMain(db, { id: 1, ts: 10, item: {} });
    await putCheck(db, { id: 1, ts: 10, item: { ours: true } });
    const meanwhile = () => putMain(db, { id: 1, ts: 11, item: THEIRS });
    expect(await repairWith(db, meanwhile, { mode: "contents" })).toMatchObject({
      status: "done",
      updated: 0,
    });
    expect(await content(db, 1)).toEqual({ ts: 11, item: THEIRS });
  });
});

describe("main's own sync deletes the row between comparing and writing", () => {
  test.each([
    ["that was lacking, came and went", [] as number[]],
    ["that was older", [5]],
  ])("a row %s: it is not put back", async (_name, before) => {
    const db = await world.database({});
    for (const ts of before) await putMain(db, { id: 1, ts });
    await putCheck(db, { id: 1, ts: 10 }, { id: 2, ts: 10 });
    const result = await repairWith(db, async () => {
      await putMain(db, { id: 1, ts: 9 });
      await db.main.query(`DELETE FROM ${MAIN} WHERE id = 1`);
    });
    expect(result).toMatchObject({ status: "done", inserted: 1, updated: 0, set_aside: 0 });
    expect(await mainRows(db)).toEqual({ "2/vn38": 10 });
    expect(await db.repair("whole")).toMatchObject({ inserted: 0, open: { "deleted in main": 1 } });
  });

  test("another site's row of the same number is no reason to leave one away", async () => {
    const db = await world.database({});
    await putMain(db, { id: 1, ts: 5, site: "vn07" }, { id: 3, ts: 10 });
    await putCheck(db, { id: 1, ts: 10 }, { id: 1, ts: 5, site: "vn07" });
    const result = await repairWith(db, () => db.main.query(`DELETE FROM ${MAIN} WHERE site = 'vn07'`));
    expect(result).toMatchObject({ inserted: 1 });
  });
});

describe("a deletion that is queued is looked at again when it is done", () => {
  const APPLY: Options = { deletions: "apply", maxDeleteShare: 1 };
  const dropped = async () => {
    const db = await world.database(APPLY);
    await fill(db.main, "src_vn_json", 1, 5, 10);
    await fill(db.login, "src_vn_json_check", 1, 5, 10);
    await db.repair();
    await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 2");
    return db;
  };

  test.each<[string, (db: Db) => Promise<unknown>, number]>([
    ["main has it newer by then", (db) => putMain(db, { id: 2, ts: 11 }), 5],
    ["check has it again", (db) => putCheck(db, { id: 2, ts: 10 }), 5],
    [
      "deletions are no longer to be followed",
      (db) => db.admin.query(`UPDATE ${R}.settings SET deletions = 'report'`),
      5,
    ],
    [
      "the same number comes at another site",
      (db) => put(db.login, "src_vn_json_check", { id: 2, ts: 10, site: "vn07" }),
      4,
    ],
  ])("%s", async (_name, meanwhile, left) => {
    const db = await dropped();
    expect(await repairWith(db, () => meanwhile(db), { mode: "journal" })).toMatchObject({
      deleted: 5 - left,
    });
    expect(Object.keys(await mainRows(db))).toHaveLength(left);
  });
});

describe("a batch takes main's rows in key order, whatever way the planner reads them", () => {
  const ROWS = 400;
  const DUE = Array.from({ length: 40 }, (_, i) => 10 * (i + 1));
  /** Both tables hold the largest key first, and the planner reads them from there. */
  async function backwards(db: Db, mainHas: string): Promise<void> {
    const rows = (ts: string) => `SELECT i, 'vn38', '{}', ${ts} FROM generate_series(${ROWS}, 1, -1) AS i`;
    await db.main.query(`INSERT INTO ${MAIN} (id, site, item, update_ts) ${rows("10")} WHERE ${mainHas}`);
    await db.login.query(
      `INSERT INTO src_vn_json_check.observations_json (id, site, item, update_ts) ${rows("10")}`,
    );
    await db.admin.query("ANALYZE");
    await db.login.query("SET enable_nestloop = off; SET enable_mergejoin = off; SET enable_indexscan = off");
  }

  test("inserts: as main's triggers see them come", async () => {
    const db = await world.database({});
    await db.admin.query(`CREATE TABLE public.came (n serial, id integer); GRANT ALL ON public.came, public.came_n_seq TO PUBLIC;
      CREATE FUNCTION public.came() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.came (id) VALUES (NEW.id); RETURN NULL; END $$`);
    await backwards(db, "i % 10 > 0");
    await db.admin.query(
      `CREATE TRIGGER came AFTER INSERT ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION public.came()`,
    );
    await db.rows(`SELECT FROM ${R}.preflight()`);
    await db.admin.query("TRUNCATE public.came");
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 40 });
    expect(
      (await db.rows<{ id: number }>("SELECT id FROM public.came ORDER BY n")).map(({ id }) => id),
    ).toEqual(DUE);
  });

  test.each(["update", "delete"])(
    "%ss: those before a row that others hold are locked, and none after it",
    async (action) => {
      const db = await world.database({ deletions: "apply", maxDeleteShare: 1, maxDeletes: 1000 });
      await backwards(db, "true");
      await db.repair();
      if (action === "update")
        await db.login.query(
          "UPDATE src_vn_json_check.observations_json SET update_ts = 11 WHERE id % 10 = 0",
        );
      else await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id % 10 = 0");
      await db.admin.query("ANALYZE");
      const holder = await db.connect("vn_main");
      await holder.query(`BEGIN; SELECT FROM ${MAIN} WHERE id = 200 FOR UPDATE`);
      const repair = db.repair();
      const waits =
        "SELECT FROM pg_stat_activity WHERE usename = 'vn_check' AND wait_event_type = 'Lock' AND wait_event <> 'relation'";
      for (let i = 0; i < 2000 && (await db.rows(waits)).length === 0; i++);
      const { rows } = await db.main.query<{ id: number }>(
        `SELECT id FROM ${MAIN} WHERE id % 10 = 0 FOR NO KEY UPDATE SKIP LOCKED`,
      );
      const free = new Set(rows.map(({ id }) => id));
      await holder.query("ROLLBACK");
      expect(DUE.filter((id) => !free.has(id))).toEqual(DUE.filter((id) => id <= 200));
      expect(await repair).toMatchObject({ status: "done", [`${action}d`]: 40 });
    },
  );
});

test("a deletion that is only reported is off the list once check has the row again", async () => {
  const db = await world.database({});
  await fill(db.main, "src_vn_json", 1, 3, 10);
  await fill(db.login, "src_vn_json_check", 1, 3, 10);
  await db.repair();
  await db.login.query("DELETE FROM src_vn_json_check.observations_json WHERE id = 2");
  expect(await db.repair()).toMatchObject({ open: { "deletion reported": 1 } });
  await putCheck(db, { id: 2, ts: 10 });
  for (const mode of ["journal", "whole"] as const) {
    const { inserted, deleted, open } = await db.repair(mode);
    expect({ inserted, deleted, open }).toEqual({ inserted: 0, deleted: 0, open: {} });
  }
});
