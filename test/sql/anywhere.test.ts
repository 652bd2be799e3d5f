import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONTROLLERS } from "../../config/values/controllers";
import { type Databases, type Db, type Result, startDatabases } from "./support";

// No false negative: one damaged row is found, wherever it stands and whatever is wrong with it, in each of the client's
// tables; it is healed, and nothing else is written.

const CHECK = "src_vn_json_check";
const MAIN = "src_vn_json";
const R = "src_vn_json_repair";

type Mode = "journal" | "whole" | "contents";
type Id = number | string;
interface Table {
  name: string;
  /** The key of row number `id`, as a condition on a table `t`. */
  where(id: Id): string;
  /** A row of that number. */
  row(id: Id): string;
}

const ITEM = (id: Id) => `jsonb_build_object('n', '${id}')`;
/** Keys as the client has them: a number and a site, a number alone, a text. */
const TABLES: Table[] = CONTROLLERS.flatMap(({ tables }) => [...tables] as string[]).map((name) => {
  switch (name) {
    case "observations_json":
      return { name, where: bySite, row: (id) => `(${id}, 'vn38', ${ITEM(id)}, 50, 'f')` };
    case "observers_json":
      return { name, where: bySite, row: (id) => `(${id}, 'vn38', 1, ${ITEM(id)})` };
    case "field_groups_json":
      return { name, where: (id) => `t.id = ${id}`, row: (id) => `(${id}, ${ITEM(id)})` };
    case "field_details_json":
      return { name, where: (id) => `t.id = '${id}_x'''`, row: (id) => `('${id}_x''', ${ITEM(id)})` };
    default:
      return { name, where: bySite, row: (id) => `(${id}, 'vn38', ${ITEM(id)})` };
  }
});
function bySite(id: Id): string {
  return `t.id = ${id} AND t.site = 'vn38'`;
}
const OBSERVATIONS = TABLES.find(({ name }) => name === "observations_json") as Table;

let world: Databases;
let db: Db;
beforeAll(async () => {
  world = await startDatabases();
  db = await world.database({
    referenceControllers: CONTROLLERS.map(({ controller }) => controller).filter(
      (one) => one !== "observations",
    ),
    newSites: ["vn38", "vn07"],
    minDifferences: 5000,
  });
  // As a copy that is older than the client's own constraint may be.
  await db.admin.query(`ALTER TABLE ${MAIN}.observations_json ALTER COLUMN update_ts DROP NOT NULL`);
});
afterAll(() => world.stop());

/** Both copies have these rows, and main some that check has not, at both ends and between. */
async function same(table: Table, ids: Id[]): Promise<void> {
  const lists = ["journal_observation", "journal_form", "journal_gap", "work_item", "set_aside", "held_back"];
  const all = [...lists, "tombstone", "main_deletion", "downloaded_key"].map((name) => `${R}.${name}`);
  await db.admin.query(`DELETE FROM ${CHECK}.${table.name}; DELETE FROM ${MAIN}.${table.name}`);
  const values = ids.map(table.row).join(", ");
  for (const schema of [CHECK, MAIN])
    if (ids.length > 0) await db.admin.query(`INSERT INTO ${schema}.${table.name} VALUES ${values}`);
  if (ids.length > 0) await db.admin.query(`INSERT INTO ${MAIN}.${table.name} VALUES ${table.row(OWN)}`);
  await db.admin.query(`${all.map((one) => `DELETE FROM ${one}`).join("; ")}; DELETE FROM ${R}.blind_spell`);
  expect(await db.repair("contents")).toMatchObject({ status: "done", inserted: 0, updated: 0, open: {} });
}
/** Of a row that only main has, below all others. */
const OWN = -7;

/** What is wrong with one row, and the modes that have to find it. */
interface Damage {
  what: string;
  modes: Mode[];
  done(table: Table, id: Id): string;
  found: "inserted" | "updated";
}
const lose = (table: Table, id: Id) =>
  `DELETE FROM ${MAIN}.${table.name} AS t WHERE ${table.where(id)}; DELETE FROM ${R}.main_deletion`;
const main = (set: string) => (table: Table, id: Id) =>
  `UPDATE ${MAIN}.${table.name} AS t SET ${set} WHERE ${table.where(id)}`;
const check = (set: string) => (table: Table, id: Id) =>
  `UPDATE ${CHECK}.${table.name} AS t SET ${set} WHERE ${table.where(id)}`;

/** Another content each time. */
const NEW = "item = jsonb_build_object('new', clock_timestamp())";

