import { readlinkSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

const LINK = ".venv.clientapivn";

/** As after an upgrade of Debian: the venv's Python is there and finds nothing of the client. */
async function upgraded(account: RunnerAccount): Promise<string> {
  const venv = readlinkSync(join(account.home, LINK));
  await rm(join(account.home, LINK));
  await mkdir(join(account.home, "broken/bin"), { recursive: true });
  await account.write(
    "broken/bin/python",
    `#!/bin/sh\necho "ModuleNotFoundError: no client" >&2; exit 1\n`,
    0o755,
  );
  await symlink("broken", join(account.home, LINK));
  return venv;
}

test("S11: a job whose client does not start has it made anew by the builder, and goes on", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const venv = await upgraded(account);
  await account.write(
    "lib/vn-check/build-venv",
    `cd "$HOME" && rm -f ${LINK} && ln -s ${venv} ${LINK} && echo built\n`,
  );
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  expect(await account.said()).toContain(
    "Client-API-VN does not start with this host's Python: it is made anew",
  );
  // Once made, it is left alone.
  await account.write("lib/vn-check/build-venv", "exit 1\n");
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
});

test("S11: where it cannot be made anew, the builder's last words are told", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await upgraded(account);
  await account.write("lib/vn-check/build-venv", "echo 'No space left on device' >&2; exit 1\n");
  const { code, stderr } = await account.run("daily");
  expect(code).toBe(1);
  expect(stderr).toContain("could not be made anew:\nNo space left on device");
});

test("R8: a client whose Python is gone is told as one that does not start, by run and status", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const venv = readlinkSync(join(account.home, LINK));
  await rm(join(account.home, LINK));
  const { code, stderr } = await account.run("daily");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^isere: Client-API-VN does not start: .*No such file or directory\. To do: pulumi up$/m,
  );
  expect((await account.status()).causes.map((cause) => cause.code)).toContain("client-broken");
  await symlink(venv, join(account.home, LINK));
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  expect(await account.status()).toMatchObject({ ok: true, causes: [] });
});

test("B19: a job that was due and did not start is a problem within minutes, not one that waited for another", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  expect(await account.run("daily"), await account.said()).toMatchObject({ code: 0 });
  const late = async () =>
    (await account.status()).problems.filter((one) => /was due and did not start/.test(one));
  const at = (minutesAgo: number) => {
    const moment = new Date(Date.now() - minutesAgo * 60_000);
    return `${moment.getMinutes()} ${moment.getHours()} * * *`;
  };
  const never = "0 0 1 1 *";
  const schedule = (daily: string) =>
    account.settings({ schedule: { daily, weekly: never, watch: never, mailTo: "a@b.fr" } });
  const job = "(SELECT max(id) FROM src_vn_json_repair.job WHERE verb = 'daily')";
  await account.sql.query(
    `UPDATE src_vn_json_repair.job SET started_at = now() - interval '3 hours', ended_at = now() - interval '2 hours'`,
  );
  await schedule(at(20));
  expect(await late()).toEqual([expect.stringContaining("pam_access")]);
  await schedule(at(5));
  expect(await late()).toEqual([]);
  await account.sql.query(`UPDATE src_vn_json_repair.job SET ended_at = now() WHERE id = ${job}`);
  await schedule(at(20));
  expect(await late()).toEqual([]);
});
