import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// What came of the rows that the repair writes to main, as exit codes and `vn-check status` show it.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

const MAIN = "src_vn_json.observations_json";

test("A6: a site that main has under another name: nothing written, exit 2, status KO with main's names", async () => {
  const account = await accounts.make();
  expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
  await account.sql.query(`UPDATE ${MAIN} SET site = 'Isère' WHERE site = 'isere'`);
  const count = async () =>
    (await account.sql.query(`SELECT count(*)::int AS n FROM ${MAIN}`)).rows[0].n as number;
  const before = await count();
  const run = await account.run("repair", "--accept", "100000");
  expect(run.code).toBe(2);
  expect(run.stdout + run.stderr).toMatch(
    /isere: the main copy has these observations under the name Isère\. Nothing was written/,
  );
  expect(run.stdout + run.stderr).not.toContain("--accept");
  expect(await count()).toBe(before);
  const status = await account.status();
  expect(status.ok).toBe(false);
  expect(status.problems.join("\n")).toContain("under the name Isère");
});

test("A3, A7: a run of which main refuses every row ends with 1, and status is KO", async () => {
  const account = await accounts.make();
  expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
  await account.sql.query(`DELETE FROM ${MAIN} WHERE id IN (SELECT id FROM ${MAIN} LIMIT 3);
    DELETE FROM src_vn_json_repair.main_deletion;
    CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not that'; END $$;
    CREATE TRIGGER no BEFORE INSERT ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION no()`);
  const run = await account.run("repair");
  expect(run.code).toBe(1);
  expect(run.stdout + run.stderr).toMatch(/the main copy has refused every row, \d+ in all: error P0001/);
  const status = await account.status();
  expect(status.ok).toBe(false);
  expect(status.problems.join("\n")).toContain("refused every row");
});
