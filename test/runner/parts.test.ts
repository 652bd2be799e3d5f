import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { type FaultKind, simulate } from "../emulator";
import { lacking, lastUpdates } from "./copies";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => {
  accounts.emulator.faults.clear();
  for (const site of accounts.emulator.world.sites.values()) site.poison.clear();
});

const MAIN = "src_vn_json.observations_json";
const SEARCH = { endpoint: "observations/search", site: "isere", times: "always" } as const;
const DIFF = { endpoint: "observations/diff", site: "isere", times: "always" } as const;

/** Something new in each group, and an old observation of group 2 corrected, which only its changes tell. */
function news() {
  const { world } = accounts.emulator;
  for (const taxoGroup of [1, 2, 3, 7])
    simulate(world, { action: "insert", site: "isere", count: 3, taxoGroup });
  simulate(world, { action: "insert", site: "ardeche", count: 3 });
  const enteredBefore = addDays(localDay(new Date()), -30);
  const [edited] = simulate(world, { action: "update", site: "isere", taxoGroup: 2, enteredBefore });
  return edited as { id: number; territorial_unit: string };
}

const asked = () => accounts.asked("search", "isere").map(({ taxo, unit }) => `${taxo}/${unit}`);

// Must show; R1, R2, R6
test("a pair that is refused, a poison observation and an unreadable answer: the rest is whole in main, status names exactly these three, and the next daily puts all right", async () => {
  const { emulator } = accounts;
  const account = await accounts.make();
  const edited = news();
  simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 3, unit: "38", count: 2 });
  const [poison] = simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 1 });
  const poisonId = (poison as { id: number }).id;
  emulator.world.site("isere").poison.set(poisonId, "null character");
  emulator.faults.add({ kind: "status", status: 403, ...SEARCH, taxoGroup: 3, unit: "38" });
  // Not by its changes either.
  emulator.faults.add({ kind: "status", status: 403, ...DIFF, taxoGroup: 3 });
  emulator.faults.add({ kind: "html", ...DIFF, taxoGroup: 2 });
  const weekly = await account.run("weekly");
  expect(weekly.code, await account.said()).toBe(2);

  const left = (await lacking(accounts, account, MAIN)).map((one) =>
    one.replace(/^isere 3\/38 .*/, "isere 3/38"),
  );
  expect([...new Set(left)].sort()).toEqual(
    [
      `isere 1/${poison?.territorial_unit} ${poisonId}`,
      `isere 2/${edited.territorial_unit} ${edited.id}`,
      "isere 3/38",
    ].sort(),
  );
  const { ok, problems } = await account.status();
  expect(ok).toBe(false);
  expect(problems.map((text) => text.replace(/, since .*|\. Have .*/, ""))).toEqual([
    "isere, changes of TAXO_GROUP_BAT (group 2): the portal answers with something else than what was asked for: no list: HTML",
    "isere, TAXO_GROUP_MAMMAL (group 3), unit 138: the portal answers 403 (this account has no right to it)",
    `isere, TAXO_GROUP_BIRD (group 1), observations_json: cannot be stored: ${poisonId}: a null character (\\u0000) in it`,
  ]);
  for (const text of problems) expect(weekly.stderr).toContain(text);

  emulator.faults.clear();
  emulator.world.site("isere").poison.clear();
  const daily = await account.run("daily");
  expect(daily, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lacking(accounts, account, MAIN)).toEqual([]);
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});

test("an observation that came and went between two updates is deleted from main all the same, though check never had it", async () => {
  const { world } = accounts.emulator;
  const account = await accounts.make();
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  const [row] = simulate(world, { action: "insert", site: "isere", taxoGroup: 2 });
  const { id } = row as { id: number };
  // Main's own synchronisation was quicker, and then lost that it was deleted.
  await account.sql.query(
    `INSERT INTO ${MAIN} (id, site, item, update_ts) VALUES ($1, 'isere', '{"species": {"taxonomy": "2"}}', $2)`,
    [id, (row as { update_ts: number }).update_ts],
  );
  simulate(world, { action: "delete", site: "isere", ids: [id] });
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  const { causes } = await account.status();
  expect(causes.map(({ code }) => code)).toEqual(["deletions-reported"]);
  const held = "SELECT id::int, message FROM src_vn_json_repair.held_back";
  expect((await account.sql.query(held)).rows).toEqual([
    { id, message: expect.stringMatching(/^told to vn_check as deleted at /) },
  ]);
});

