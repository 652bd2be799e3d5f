import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { NAMES, type RunnerAccount } from "./runnerAccount";
import type { RunnerAccounts } from "./runnerAccounts";

// What the tests look at of a run that waits: processes, sessions, locks.

export async function until(
  what: string,
  ready: () => boolean | Promise<boolean>,
  seconds = 90,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) if (await ready()) return;
  throw new Error(`waited ${seconds} s for: ${what}`);
}

/** Processes of the account that live now: command lines that name its home, and this part. */
export function alive(account: RunnerAccount, part = ""): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const zombie = /^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
        return !zombie && line.includes(account.home) && line.includes(part);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** What the account's login is at in the database. */
export async function sessions(account: RunnerAccount, like = "%"): Promise<number> {
  const { rows } = await account.sql.query(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = $1 and query ilike $2 and state <> 'idle'",
    [NAMES.login, like],
  );
  return rows[0].n;
}

/** Tells a run to stop, and sees that it does, with nothing left of it. */
export async function stops(
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

export const jobs = async (account: RunnerAccount) =>
  (
    await account.sql.query(
      "select verb::text, status::text, message from src_vn_json_repair.job where verb <> 'init' order by id",
    )
  ).rows;

export async function locking(accounts: RunnerAccounts, account: RunnerAccount, table: string) {
  const holder = await accounts.cluster.connect(account.database);
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
  const { pid } = (await holder.query("select pg_backend_pid() as pid")).rows[0];
  return { pid: pid as number, letGo: () => holder.end() };
}
