import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";
import { alive, until } from "./waiting";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

/** A weekly run that hangs at the portal while it fetches the observations of ardeche. */
async function hanging(account: RunnerAccount) {
  accounts.emulator.faults.add({
    kind: "hang",
    endpoint: "observations/search",
    site: "isere",
    taxoGroup: 2,
    times: "always",
  });
  accounts.emulator.requests.clear();
  const run = account.start("weekly");
  await until("the request that hangs", () => accounts.asked("search").some((one) => one.taxo === 2));
  return run;
}

test("a second run while one is under way ends at once with 75, in silence; status says that one runs", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const first = await hanging(account);
  const started = Date.now();
  for (const verb of ["weekly", "daily", "init", "repair"])
    expect(await account.run(verb)).toEqual({ code: 75, stdout: "", stderr: "" });
  expect(Date.now() - started).toBeLessThan(10_000);
  expect((await account.status()).running).toBe(true);
  first.child.kill("SIGTERM");
  expect(await first.ended).toMatchObject({ code: 1, stderr: "stopped by SIGTERM\n" });
  await until("no process", () => alive(account).length === 0, 5);
});

test("kill -9 of the runner leaves no client process, and the next run works", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const before = await lastTs(account);
  const run = await hanging(account);
  expect(alive(account, "client_job.py").length).toBe(1);
  run.child.kill("SIGKILL");
  await until("no process", () => alive(account).length === 0, 5);
  accounts.emulator.faults.clear();
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  // The killed run's download was open: the daily has gone on with it, over the same window.
  const { rows } = await account.sql.query(
    `select verb, j.status, (select bool_and(proven)::text from src_vn_json_repair.job_site where job = j.id) as proven, mode
       from src_vn_json_repair.job j left join src_vn_json_repair.run r on r.id = repair_run
      where verb <> 'init' order by j.id`,
  );
  expect(rows).toEqual([
    { verb: "weekly", status: "failed", proven: "false", mode: null },
    { verb: "daily", status: "done", proven: "true", mode: "whole" },
  ]);
  expect(before.length).toBe(4);
});

test("what a killed run has written in part, with the secrets in it, is gone after the next; of a living one it stays", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const dead = spawnSync("true").pid;
  const halves = ["evn.yaml", "state/slice.yaml", "tmp/transfer_vn.log"].map((name) => `${name}.${dead}.new`);
  const living = `state/failure.json.${process.pid}.new`;
  mkdirSync(join(account.home, "tmp"), { recursive: true });
  mkdirSync(join(account.home, "state"), { recursive: true });
  for (const path of [...halves, "state/slice.yaml", living]) await account.write(path, "secret");
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  const there = (path: string) => existsSync(join(account.home, path));
  expect([...halves, "state/slice.yaml"].filter(there)).toEqual([]);
  expect(there(living)).toBe(true);
});

test("kill -9 of the inner runner in the middle of an update: its window is asked for again", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const before = await lastTs(account);
  accounts.emulator.faults.add({
    kind: "hang",
    endpoint: "observations/diff",
    site: "isere",
    taxoGroup: 3,
    times: "always",
  });
  accounts.emulator.requests.clear();
  const run = account.start("daily");
  await until("the diff that hangs", () => accounts.asked("diff").some((one) => one.taxo === 3));
  const [client] = alive(account, "client_job.py");
  const runner = Number(/^PPid:\s(\d+)/m.exec(readFileSync(`/proc/${client}/status`, "utf8"))?.[1]);
  process.kill(runner, "SIGKILL");
  expect((await run.ended).code).toBe(137);
  await until("no process", () => alive(account).length === 0, 5);
  expect(await lastTs(account)).not.toEqual(before);
  accounts.emulator.faults.clear();
  accounts.emulator.faults.add({
    kind: "status",
    status: 401,
    endpoint: "taxo_groups",
    site: "isere",
    times: "always",
  });
  expect((await account.run("daily")).code).toBe(2);
  expect(await lastTs(account)).toEqual(before);
});

test("a client process that outlived its runner is ended before anything new starts", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const stray = account.start("weekly"); // makes state/; ends by itself
  await stray.ended;
  const { spawn } = await import("node:child_process");
  const sleeper = spawn("sleep", ["300"], { stdio: "ignore" });
  const stat = readFileSync(`/proc/${sleeper.pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  await account.write(
    "state/client.json",
    JSON.stringify({ pid: sleeper.pid, start: `${Number(stat[19]) + 1}`, boot }),
  );
  const ended = new Promise((done) => sleeper.once("exit", (_, signal) => done(signal)));
  expect((await account.run("daily")).code).toBe(0);
  expect(sleeper.exitCode ?? sleeper.signalCode).toBeNull(); // another process of that pid: not ours
  await account.write("state/client.json", JSON.stringify({ pid: sleeper.pid, start: stat[19], boot }));
  expect((await account.run("daily")).code).toBe(0);
  expect(await ended).toBe("SIGKILL");
});

async function lastTs(account: RunnerAccount): Promise<string[]> {
  const { rows } = await account.sql.query(
    "select last_ts::text from src_vn_json_check.increment_log where site = 'isere' order by taxo_group",
  );
  return rows.map((row) => row.last_ts as string);
}