const OF_ALL: Damage[] = [
  { what: "missing", modes: ["whole", "contents"], done: lose, found: "inserted" },
  { what: "of another content", modes: ["contents"], done: main("item = '{}'"), found: "updated" },
];
const OF_FORMS: Damage[] = [
  {
    what: "changed in check",
    modes: ["journal", "whole"],
    done: check(NEW),
    found: "updated",
  },
  {
    what: "new in check",
    modes: ["journal", "whole"],
    done: (table, id) =>
      `${lose(table, id)}; DELETE FROM ${CHECK}.${table.name} AS t WHERE ${table.where(id)};
       INSERT INTO ${CHECK}.${table.name} VALUES ${table.row(id)}; DELETE FROM ${R}.tombstone`,
    found: "inserted",
  },
];
const OF_OBSERVATIONS: Damage[] = [
  {
    what: "older",
    modes: ["whole", "contents"],
    done: main("update_ts = 49, item = '{}'"),
    found: "updated",
  },
  {
    what: "without a version",
    modes: ["whole", "contents"],
    done: main("update_ts = NULL"),
    found: "updated",
  },
  {
    what: "changed in check",
    modes: ["journal", "whole", "contents"],
    done: check(`update_ts = t.update_ts + 1, ${NEW}`),
    found: "updated",
  },
  {
    what: "without a version, and touched in check",
    modes: ["journal"],
    done: (table, id) => `${main("update_ts = NULL")(table, id)}; ${check("item = item")(table, id)}`,
    found: "updated",
  },
  {
    what: "of another content in id_form_universal",
    modes: ["contents"],
    done: main("id_form_universal = NULL"),
    found: "updated",
  },
  OF_FORMS[1] as Damage,
];

/** Damages the rows of these numbers, one after the other, each healed by a repair before the next. */
async function eachIsFound(table: Table, damage: Damage, mode: Mode, ids: Id[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) {
    const where = `${table.name}: row ${id} ${damage.what}, ${mode}`;
    await db.admin.query(damage.done(table, id));
    const result = await db.repair(mode);
    expect(result, where).toMatchObject({
      status: "done",
      inserted: 0,
      updated: 0,
      [damage.found]: 1,
      open: {},
    });
    expect(result.by_table[table.name], where).toMatchObject({ [damage.found]: 1 });
    expect(await lacking(table), where).toEqual([]);
  }
}
/** Rows of check that main has not alike. */
const lacking = (table: Table) =>
  db.rows(`SELECT * FROM ${CHECK}.${table.name} EXCEPT SELECT * FROM ${MAIN}.${table.name}`);
const own = () => db.rows(`SELECT id FROM ${MAIN}.observations_json WHERE id = ${OWN}`);

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const BATCH = 50;

describe("each of the client's tables: first, last, and at the edge of each batch", () => {
  const ids = range(1, 2 * BATCH + 1);
  const places = [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 1];
  test.each(TABLES)("$name", async (table) => {
    await same(table, ids);
    const versioned = table === OBSERVATIONS;
    const damages = [
      ...OF_ALL,
      ...(versioned ? OF_OBSERVATIONS : table.name === "forms_json" ? OF_FORMS : []),
    ];
    for (const damage of damages)
      for (const mode of damage.modes) {
        // Every mode at both ends; every place in the mode that costs least.
        await eachIsFound(table, damage, mode, mode === damage.modes[0] ? places : [1, 2 * BATCH + 1]);
      }
    // All at once: more than two batches of them.
    await db.admin.query(`DELETE FROM ${MAIN}.${table.name}; DELETE FROM ${R}.main_deletion`);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: ids.length, set_aside: 0 });
    expect(await lacking(table)).toEqual([]);
  });

  test("there is a case for each table of the client that is repaired", async () => {
    const repaired = await db.rows<{ name: string }>(
      `SELECT table_name AS name FROM ${R}.client_table WHERE key_columns IS NOT NULL ORDER BY position`,
    );
    expect(TABLES.map(({ name }) => name)).toEqual(repaired.map(({ name }) => name));
    expect(repaired).toHaveLength(13);
  });
});

