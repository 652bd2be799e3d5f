import { afterAll, beforeAll, expect, test } from "vitest";
import { type Databases, type Db, startDatabases } from "./support";

let world: Databases;
let db: Db;
beforeAll(async () => {
  world = await startDatabases();
  db = await world.database({});
});
afterAll(() => world.stop());

const ended = (job: number, kind: string, parts: object[]) =>
  db.login.query("SELECT src_vn_json_repair.parts_ended($1, 'vn38', $2, $3)", [
    job,
    kind,
    JSON.stringify(parts),
  ]);
const failures = () =>
  db.rows(
    `SELECT kind, taxo_group AS "group", unit, cause ->> 'status' AS status, tries, jobs FROM src_vn_json_repair.part_failure
      ORDER BY kind, taxo_group, unit`,
  );
const refused = (taxoGroup: number, unit: string, status = 403) => ({
  taxoGroup,
  unit,
  cause: { kind: "http", status },
});
const came = (taxoGroup: number, unit: string) => ({ taxoGroup, unit, cause: null });

// R1
test("R1: a part that fails is remembered with its last cause, its tries and its jobs, until it comes", async () => {
  await ended(1, "download", [came(1, "138"), refused(2, "138", 500), refused(2, "138"), refused(3, "107")]);
  await ended(1, "download", [refused(2, "138", 404)]);
  await ended(2, "download", [refused(2, "138"), came(3, "107")]);
  await ended(2, "update", [refused(2, "")]);
  expect(await failures()).toEqual([
    { kind: "download", group: 2, unit: "138", status: "403", tries: 3, jobs: 2 },
    { kind: "update", group: 2, unit: "", status: "403", tries: 1, jobs: 1 },
  ]);
  await db.login.query(
    "SELECT src_vn_json_repair.keep_parts('vn38', 'update', '[{\"taxoGroup\":1,\"unit\":\"\"}]')",
  );
  await ended(3, "download", [came(2, "138")]);
  expect(await failures()).toEqual([]);
});

// R2
test("R2: a row that cannot be stored is one row, with its last fault, until it is stored", async () => {
  const note = (unit: string, fault: string) =>
    db.login.query(
      "SELECT src_vn_json_repair.row_not_stored('vn38', 'observations_json', '12', 3, $1, '12', $2, 'insert_date')",
      [unit, fault],
    );
  await note("138", "malformed");
  await note("", "lacks");
  expect(
    await db.rows(
      "SELECT site, table_name, id, taxo_group, unit, ask_for, fault, detail, tries FROM src_vn_json_repair.not_stored",
    ),
  ).toEqual([
    {
      site: "vn38",
      table_name: "observations_json",
      id: "12",
      taxo_group: 3,
      unit: "138",
      ask_for: "12",
      fault: "lacks",
      detail: "insert_date",
      tries: 2,
    },
  ]);
  await db.login.query("SELECT src_vn_json_repair.row_stored('vn38', 'observations_json', '12')");
  expect(await db.rows("SELECT FROM src_vn_json_repair.not_stored")).toEqual([]);
});

test("R1, R2: the synchronisation's login reads both tables, and writes them by these functions alone", async () => {
  for (const table of ["part_failure", "not_stored"]) {
    await db.login.query(`SELECT FROM src_vn_json_repair.${table}`);
    await expect(db.login.query(`DELETE FROM src_vn_json_repair.${table}`)).rejects.toThrow(
      /permission denied/,
    );
  }
});
