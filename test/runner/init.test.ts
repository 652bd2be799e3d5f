import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());

test("the first import goes on where it was killed, watch resumes it, and a new account finds all done", async () => {
  const account = await accounts.make({ fresh: true, sites: ["isere"] });
  expect((await account.run("watch")).code).toBe(0); // not asked for yet: nothing starts by itself
  expect(await account.status()).toMatchObject({ ok: false, firstImport: { state: "not started" } });
  expect((await account.run("weekly")).code).toBe(75);
  accounts.emulator.faults.add({
    kind: "hang",
    endpoint: "observations/search",
    site: "isere",
    taxoGroup: 2,
    unit: "38",
    call: 2,
    times: "always",
  });
  accounts.emulator.requests.clear();
  const background = await account.run("init", "--background");
  expect(background).toMatchObject({ code: 0 });
  expect(background.stdout).toMatch(/vn-check status/);
  const searches = (taxo: number) => accounts.asked("search", "isere").filter((one) => one.taxo === taxo);
  const deadline = Date.now() + 120_000;
  const hanging = () => searches(2).filter((one) => one.unit === "138");
  while (hanging().length < 2 && Date.now() < deadline) await sleep(100);
  const under = await account.status();
  expect(under).toMatchObject({
    running: true,
    ok: false,
    state: "ko",
    firstImport: { state: "running", done: 3, current: { site: "isere" } },
  });
  expect((await account.run("daily")).code).toBe(75);
  process.kill(JSON.parse(await account.file("state/run.json")).pid, "SIGKILL");
  const first = hanging()[0];

  accounts.emulator.faults.clear();
  accounts.emulator.requests.clear();
  expect((await account.status()).firstImport).toMatchObject({ state: "unfinished", done: 3 });
  expect(await account.run("watch")).toEqual({ code: 0, stdout: "", stderr: "" });
  const end = Date.now() + 180_000;
  let state = (await account.status()).firstImport?.state;
  while (state !== "done" && Date.now() < end) {
    await sleep(1000);
    state = (await account.status()).firstImport?.state;
  }
  expect(state, await account.said()).toBe("done");
  // Group 1 was complete, and group 2 in one unit, of the other the first step: none is asked for again from the start.
  expect(searches(1)).toEqual([]);
  expect([...new Set(searches(2).map(({ unit }) => unit))]).toEqual(["138"]);
  expect(hanging()[0]?.to).not.toBe(first?.to);
  const truth = [...accounts.emulator.world.truth({ site: "isere" })].filter(
    (row) => row.entry_date >= since(),
  );
  const { rows: copied } = await account.sql.query(
    "select site, id from src_vn_json_check.observations_json",
  );
  const have = new Set(copied.map((row) => `${row.site} ${row.id}`));
  expect(truth.filter((row) => !have.has(`${row.site} ${row.id}`))).toEqual([]);

  // The account is removed and made anew with the data kept.
  while ((await account.status()).running) await sleep(200);
  const remade = await accounts.make({ database: account.database, sites: ["isere"] });
  accounts.emulator.requests.clear();
  expect(await remade.run("init")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(accounts.emulator.requests.list({})).toEqual([]);
  const started = Date.now();
  expect(await remade.run("watch")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(Date.now() - started).toBeLessThan(3000);
});

function since(): string {
  return new Date(Date.now() - 99 * 86_400_000).toISOString().slice(0, 10);
}
