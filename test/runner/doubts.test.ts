import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addDays, localDay } from "../../scripts/runner/account/days";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

const today = () => localDay(new Date());

/** The portal answers 200 and nothing for these groups. */
function empty(...groups: number[]): void {
  for (const taxoGroup of groups)
    accounts.emulator.faults.add({
      kind: "nothing",
      endpoint: "observations/search",
      site: "isere",
      taxoGroup,
      times: "always",
    });
}

/** All that has happened so far was a week ago: the windows too, which later ones reach back to. */
async function weekPasses(account: RunnerAccount): Promise<void> {
  await account.sql.query(`
    update src_vn_json_repair.job set started_at = started_at - interval '7 days', ended_at = ended_at - interval '7 days',
           window_from = window_from - 7, window_to = window_to - 7;
    update src_vn_json_repair.job_site set since = since - interval '7 days', since_at = since_at - interval '7 days';
    update src_vn_json_check.download_log set download_ts = download_ts - interval '7 days'`);
}

async function weekly(account: RunnerAccount, ...args: string[]) {
  const ended = await account.run("weekly", ...args);
  const { rows } = await account.sql.query(
    "select window_from::text as from from src_vn_json_repair.job where verb = 'weekly' order by id desc limit 1",
  );
  return { ...ended, from: rows[0]?.from as string };
}

// R3
describe("a download that is not believed", () => {
  test("is not believed a week later either, whatever its window is, until a person accepts what is doubted", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    for (let week = 0; week < 3; week++) {
      expect((await weekly(account)).code, await account.said()).toBe(0);
      await weekPasses(account);
    }
    empty(1, 3);
    const first = await weekly(account);
    expect(first.code, await account.said()).toBe(2);
    expect(first.stderr).toMatch(
      /isere: not believed: \d+ observations, usually \d+; TAXO_GROUP_BIRD: 0 came/,
    );
    await weekPasses(account);
    const second = await weekly(account);
    expect(second).toMatchObject({ code: 2, from: addDays(today(), -21) });
    expect(second.stderr).toMatch(
      /TAXO_GROUP_BIRD: 0 came, though \d+ are known.*TAXO_GROUP_MAMMAL: 0 came/s,
    );
    expect(second.stderr).toContain(
      "vn-check weekly --accept-download isere/TAXO_GROUP_BIRD isere/TAXO_GROUP_MAMMAL",
    );
    expect(await account.status()).toMatchObject({ ok: false, causes: [{ code: "download-doubted" }] });
    // The daily one, which asks for all of it again, is not fooled.
    expect((await account.run("daily")).code).toBe(2);

    for (const wrong of ["isere/TAXO_GROUP_BATS", "drome"]) {
      const refused = await account.run("weekly", "--accept-download", wrong);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        `${wrong} is not doubted; these are: isere/TAXO_GROUP_BIRD, isere/TAXO_GROUP_MAMMAL`,
      );
    }
    const one = await weekly(account, "--accept-download", "isere/TAXO_GROUP_BIRD");
    expect(one.code, await account.said()).toBe(2);
    expect(one.stderr).not.toContain("BIRD: 0 came");
    expect(one.stderr).toContain("TAXO_GROUP_MAMMAL: 0 came");
    expect(
      (await weekly(account, "--accept-download", "isere/TAXO_GROUP_MAMMAL")).code,
      await account.said(),
    ).toBe(0);
    expect(await weekly(account)).toMatchObject({ code: 0, stderr: "", from: addDays(today(), -14) });
    expect(await account.status()).toMatchObject({ ok: true });
  });

  test("is doubted at the first weekly already, and believed when the portal brings it", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    empty(2);
    const first = await weekly(account);
    expect(first.code, await account.said()).toBe(2);
    expect(first.stderr).toMatch(/TAXO_GROUP_BAT: 0 came/);
    accounts.emulator.faults.clear();
    const daily = await account.run("daily");
    expect(daily, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });
});

// R4
describe("a group that vanishes from the portal's list", () => {
  test("is told once by name; the next weekly is proven for all else over its usual window; and it may come back", async () => {
    const account = await accounts.make({ sites: ["ardeche"] });
    expect((await weekly(account)).code, await account.said()).toBe(0);
    const { groups } = accounts.emulator.world.site("ardeche").catalogue;
    const [bat] = groups.splice(
      groups.findIndex((group) => group.id === 2),
      1,
    );
    try {
      await weekPasses(account);
      const first = await weekly(account);
      expect(first.code, await account.said()).toBe(2);
      expect(first.stderr).toContain(
        "ardeche: not believed: the portal does not list the taxo group TAXO_GROUP_BAT any more (6 downloads expected, 8 last time)",
      );
      expect(first.stderr).toContain("vn-check weekly --accept-download ardeche/TAXO_GROUP_BAT");
      const report = await account.status();
      expect(report.problems.filter((text) => text.includes("TAXO_GROUP_BAT"))).toHaveLength(1);
      await weekPasses(account);
      const second = await weekly(account);
      expect(second.code, await account.said()).toBe(0);
      await weekPasses(account);
      expect(await weekly(account)).toMatchObject({ code: 0, from: addDays(today(), -14) });
      // Its date ages: that is neither a gap, which makes a weekly job of each daily one, nor an old update.
      await account.sql.query(
        "update src_vn_json_check.increment_log set last_ts = last_ts - interval '80 days' where taxo_group = 2",
      );
      expect((await account.run("daily")).code).toBe(0);
      const { last, ...status } = await account.status();
      expect(status).toMatchObject({ ok: true, problems: [] });
      expect(last.daily?.startedAt).toBeDefined();
      expect(String(last.daily?.startedAt) > String(last.weekly?.startedAt)).toBe(true);
    } finally {
      groups.push(...(bat ? [bat] : []));
    }
    expect((await weekly(account)).code).toBe(0);
    expect((await account.status()).proof?.sites[0]).toMatchObject({ expected: 8, proven: true });
  });

  test("accepted by its name, the same list is proven at once", async () => {
    const account = await accounts.make({ sites: ["ardeche"] });
    expect((await weekly(account)).code, await account.said()).toBe(0);
    accounts.emulator.world.site("ardeche").setAccess(7, "none");
    try {
      expect((await weekly(account)).code).toBe(2);
      const accepted = await weekly(account, "--accept-download", "ardeche/TAXO_GROUP_REPTILIAN");
      expect(accepted.code, await account.said()).toBe(0);
      expect((await weekly(account)).code).toBe(0);
    } finally {
      accounts.emulator.world.site("ardeche").setAccess(7, "full");
    }
  });
});
