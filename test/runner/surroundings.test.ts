import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// What the database has to say of itself, as `vn-check status` shows it.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

const MAIN = "src_vn_json.observations_json";

test("A8, A12: status tells a watch that is off, a time without it, and views that could not be refreshed", async () => {
  const account = await accounts.make();
  expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
  const problems = async () => (await account.status()).problems.filter((text) => !/weekly|daily/.test(text));
  expect(await problems()).toEqual([]);

  await account.sql.query(`ALTER TABLE ${MAIN} DISABLE TRIGGER USER`);
  expect(await problems()).toEqual([
    expect.stringMatching(/^deletions from main are not all seen.*: run pulumi up; or as main's owner: /),
  ]);
  await account.sql.query(`DELETE FROM ${MAIN} WHERE id IN (SELECT id FROM ${MAIN} LIMIT 3)`);
  await account.sql.query(
    `ALTER TABLE ${MAIN} ENABLE ALWAYS TRIGGER vn_repair_watch, ENABLE ALWAYS TRIGGER vn_repair_emptied`,
  );
  expect((await account.run("repair")).code).toBe(0);
  const spell =
    /^deletions from main may have gone unseen from .* to .*: \d+ rows that main lacks are held back.*SELECT "src_vn_json_repair".nothing_was_deleted\(1\)$/;
  expect(await problems()).toEqual([expect.stringMatching(spell)]);
  expect((await account.run("repair")).code).toBe(0);
  expect(await problems()).toEqual([expect.stringMatching(spell)]);

  // The account may not give rows free: whoever looks after the database says so.
  await account.sql.query("SELECT src_vn_json_repair.nothing_was_deleted(1)");
  expect((await account.run("repair")).stdout).toMatch(/^repaired: \d+ inserted/);
  expect(await problems()).toEqual([]);

  await account.sql.query(`DELETE FROM ${MAIN} WHERE id IN (SELECT id FROM ${MAIN} LIMIT 1);
    DROP INDEX src_vn_json_check.mv_data_missing_or_not_updated_key`);
  expect((await account.run("repair")).code).toBe(0);
  expect(await problems()).toEqual([
    expect.stringMatching(/^the published views could not be refreshed.*cannot refresh/s),
  ]);
});

test("Q10: who keeps vn-check's own statements waiting is named, and the run goes on when it has let go", async () => {
  const account = await accounts.make();
  const holder = await accounts.cluster.connect(account.database);
  await holder.query("BEGIN; LOCK TABLE src_vn_json_repair.job IN ACCESS EXCLUSIVE MODE");
  const { pid } = (await holder.query("SELECT pg_backend_pid() AS pid")).rows[0];
  const run = account.run("repair", "--accept", "100000");
  await new Promise((done) => setTimeout(done, 23_000));
  await holder.query("ROLLBACK");
  await holder.end();
  expect((await run).code).toBe(0);
  expect(await account.said()).toMatch(
    new RegExp(
      `a lock was not let go in time: .*src_vn_json_repair\\.job is locked \\(AccessExclusiveLock\\) by process ${pid} of the role postgres`,
    ),
  );
}, 120_000);
