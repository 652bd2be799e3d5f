import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";
import { jobs, locking, sessions, stops, until } from "./waiting";

// R10: SIGTERM ends any verb within seconds, whatever it waits for, and leaves nothing behind.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

describe("R10: told to stop", () => {
  test("in a long statement of the repair: it is cancelled, and the job is recorded as stopped", async () => {
    const account = await accounts.make();
    await account.sql.query(`
      create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
      create trigger slow after insert on src_vn_json.observations_json for each row execute function slow()`);
    const run = account.start("repair", "--accept", "100000");
    await until("a row that is written", async () => {
      const { rows } = await account.sql.query(
        "select from pg_stat_activity where wait_event = 'PgSleep' and query ilike 'call%'",
      );
      return rows.length > 0;
    });
    await stops(account, run, "SIGTERM");
    expect(await jobs(account)).toEqual([
      { verb: "repair", status: "failed", message: "stopped by SIGTERM" },
    ]);
    await account.sql.query("drop trigger slow on src_vn_json.observations_json");
    expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
  });

  test("in a comparison that waits for main's table", async () => {
    const account = await accounts.make();
    const holder = await locking(accounts, account, "src_vn_json.observations_json");
    const run = account.start("repair");
    await until("the repair", async () => (await sessions(account, "call%")) === 1);
    await sleep(500);
    await stops(account, run, "SIGINT");
    expect(await jobs(account)).toEqual([{ verb: "repair", status: "failed", message: "stopped by SIGINT" }]);
    await holder.letGo();
  });

  test.each([
    ["daily", "src_vn_json_check.increment_log", "SIGTERM"],
    ["weekly", "src_vn_json_repair.job", "SIGHUP"],
    ["repair", "src_vn_json_repair.job_site", "SIGTERM"],
    ["init", "src_vn_json_repair.job", "SIGTERM"],
    ["status", "src_vn_json_repair.job", "SIGTERM"],
    ["watch", "src_vn_json_repair.job", "SIGTERM"],
  ] as const)("while %s waits for a lock on %s, by %s", async (verb, table, signal) => {
    const account = await accounts.make();
    const holder = await locking(accounts, account, table);
    const run = account.start(verb);
    await until("a wait for the lock", async () => {
      const { rows } = await account.sql.query(
        "select from pg_locks where not granted and relation = $1::regclass",
        [table],
      );
      return rows.length > 0;
    });
    await stops(account, run, signal);
    await holder.letGo();
    expect((await account.run("status")).stderr).toBe("");
  });

  test("while the client downloads, and while it updates: the dates are put back", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    const dates = async () =>
      (
        await account.sql.query(
          "select site, taxo_group, last_ts::text from src_vn_json_check.increment_log order by 1, 2",
        )
      ).rows;
    const before = await dates();
    accounts.emulator.faults.add({
      kind: "hang",
      endpoint: "observations/diff",
      site: "isere",
      taxoGroup: 3,
      times: "always",
    });
    accounts.emulator.requests.clear();
    const daily = account.start("daily");
    await until("the diff that hangs", () => accounts.asked("diff").some((one) => one.taxo === 3));
    await stops(account, daily, "SIGTERM");
    expect(await dates()).toEqual(before);
    accounts.emulator.faults.clear();
    accounts.emulator.faults.add({
      kind: "hang",
      endpoint: "observations/search",
      site: "isere",
      times: "always",
    });
    accounts.emulator.requests.clear();
    const weekly = account.start("weekly");
    await until("the search that hangs", () => accounts.asked("search").length > 0);
    await stops(account, weekly, "SIGTERM");
    expect((await jobs(account)).map(({ verb, status, message }) => [verb, status, message])).toEqual([
      ["daily", "failed", "stopped by SIGTERM"],
      ["weekly", "failed", "stopped by SIGTERM"],
    ]);
  });

  test.each(["daily", "status"])(
    "while %s waits for a server that is away, or that says nothing",
    async (verb) => {
      const account = await accounts.make();
      const mute = createServer(() => undefined);
      await new Promise<void>((done) => mute.listen(0, "127.0.0.1", done));
      const { port } = mute.address() as { port: number };
      const service = await account.file(".pg_service.conf");
      for (const [to, settles] of [
        [1, 1500],
        [port, 3000],
      ] as const) {
        await account.write(".pg_service.conf", service.replace(/port=\d+/, `port=${to}`), 0o644);
        const run = account.start(verb);
        await sleep(settles);
        if (run.child.exitCode === null) await stops(account, run, "SIGTERM");
      }
      mute.close();
    },
  );
});
