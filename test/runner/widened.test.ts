import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { freePort } from "../support/postgres";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

// The jobs as they are started: what an unproven week leaves to the next one, what too long a pause does, and that no
// secret comes out, whatever is printed.

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

const ago = (days: number) => addDays(localDay(new Date()), -days);

async function lastJob(account: RunnerAccount) {
  const { rows } = await account.sql.query(
    `SELECT j.verb, j.status, j.window_from::text AS from, (SELECT bool_and(proven) FROM src_vn_json_repair.job_site WHERE job = j.id) AS proven
       FROM src_vn_json_repair.job AS j ORDER BY j.id DESC LIMIT 1`,
  );
  return rows[0];
}

test("a week whose download stayed unproven is downloaded again by the next weekly job, from its own first day", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  accounts.emulator.faults.add({
    kind: "status",
    status: 401,
    endpoint: "observations/search",
    site: "isere",
    taxoGroup: 3,
    times: "always",
  });
  expect((await account.run("weekly")).code).toBe(2);
  // As if that had been three weeks ago.
  await account.sql.query(
    "UPDATE src_vn_json_repair.job SET window_from = window_from - 21, window_to = window_to - 21 WHERE verb = 'weekly'",
  );
  accounts.emulator.faults.clear();
  expect(await account.run("weekly"), await account.said()).toMatchObject({ code: 0 });
  expect(await lastJob(account)).toEqual({ verb: "weekly", status: "done", from: ago(35), proven: true });
  expect(await account.run("weekly")).toMatchObject({ code: 0 });
  expect(await lastJob(account)).toMatchObject({ from: ago(14), proven: true });
});

test("after a pause that updates do not bridge the daily job downloads all days since", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await account.sql.query(
    "UPDATE src_vn_json_check.increment_log SET last_ts = localtimestamp - interval '65 days' WHERE site = 'isere' AND taxo_group = 2",
  );
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  expect(await lastJob(account)).toEqual({ verb: "weekly", status: "done", from: ago(65), proven: true });
  expect(await account.said()).toContain(ago(65));
});

const forms = (secret: string) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];

test("whatever a client process prints, no secret of it is kept, told or shown", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const lines = accounts.secrets
    .flatMap(forms)
    .map((form) => `vn-check: full isere observations: failed: ${form}`);
  await account.write(
    "lib/vn-check/client_job.py",
    `import sys\nif "--check" in sys.argv: sys.exit(0)\nprint(${JSON.stringify(lines.join("\n"))})\nsys.exit(1)\n`,
    0o644,
  );
  expect((await account.run("weekly", "--verbose")).code).not.toBe(0);
  const { rows } = await account.sql.query("SELECT j::text AS text FROM src_vn_json_repair.job AS j");
  const said = `${await account.said()}\n${rows.map(({ text }) => text).join("\n")}`;
  expect(said).toContain("vn-check: full isere observations: failed: ***");
  for (const secret of accounts.secrets) for (const form of forms(secret)) expect(said).not.toContain(form);
});

test("the adapter itself prints no secret, where a failed request's address has the password in it", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const { port } = new URL(accounts.emulator.url("isere"));
  await account.write(
    "evn.yaml",
    (await account.file("evn.yaml")).replaceAll(`:${port}/`, `:${await freePort()}/`),
  );
  const job = promisify(execFile)(
    join(account.home, ".venv.clientapivn/bin/python"),
    ["lib/vn-check/client_job.py", "--site", "isere", "--controllers", "taxo_groups"],
    { cwd: account.home, env: { ...process.env, HOME: account.home, LC_ALL: "C.UTF-8" } },
  ).then(
    () => "",
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
  const said = await job;
  expect(said).toMatch(/user_pw=\*\*\*/);
  for (const secret of accounts.secrets) for (const form of forms(secret)) expect(said).not.toContain(form);
});
