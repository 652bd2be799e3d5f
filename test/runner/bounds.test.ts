import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { databaseOf } from "../../scripts/runner/account/database";
import { NAMES, type RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// R10: SIGTERM ends any verb within seconds, whatever it waits for, and leaves nothing behind; nothing is waited for for ever.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

async function until(what: string, ready: () => boolean | Promise<boolean>, seconds = 90): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) if (await ready()) return;
  throw new Error(`waited ${seconds} s for: ${what}`);
}

/** Processes that name the account's home. */
const alive = (account: RunnerAccount): string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      const zombie = /^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
      return (
        /^\d+$/.test(pid) && !zombie && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(account.home)
      );
    } catch {
      return false;
    }
  });

/** What the account's login is at in the database. */
async function sessions(account: RunnerAccount, like = "%"): Promise<number> {
  const { rows } = await account.sql.query(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = $1 and query ilike $2 and state <> 'idle'",
    [NAMES.login, like],
  );
  return rows[0].n;
}

/** Tells a run to stop, and sees that it does, with nothing left of it. */
async function stops(
  account: RunnerAccount,
  run: ReturnType<RunnerAccount["start"]>,
  signal: NodeJS.Signals,
) {
  const told = Date.now();
  run.child.kill(signal);
  const ended = await run.ended;
  expect(Date.now() - told).toBeLessThan(8000);
  expect(ended.code, ended.stderr).toBe(1);
  expect(ended.stderr).toContain(`stopped by ${signal}`);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  await until("no process", () => alive(account).length === 0, 5);
  await until("no session", async () => (await sessions(account)) === 0, 8);
}

const jobs = async (account: RunnerAccount) =>
  (
    await account.sql.query(
      "select verb::text, status::text, message from src_vn_json_repair.job where verb <> 'init' order by id",
    )
  ).rows;

async function locking(account: RunnerAccount, table: string) {
  const holder = await accounts.cluster.connect(account.database);
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  const { pid } = (await holder.query("select pg_backend_pid() as pid")).rows[0];
  return { pid: pid as number, letGo: () => holder.end() };
}

describe("R10: told to stop", () => {
  test("in a long statement of the repair: it is cancelled, what was written stays, the job is recorded as stopped", async () => {
    const account = await accounts.make();
    await account.sql.query(`
      create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
      create trigger slow after insert on src_vn_json.observations_json for each row execute function slow()`);
    const run = account.start("repair", "--accept", "100000");
    const written = async () =>
      (await account.sql.query("select from src_vn_json_repair.change limit 1")).rowCount;
    await until("a row that is written", async () => (await written()) === 1);
    await stops(account, run, "SIGTERM");
    expect(await jobs(account)).toEqual([
      { verb: "repair", status: "failed", message: "stopped by SIGTERM" },
    ]);
    await account.sql.query("drop trigger slow on src_vn_json.observations_json");
    expect((await account.run("repair", "--accept", "100000")).code).toBe(0);
  });

  test("in a comparison that waits for main's table", async () => {
    const account = await accounts.make();
    const holder = await locking(account, "src_vn_json.observations_json");
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
    const holder = await locking(account, table);
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
          "select taxo_group, last_ts::text from src_vn_json_check.increment_log order by 1",
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

describe("R10: bounded without being told", () => {
  const pace = { connecting: 2, statement: 3, lock: 1 };
  const schemas = { check: "src_vn_json_check", repair: "src_vn_json_repair" };

  test("a lock on a table of ours is waited for as often as it says, then its holder is named with pid, role and time", async () => {
    const account = await accounts.make();
    const holder = await locking(account, "src_vn_json_repair.job");
    const db = databaseOf(account.home, NAMES.service, schemas, [0, 0], pace);
    await expect(db.rows("select from src_vn_json_repair.job")).rejects.toMatchObject({
      problem: {
        key: "locked",
        holders: expect.stringMatching(
          new RegExp(
            `src_vn_json_repair\\.job is locked \\(AccessExclusiveLock\\) by process ${holder.pid} of the role \\S+, for at least 00:00:03`,
          ),
        ),
      },
    });
    await holder.letGo();
  });

  test("a statement that takes too long is ended by the server, and one whose server hangs by us", async () => {
    const account = await accounts.make();
    const db = databaseOf(account.home, NAMES.service, schemas, [], pace);
    await expect(db.rows("select pg_sleep(60)")).rejects.toMatchObject({
      problem: { key: "databaseRefuses", why: "cancelled" },
    });
    const started = Date.now();
    await expect(
      db.session(async (client) => {
        await client.query("set statement_timeout = 0");
        await client.query("select pg_sleep(60)");
      }),
    ).rejects.toMatchObject({
      problem: { key: "noDatabase", cause: expect.stringContaining("no answer within 6 s") },
    });
    expect(Date.now() - started).toBeLessThan(15_000);
    await until("no session", async () => (await sessions(account)) === 0, 5);
  });

  test("a disk that is full in the middle of a log ends no run, and shows no stack", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.write(
      "lib/vn-check/client_job.py",
      "for _ in range(20000): print('x' * 100)\nraise SystemExit(1)\n",
    );
    await mkdir(join(account.home, "log"));
    const inside =
      'mount -t tmpfs -o size=64k tmpfs "$HOME/log" && exec "$0" "$HOME/lib/vn-check/vn-check.mjs" weekly';
    const ended = await new Promise<{ code: number; stderr: string }>((done) =>
      execFile(
        "unshare",
        ["-rm", "sh", "-c", inside, process.execPath],
        { env: { HOME: account.home, PATH: process.env["PATH"] } },
        (error, _, stderr) => done({ code: error ? Number(error.code) : 0, stderr }),
      ),
    );
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stderr).not.toMatch(/^\s+at |ENOSPC/m);
    expect(await jobs(account)).toMatchObject([{ verb: "weekly", status: "partial" }]);
  });

  test("a runner that is killed leaves no statement of its own in the server", async () => {
    const account = await accounts.make();
    const holder = await locking(account, "src_vn_json.observations_json");
    const run = account.start("repair");
    await until("the repair", async () => (await sessions(account, "call%")) === 1);
    run.child.kill("SIGKILL");
    await run.ended;
    await until("no session", async () => (await sessions(account)) === 0, 15);
    await holder.letGo();
  });
});