test("an observation that was corrected and deleted between two updates is told as deleted, though main has the correction", async () => {
  const { world } = accounts.emulator;
  const account = await accounts.make({ sites: ["isere"] });
  const [row] = simulate(world, { action: "insert", site: "isere", taxoGroup: 2 });
  const { id } = row as { id: number };
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  // As before: main's own synchronisation saw the first and lost the second.
  const [corrected] = simulate(world, { action: "update", site: "isere", ids: [id] });
  const { rowCount } = await account.sql.query(
    `UPDATE ${MAIN} SET update_ts = $2 WHERE id = $1 AND site = 'isere' AND update_ts < $2`,
    [id, (corrected as { update_ts: number }).update_ts],
  );
  expect(rowCount).toBe(1);
  simulate(world, { action: "delete", site: "isere", ids: [id] });
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  expect((await account.status()).causes.map(({ code }) => code)).toEqual(["deletions-reported"]);
});

test.each([
  ["which main's own synchronisation deleted", "deleted in main"],
  ["deleted when nobody watched", "unseen"],
])(
  "rows of any age, %s, are asked for by their ids: main gets back what the portal gives",
  async (_name, cause) => {
    const account = await accounts.make();
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    const enteredBefore = addDays(localDay(new Date()), -40);
    const old = [...accounts.emulator.world.truth({ site: "isere" })].filter(
      ({ taxo_group, entry_date }) => taxo_group === 1 && entry_date < enteredBefore,
    );
    const [kept, gone] = [old[0]?.id, old[1]?.id] as [number, number];
    const off = (how: string) => (cause === "unseen" ? `ALTER TABLE ${MAIN} ${how} TRIGGER ALL;` : "");
    await account.sql.query(
      `${off("DISABLE")} DELETE FROM ${MAIN} WHERE site = 'isere' AND id IN (${kept}, ${gone}); ${off("ENABLE")}
     UPDATE src_vn_json_repair.main_deletion SET deleted_at = now() - interval '2 hours'`,
    );
    // Check has missed that the portal has deleted this one.
    const missed = accounts.emulator.world.site("isere").observations.get(gone) as { deleted: boolean };
    missed.deleted = true;
    const held = async () =>
      (await account.sql.query("SELECT id::int, cause FROM src_vn_json_repair.held_back ORDER BY id")).rows;
    expect((await account.run("repair")).code, await account.said()).toBe(0);
    expect(await held()).toEqual([kept, gone].sort((a, b) => a - b).map((id) => ({ id, cause })));
    expect((await account.run("daily")).code, await account.said()).toBe(0);
    missed.deleted = false;
    expect(await held()).toEqual([{ id: gone, cause }]);
    expect(await lacking(accounts, account, MAIN, "isere")).toEqual([expect.stringMatching(` ${gone}$`)]);
  },
);

// R1
test("R1: a pair that does not come costs nobody else anything, is asked last, and once in each further job", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  news();
  // An answer that is none: it may be better at the next try, which a refusal would not be.
  accounts.emulator.faults.add({ kind: "html", ...SEARCH, taxoGroup: 1, unit: "07" });
  accounts.emulator.requests.clear();
  expect((await account.run("weekly")).code, await account.said()).toBe(2);
  expect(asked()[0]).toBe("1/107");
  expect(asked().slice(8)).toEqual(["1/107"]);
  const others = ["1/138", "2/107", "2/138", "3/107", "3/138", "7/107", "7/138"];
  expect(asked().slice(1, 8).sort()).toEqual(others);
  const [lost] = (await account.status()).proof?.sites ?? [];
  expect(lost).toMatchObject({ expected: 8, unproven: [{ taxo: 1, unit: "107" }] });

  for (const verb of ["daily", "weekly", "weekly"]) {
    accounts.emulator.requests.clear();
    expect((await account.run(verb)).code, await account.said()).toBe(2);
    expect(asked().at(-1)).toBe("1/107");
    expect(asked().filter((one) => one === "1/107")).toHaveLength(1);
  }
  const { rows } = await account.sql.query(
    "select taxo_group, unit, cause, tries, jobs from src_vn_json_repair.part_failure where kind = 'download'",
  );
  expect(rows).toEqual([
    { taxo_group: 1, unit: "107", cause: { kind: "body", body: "HTML" }, tries: 5, jobs: 4 },
  ]);
  accounts.emulator.faults.clear();
  expect(await account.run("daily")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lacking(accounts, account, MAIN, "isere")).toEqual([]);
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});

