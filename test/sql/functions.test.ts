import { afterAll, beforeAll, expect, test } from "vitest";
import { onlyThese } from "../support/offenders";
import { type Databases, type Db, startDatabases } from "./support";

/** What plpgsql_check says of what is right nevertheless, and why it may be. */
const EXPLAINED: [RegExp, string][] = [
  [
    /^\w+\.atomic_message\(\): error: invalid transaction term/,
    "provoked, to learn the server's words for it",
  ],
  [
    /^\w+\.repair\(.*: error: cannot commit while a subtransaction/,
    "provoked, to know whether it is in BEGIN",
  ],
  [/^\w+\.different_observations\(.*dynamic SQL/, "as many parts as there are ranges of ids"],
];

let world: Databases;
let db: Db;
beforeAll(async () => {
  world = await startDatabases();
  db = await world.database({ sameRights: true });
  await db.admin
    .query("CREATE SCHEMA plpgsql_check; CREATE EXTENSION plpgsql_check SCHEMA plpgsql_check")
    .catch((e) => {
      throw new Error(`${e.message}; scripts/test sql installs what lacks`);
    });
});
afterAll(() => world.stop());

test("plpgsql_check finds nothing in any function that an installation makes", async () => {
  const routines = await db.rows<{ oid: number; name: string; relation: number }>(
    `SELECT p.oid::integer, p.oid::regprocedure::text AS name, coalesce(t.tgrelid, 0)::integer AS relation
       FROM pg_proc AS p
       JOIN pg_language AS l ON l.oid = prolang AND lanname = 'plpgsql'
       LEFT JOIN pg_trigger AS t ON t.tgfoid = p.oid AND NOT tgisinternal
      WHERE pronamespace::regnamespace::text IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin')
      ORDER BY name, relation`,
  );
  expect(routines.length).toBeGreaterThan(20);
  const found: string[] = [];
  for (const { oid, name, relation } of routines) {
    const said = await db.rows<{ said: string }>(
      `SELECT concat_ws(' ', level || ':', message, detail, hint, 'line ' || lineno) AS said
         FROM plpgsql_check.plpgsql_check_function_tb($1::oid::regprocedure, $2::oid::regclass, extra_warnings := true,
           performance_warnings := false, other_warnings := true, fatal_errors := false)`,
      [oid, relation],
    );
    found.push(...said.map((r) => `${name}: ${r.said}`));
  }
  const explained = (what: string) => EXPLAINED.find(([pattern]) => pattern.test(what));
  onlyThese(
    EXPLAINED.map(([pattern]) => String(pattern)),
    [...new Set(found.map((what) => String(explained(what)?.[0] ?? what)))],
  );
});
