import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { simulate } from "../emulator";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

const today = () => localDay(new Date());

/** What the portal has and the second copy should have: id and version at each site. */
async function differences(account: RunnerAccount, table: string, site?: string): Promise<string[]> {
  const { rows } = await account.sql.query(`select site, id, update_ts from ${table}`);
  const have = new Map(rows.map((row) => [`${row.site} ${row.id}`, row.update_ts]));
  const found: string[] = [];
  for (const row of accounts.emulator.world.truth(site ? { site } : {})) {
    const version = have.get(`${row.site} ${row.id}`);
    if (version !== row.update_ts) found.push(`${row.site} ${row.id}: ${version} for ${row.update_ts}`);
  }
  return found;
}

async function lastRun(account: RunnerAccount) {
  const { rows } = await account.sql.query(
    `select j.*, j.window_from::text as from, j.window_to::text as to, r.inserted,
            (select json_build_object('proven', bool_and(proven),
                                      'sites', json_agg(json_build_object('site', site, 'proven', proven) order by since))
               from src_vn_json_repair.job_site where job = j.id) as proof
       from src_vn_json_repair.job j left join src_vn_json_repair.run r on r.id = j.repair_run
      order by j.id desc limit 1`,
  );
  return rows[0];
}

async function lastTs(account: RunnerAccount, site: string): Promise<string[]> {
  const { rows } = await account.sql.query(
    "select last_ts::text from src_vn_json_check.increment_log where site = $1 order by taxo_group",
    [site],
  );
  return rows.map((row) => row.last_ts as string);
}

test("the weekly job proves the download complete at both sites, repairs main, and says nothing", async () => {
  const account = await accounts.make();
  await account.write(
    "evn.yaml",
    (await account.file("evn.yaml")).replace("filter:\n", "filter:\n    # les quinze derniers jours\n"),
  );
  const before = await account.file("evn.yaml");
  // Main lost rows while the second copy was away, too; and one row of main is newer than anything.
  const lost = simulate(accounts.emulator.world, { action: "insert", site: "isere", count: 5 });
  simulate(accounts.emulator.world, {
    action: "update",
    site: "ardeche",
    count: 3,
    enteredAfter: addDays(today(), -14),
  });
  const ended = await account.run("transfer_vn_full_2w", "evn.yaml", "vn_check");
  expect(ended, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await differences(account, "src_vn_json_check.observations_json")).toEqual([]);
  expect(await differences(account, "src_vn_json.observations_json")).toEqual([]);

  const from = addDays(today(), -14);
  expect(await account.file("evn.yaml")).toBe(
    before.replace("start_date: 2000-01-01", `start_date: ${from}`),
  );
  const run = await lastRun(account);
  expect(run).toMatchObject({ verb: "weekly", status: "done", from, to: today(), proof: { proven: true } });
  expect(run.repair_run).not.toBeNull();
  expect(run.inserted).toBeGreaterThanOrEqual(lost.length);
  const report = await account.status();
  expect(report).toMatchObject({
    ok: true,
    firstImport: { state: "done", done: 16, expected: 16 },
    problems: [],
  });
  expect(report.proof?.sites.map((site) => [site.site, site.expected, site.unproven.length])).toEqual([
    ["isere", 8, 0],
    ["ardeche", 8, 0],
  ]);
  const said = await account.said();
  for (const secret of accounts.secrets)
    for (const form of [secret, encodeURIComponent(secret)]) expect(said).not.toContain(form);
  expect((await account.run("status")).stdout).toMatch(/^OK {2}/);
});

test("a 401 in the middle: the run is partial, names the pairs, repairs what came; the next daily fetches just those", async () => {
  const account = await accounts.make();
  const rows = simulate(accounts.emulator.world, {
    action: "insert",
    site: "isere",
    count: 12,
    taxoGroup: 3,
  });
  // Only the changes' list loses them too: nothing but the download by date can bring them.
  accounts.emulator.faults.add({
    kind: "status",
    status: 401,
    endpoint: "observations/search",
    site: "isere",
    taxoGroup: 3,
    unit: "38",
    times: "always",
  });
  const ended = await account.run("weekly");
  expect(ended.code, await account.said()).toBe(2);
  expect(ended.stderr).toMatch(/isere: 1 of 8 downloads not proven complete \(group\/unit\): 3\/138$/m);
  const weekly = await lastRun(account);
  expect(weekly).toMatchObject({
    status: "partial",
    proof: { proven: false, sites: [{ proven: false }, { site: "ardeche", proven: true }] },
  });
  expect(weekly.repair_run).not.toBeNull();
  expect(await account.status()).toMatchObject({ ok: false });

  // A repair by hand in between looks again how complete that download is: what lacks, lacks.
  const dry = await account.run("repair", "--dry-run");
  expect(dry).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^to repair: 0 inserted, 0 updated/),
    stderr: "",
  });
  const byHand = await account.run("repair");
  expect(byHand).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^repaired: 0 inserted, 0 updated/),
    stderr: "",
  });
  expect(await lastRun(account)).toMatchObject({
    verb: "repair",
    status: "done",
    from: weekly.from,
    proof: { proven: false, sites: [{ proven: false }, { site: "ardeche", proven: true }] },
  });
  expect(await account.status()).toMatchObject({ ok: false, last: { repair: { repair: { inserted: 0 } } } });

  accounts.emulator.faults.clear();
  accounts.emulator.requests.clear();
  const daily = await account.run("daily");
  expect(daily, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lastRun(account)).toMatchObject({
    verb: "daily",
    status: "done",
    from: weekly.from,
    proof: { proven: true },
  });
  expect(accounts.asked("search").map(({ site, taxo, unit }) => `${site} ${taxo}/${unit}`)).toEqual([
    "isere 3/138",
  ]);
  expect(await differences(account, "src_vn_json.observations_json")).toEqual([]);
  expect(rows.length).toBe(12);
  expect((await account.status()).problems).toEqual([]);
  // The window's proof is closed: another daily asks for changes only.
  accounts.emulator.requests.clear();
  expect((await account.run("daily")).code).toBe(0);
  expect(accounts.asked("search")).toEqual([]);
});