test("R1: where the portal never answers for one pair, the others come in the same job", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const runner = { attempts: 2, retryDelaySeconds: 0, logDays: 90, silenceSeconds: 12 };
  await account.settings({ runner: { ...runner, overallSeconds: 300, firstImportSeconds: 300 } });
  news();
  accounts.emulator.faults.add({ kind: "hang", ...SEARCH, taxoGroup: 1, unit: "38" });
  expect((await account.run("weekly")).code, await account.said()).toBe(2);
  const { proof, problems } = await account.status();
  expect(proof?.sites[0]?.unproven.map(({ taxo, unit }) => `${taxo}/${unit}`)).toEqual(["1/138"]);
  expect(problems).toEqual([
    expect.stringMatching(
      /^isere, TAXO_GROUP_BIRD \(group 1\), unit 138: the portal gave no answer for 12 s/,
    ),
  ]);
});

test("R1: a refused password ends the asking after three parts, not after all", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  accounts.emulator.faults.add({ kind: "status", status: 401, ...SEARCH });
  accounts.emulator.requests.clear();
  expect((await account.run("weekly")).code, await account.said()).toBe(2);
  expect(asked().length).toBeLessThanOrEqual(6);
  expect((await account.status()).problems.join("\n")).toMatch(
    /the portal answers 401 \(the account's password/,
  );
});

// R6
test.each<FaultKind>(["html", "null", "object", "truncated", "empty"])(
  "R6: changes answered by %s are a failed update of that group alone: named, its date as before",
  async (kind) => {
    const account = await accounts.make({ sites: ["isere"] });
    const edited = news();
    const before = await lastUpdates(account, "isere");
    accounts.emulator.faults.add({ kind, ...DIFF, taxoGroup: 2 });
    const { code, stderr } = await account.run("daily");
    expect(code, await account.said()).toBe(2);
    expect(stderr).toMatch(
      /^isere, changes of TAXO_GROUP_BAT \(group 2\): the portal answers with something else .*: no list: (HTML|null|\{\}|broken JSON|empty), since/m,
    );
    const after = await lastUpdates(account, "isere");
    expect(after[2]).toBe(before[2]);
    for (const group of ["1", "3", "7"]) expect(after[group]).not.toBe(before[group]);
    const left = await lacking(accounts, account, MAIN, "isere");
    expect(left.filter((one) => !one.startsWith("isere 2/"))).toEqual([]);
    expect(left.join()).toContain(String(edited.id));

    accounts.emulator.faults.clear();
    expect(await account.run("daily")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await lacking(accounts, account, MAIN, "isere")).toEqual([]);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  },
);

test("R6: a list of changes with an entry that says nothing: the others are followed, the date stays", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  news();
  const before = await lastUpdates(account, "isere");
  const [odd] = simulate(accounts.emulator.world, { action: "insert", site: "isere", taxoGroup: 7 });
  accounts.emulator.world.site("isere").poison.set((odd as { id: number }).id, "no kind of change");
  expect((await account.run("daily")).code, await account.said()).toBe(2);
  expect((await lacking(accounts, account, MAIN, "isere")).map((one) => one.split(" ")[2])).toEqual([
    String((odd as { id: number }).id),
  ]);
  expect((await lastUpdates(account, "isere"))[7]).toBe(before[7]);
  accounts.emulator.world.site("isere").poison.clear();
  expect(await account.run("daily")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});

