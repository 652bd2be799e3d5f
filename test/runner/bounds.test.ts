import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseOf } from "../../scripts/runner/account/database";
import { NAMES } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";
import { jobs, locking, sessions, until } from "./waiting";

// R10: nothing is waited for for ever, and nothing fills the disk.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

describe("R10: bounded", () => {
  const pace = { connecting: 2, statement: 3, lock: 1 };
  const schemas = { check: "src_vn_json_check", repair: "src_vn_json_repair" };

  test("a lock on a table of ours is waited for as often as it says, then its holder is named with pid, role and time", async () => {
    const account = await accounts.make();
    const holder = await locking(accounts, account, "src_vn_json_repair.job");
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

  test("who kept the client waiting for a lock is named with what failed", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    const said =
      "vn-check: full isere places: failed: OperationalError: (psycopg2.errors.LockNotAvailable) canceling";
    await account.write(
      "lib/vn-check/client_job.py",
      `print("2026-01-01 - ERROR - transfer_vn - ${said}")\nraise SystemExit(1)\n`,
    );
    const holder = await locking(accounts, account, "src_vn_json_check.places_json");
    const run = account.start("weekly");
    await until("the failure", async () =>
      (await account.said()).includes(
        `src_vn_json_check.places_json is locked (AccessExclusiveLock) by process ${holder.pid} of the role postgres, for at least 00:05:00`,
      ),
    );
    run.child.kill("SIGTERM");
    await run.ended;
    await holder.letGo();
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
    const holder = await locking(accounts, account, "src_vn_json.observations_json");
    const run = account.start("repair");
    await until("the repair", async () => (await sessions(account, "call%")) === 1);
    run.child.kill("SIGKILL");
    await run.ended;
    await until("no session", async () => (await sessions(account)) === 0, 15);
    await holder.letGo();
  });
});