describe("observations_json whole: at the edges of the eight ranges that are compared side by side", () => {
  const [older, unversioned] = OF_OBSERVATIONS as [Damage, Damage];
  const [missing] = OF_ALL as [Damage];
  // From 1000 to 1799 a range has 100 ids.
  const edges = [1000, ...range(1, 7).flatMap((n) => range(999 + 100 * n, 1001 + 100 * n)), 1799];
  test.each([missing, older, unversioned])("a row $what", async (damage) => {
    await same(OBSERVATIONS, edges);
    await eachIsFound(OBSERVATIONS, damage, "whole", edges);
    expect(await own()).toHaveLength(1);
  });

  test("the smallest and the largest number that there can be", async () => {
    const ids = [-2147483648, -1, 0, 1, 2147483646, 2147483647];
    await same(OBSERVATIONS, ids);
    for (const damage of [missing, older]) await eachIsFound(OBSERVATIONS, damage, "whole", ids);
  });

  test.each([1, 2, 7, 8, 9, 15, 16, 17])("a copy of %i rows", async (n) => {
    await same(OBSERVATIONS, range(1, n));
    await eachIsFound(OBSERVATIONS, missing, "whole", range(1, n));
    await eachIsFound(OBSERVATIONS, older, "whole", [1, n]);
  });

  test("a number that both sites have: the one that is damaged, and not the other", async () => {
    await same(OBSERVATIONS, range(1, 9));
    for (const schema of [CHECK, MAIN])
      await db.admin.query(
        `INSERT INTO ${schema}.observations_json SELECT i, 'vn07', '{}', 50, NULL FROM generate_series(1, 9) AS i`,
      );
    await db.repair();
    for (const mode of ["whole", "contents"] as const)
      for (const damage of [missing, older]) await eachIsFound(OBSERVATIONS, damage, mode, [1, 5, 9]);
    await eachIsFound(OBSERVATIONS, OF_OBSERVATIONS[2] as Damage, "journal", [1, 5, 9]);
  });

  test("an empty copy, and one that lacks everything", async () => {
    await same(OBSERVATIONS, []);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 0 });
    await db.admin.query(`INSERT INTO ${CHECK}.observations_json VALUES ${OBSERVATIONS.row(5)}`);
    expect(await db.repair("whole")).toMatchObject({ status: "done", inserted: 1 });
  });
});

describe("so many rows at once as fit a batch, one fewer, one more", () => {
  const rows = (n: number) => range(1, n).map(OBSERVATIONS.row).join(", ");
  const counts = [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH - 1, 2 * BATCH, 2 * BATCH + 1];
  const change = (action: string) =>
    db.rows(`SELECT FROM ${R}.change WHERE action = '${action}' AND run = (SELECT max(id) FROM ${R}.run)`);

  test.each(counts)("%i missing, then older", async (n) => {
    await same(OBSERVATIONS, []);
    await db.admin.query(`INSERT INTO ${CHECK}.observations_json VALUES ${rows(n)}`);
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: n, updated: 0, open: {} });
    expect(await change("insert")).toHaveLength(n);
    await db.admin.query(`UPDATE ${CHECK}.observations_json SET update_ts = 51`);
    expect(await db.repair("journal")).toMatchObject({ status: "done", inserted: 0, updated: n, open: {} });
    expect(await change("update")).toHaveLength(n);
    expect(await lacking(OBSERVATIONS)).toEqual([]);
  });

  test.each([1, 2, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 1])(
    "row %i of 101 is refused by main: it alone is set aside, and comes when main takes it",
    async (refused) => {
      await same(OBSERVATIONS, []);
      await db.admin.query(`CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.id = ${refused} THEN RAISE EXCEPTION 'not that one'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER no BEFORE INSERT ON ${MAIN}.observations_json FOR EACH ROW EXECUTE FUNCTION public.no();
        INSERT INTO ${CHECK}.observations_json VALUES ${rows(2 * BATCH + 1)}`);
      expect(await db.repair("journal")).toMatchObject({
        status: "done",
        inserted: 2 * BATCH,
        set_aside: 1,
        open: { refused: 1 },
      });
      expect(await db.rows(`SELECT id::integer FROM ${R}.set_aside`)).toEqual([{ id: refused }]);
      await db.admin.query(`DROP TRIGGER no ON ${MAIN}.observations_json; DROP FUNCTION public.no()`);
      expect(await db.repair("journal")).toMatchObject({
        status: "done",
        inserted: 1,
        set_aside: 0,
        open: {},
      });
      expect(await lacking(OBSERVATIONS)).toEqual([]);
    },
  );
});

describe("a second look finds nothing: what is alike is neither queued nor counted", () => {
  test.each(["journal", "whole", "contents"] as const)("%s, as a dry run tells", async (mode) => {
    await same(OBSERVATIONS, range(1, 30));
    await db.admin.query(`UPDATE ${CHECK}.observations_json SET item = item`);
    const nothing = { status: "done", inserted: 0, updated: 0, deleted: 0, open: {} };
    expect(await db.repair(mode, { dryRun: true })).toMatchObject(nothing);
    const result: Result = await db.repair(mode);
    expect(result).toMatchObject(nothing);
    expect(await db.rows(`SELECT FROM ${R}.change WHERE run = $1`, [result.run])).toEqual([]);
  });
});