// R5
test("R5: a group that is refused in the first import is named; daily and weekly go on without it, and it is come back to", async () => {
  const account = await accounts.make({ fresh: true, sites: ["isere"] });
  accounts.emulator.faults.add({ kind: "status", status: 403, ...SEARCH, taxoGroup: 2 });
  const init = await account.run("init");
  expect(init.code, await account.said()).toBe(2);
  const named = /isere, TAXO_GROUP_BAT \(group 2\), unit 107, 138: the portal answers 403/;
  expect(init.stderr).toMatch(named);
  const report = await account.status();
  expect(report).toMatchObject({ ok: false, firstImport: { state: "done", done: 6, expected: 8 } });
  expect(report.problems).toContainEqual(expect.stringMatching(named));

  // Not at once again, and neither daily nor weekly waits for it.
  accounts.emulator.requests.clear();
  expect((await account.run("watch")).code).toBe(0);
  await sleep(500);
  expect(accounts.emulator.requests.list({})).toEqual([]);
  simulate(accounts.emulator.world, { action: "insert", site: "isere", taxoGroup: 3, count: 3 });
  const weekly = await account.run("weekly");
  expect(weekly.code, await account.said()).toBe(2);
  expect(weekly.stderr).toMatch(named);
  const since = localDay(new Date(Date.now() - 95 * 86_400_000));
  const { rows } = await account.sql.query(`select site, id from ${MAIN}`);
  const have = new Set(rows.map((row) => `${row.site} ${row.id}`));
  const truth = [...accounts.emulator.world.truth({ site: "isere" })].filter(
    (row) => row.entry_date >= since,
  );
  const lacks = truth.filter((row) => !have.has(`${row.site} ${row.id}`)).map((row) => row.taxo_group);
  expect([...new Set(lacks)]).toEqual([2]);
  expect((await account.run("daily")).code).toBe(2);

  accounts.emulator.faults.clear();
  await account.sql.query(
    "update src_vn_json_repair.part_failure set last_at = last_at - interval '2 hours'",
  );
  expect((await account.run("watch")).code).toBe(0);
  const end = Date.now() + 60_000;
  while ((await account.status()).firstImport?.done !== 8 && Date.now() < end) await sleep(500);
  while ((await account.status()).running) await sleep(200);
  expect(await account.run("daily"), await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await account.status()).toMatchObject({
    ok: true,
    problems: [],
    firstImport: { state: "done", done: 8 },
  });
  const { rows: now } = await account.sql.query(`select site, id from ${MAIN}`);
  const all = new Set(now.map((row) => `${row.site} ${row.id}`));
  expect(truth.filter((row) => !all.has(`${row.site} ${row.id}`))).toEqual([]);
});

// R1
test("R1: a group whose changes are refused for months makes no day a weekly one; once they come, its gap is downloaded by date", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  news();
  accounts.emulator.faults.add({ kind: "status", status: 403, ...DIFF, taxoGroup: 2 });
  expect((await account.run("daily")).code).toBe(2);
  await account.sql.query(
    "update src_vn_json_check.increment_log set last_ts = last_ts - interval '90 days' where site = 'isere' and taxo_group = 2",
  );
  accounts.emulator.requests.clear();
  expect((await account.run("daily")).code).toBe(2);
  expect(asked()).toEqual([]);
  accounts.emulator.faults.clear();
  // What changed in the last weeks comes at once; all since then, by the next.
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  expect(asked()).toEqual([]);
  expect((await account.run("daily")).code, await account.said()).toBe(0);
  expect(asked()).toContain("2/107");
  const { from } = (
    await account.sql.query("select min(window_from)::text as from from src_vn_json_repair.job")
  ).rows[0];
  expect(from <= addDays(localDay(new Date()), -89)).toBe(true);
  accounts.emulator.requests.clear();
  expect((await account.run("daily")).code).toBe(0);
  expect(asked()).toEqual([]);
});