test("a portal that never answers: the silence watchdog ends the client, and the next try completes", async () => {
  const account = await accounts.make({ sites: ["ardeche"] });
  await account.settings({
    runner: {
      attempts: 2,
      retryDelaySeconds: 0,
      logDays: 90,
      silenceSeconds: 15,
      overallSeconds: 120,
      firstImportSeconds: 120,
    },
  });
  accounts.emulator.faults.add({
    kind: "hang",
    endpoint: "observations/search",
    site: "ardeche",
    taxoGroup: 2,
    times: 1,
  });
  const ended = await account.run("weekly");
  expect(ended.code, await account.said()).toBe(0);
  expect(ended.stderr).toBe("");
  expect(await account.said()).toMatch(/ardeche: Client-API-VN said nothing for 15 s/);
  expect(await lastRun(account)).toMatchObject({ status: "done", proof: { proven: true } });
});

test("an update that fails loses no window: its group's date is as before, and the next asks with an overlap", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await account.sql.query(
    "update src_vn_json_check.increment_log set last_ts = last_ts - taxo_group * interval '1 hour' where site = 'isere'",
  );
  const before = await lastTs(account, "isere");
  const changed = simulate(accounts.emulator.world, {
    action: "update",
    site: "isere",
    count: 6,
    enteredBefore: addDays(today(), -40),
  });
  accounts.emulator.faults.add({
    kind: "status",
    status: 401,
    endpoint: "observations/diff",
    site: "isere",
    taxoGroup: 2,
    times: "always",
  });
  accounts.emulator.requests.clear();
  const ended = await account.run("daily");
  expect(ended.code, await account.said()).toBe(2);
  expect(ended.stderr).toMatch(/isere, changes of TAXO_GROUP_BAT \(group 2\): the portal answers 401/);
  const after = await lastTs(account, "isere");
  expect(after.map((text, i) => text === before[i])).toEqual([false, true, false, false]);
  // Each group since its own date.
  const threeDaysBefore = (text: string | undefined) =>
    Date.parse(String(text).replace(" ", "T")) - 3 * 86_400_000;
  const asked = () =>
    new Map(
      accounts.emulator.requests
        .list({ site: "isere", endpoint: "observations/diff" })
        .map(({ query }) => [
          Number(query["id_taxo_group"]),
          Date.parse(String(query["date"]).replace(" ", "T")),
        ]),
    );
  for (const [i, group] of [1, 2, 3, 7].entries())
    expect(Math.abs((asked().get(group) ?? 0) - threeDaysBefore(before[i]))).toBeLessThan(2000);

  accounts.emulator.faults.clear();
  accounts.emulator.requests.clear();
  expect((await account.run("daily")).code).toBe(0);
  for (const [i, group] of [1, 2, 3, 7].entries())
    expect(Math.abs((asked().get(group) ?? 0) - threeDaysBefore(after[i]))).toBeLessThan(2000);
  expect(await differences(account, "src_vn_json.observations_json", "isere")).toEqual([]);
  expect(changed.length).toBe(6);
});

test("far fewer observations than usual are not believed, until a person has looked", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  expect((await account.run("weekly")).code).toBe(0);
  // Two earlier weeks like this one, so that there is a "usual".
  await account.sql.query(`with earlier as (
      insert into src_vn_json_repair.job (verb, ended_at, status, window_from, window_to)
      select verb, ended_at, status, window_from, window_to
        from src_vn_json_repair.job, generate_series(1, 2) where verb = 'weekly' returning id)
    insert into src_vn_json_repair.job_site (job, site, excluded_groups, units, since, expected, rows, updated, proven)
    select earlier.id, site, excluded_groups, units, since - earlier.id * interval '7 days', expected, rows, updated, proven
      from earlier, src_vn_json_repair.job_site`);
  accounts.emulator.faults.add({
    kind: "nothing",
    endpoint: "observations/search",
    site: "isere",
    times: "always",
  });
  const ended = await account.run("weekly");
  expect(ended.code, await account.said()).toBe(2);
  expect(ended.stderr).toMatch(/isere: not believed: \d+ observations, usually \d+/);
  const believed = await account.run("weekly", "--believe");
  expect(believed.code, believed.stderr).toBe(0);
});

test("what is wrong is said in one text without a stack, and costs nothing", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const text = await account.file("evn.yaml");
  await account.write("evn.yaml", text.replace("    type_date", "    end_date: 2026-01-01\n    type_date"));
  expect((await account.run("weekly")).stderr).toMatch(
    /filter.end_date \(2026-01-01\) would leave later days out/,
  );
  await account.write("evn.yaml", text.replace(/user_email: .*/, "user_email: nobody"));
  const refused = await account.run("weekly");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /isere: Client-API-VN cannot work like this: configuration evn.yaml refused: YAMLValidationError {2}at line \d+\n$/,
  );
  expect(await lastRun(account)).toMatchObject({ status: "failed" });
  await account.write("evn.yaml", text);
  await account.write(".pgpass", "*:*:*:*:wrong-password");
  const down = await account.run("daily");
  expect(down.code).toBe(1);
  expect(down.stderr).toMatch(/^connecting to 127.0.0.1:\d+\/\w+: .*\n$/);
  const report = await account.run("status");
  expect(report.code).toBe(2);
  expect(report.stdout).toMatch(/^UNKNOWN {2}/);
});
