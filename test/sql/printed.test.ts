import { afterAll, beforeAll, expect, test } from "vitest";
import { documented, said } from "../support/printed";
import { type Databases, type Db, fill, startDatabases } from "./support";

// W2: SQL that is printed anywhere works as it is printed.

let world: Databases;
let db: Db;
beforeAll(async () => {
  world = await startDatabases();
  db = await world.database({});
  await fill(db.login, "src_vn_json_check", 1, 3, 5);
});
afterAll(() => world.stop());

/** Of version 0.1: the page on upgrading says what is called instead. */
const OLD = /src_vn_json_check\.fix_/;

const printed = () =>
  [...new Set([...documented(), ...said().sql].map(({ command }) => command))]
    .filter((command) => /^(SELECT|CALL|DELETE FROM|\\sf) /i.test(command) && !OLD.test(command))
    // All of its calls, as a kind.
    .filter((command) => !/fct_fix_sync\(…\)/.test(command))
    .map((command) =>
      command
        .replaceAll("{{repair}}", "src_vn_json_repair")
        .replace(/'journal' \| .*?,/, "'journal',")
        .replace(/\((id|job)\)/, "(1)")
        .replace(/'(<[^>]+>|…)'/, "'7'")
        .replace(", %s,", ", 7,"),
    );

test("each statement runs, or is refused for what is not there", async () => {
  const statements = printed();
  expect(statements.length).toBeGreaterThan(10);
  for (const statement of statements) {
    if (statement.startsWith("\\sf ")) {
      const [row] = await db.rows("SELECT $1::regproc::text AS name", [statement.slice(4)]);
      expect(row).toEqual({ name: statement.slice(4) });
      continue;
    }
    // That row 1 is none of those that were deleted, and job 1 none of the jobs, is no fault of the statement.
    const error = await db.admin.query(statement).then(
      () => undefined,
      (e: Error & { code: string }) => e,
    );
    if (error)
      expect([statement, error.code, error.message]).toEqual([
        statement,
        "P0001",
        expect.stringMatching(/ no row 1|job 1 /),
      ]);
  }
});
