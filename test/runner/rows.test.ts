import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { simulate } from "../emulator";
import { lacking, lastUpdates } from "./copies";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => {
  accounts.emulator.faults.clear();
  accounts.emulator.world.site("isere").poison.clear();
});

const MAIN = "src_vn_json.observations_json";
const CHECK = "src_vn_json_check.observations_json";
const GROUPS = ["1", "2", "3", "7"];

const KINDS = [
  ["null character", /a null character \(\\u0000\) in it/],
  ["lone surrogate", /half of a character/],
  ["no insert_date", /it lacks insert_date/],
  ["large id", /a number in it is too large/],
] as const;

// R2
test.each(KINDS)(
  "R2: an observation with %s costs only itself, in a weekly and in a daily run",
  async (kind, words) => {
    const site = accounts.emulator.world.site("isere");
    const account = await accounts.make({ sites: ["isere"] });
    const insert = (taxoGroup: number, count = 3, inForm = false) =>
      simulate(accounts.emulator.world, { action: "insert", site: "isere", taxoGroup, count, inForm });
    for (const group of GROUPS) insert(Number(group));
    const [single] = insert(1, 1);
    const form = insert(2, 4, true);
    const ids = [single?.id, form[1]?.id].map(Number);
    for (const id of ids) site.poison.set(id, kind);
    const shown = ids.map((id) => String(kind === "large id" ? id + 2 ** 32 : id));
    const before = await lastUpdates(account, "isere");

    const weekly = await account.run("weekly");
    expect(weekly.code, await account.said()).toBe(2);
    for (const table of [CHECK, MAIN])
      expect(
        (await lacking(accounts, account, table, "isere")).map((one) => Number(one.split(" ")[2])),
        table,
      ).toEqual([...ids].sort());
    expect(weekly.stderr).toMatch(words);
    for (const id of shown) expect(weekly.stderr).toContain(`cannot be stored: ${id}`);
    const { rows } = await account.sql.query(
      "select site, table_name, taxo_group, id from src_vn_json_repair.not_stored order by taxo_group",
    );
    expect(rows).toEqual([
      { site: "isere", table_name: "observations_json", taxo_group: 1, id: shown[0] },
      { site: "isere", table_name: "observations_json", taxo_group: 2, id: shown[1] },
    ]);
    const after = await lastUpdates(account, "isere");
    for (const group of GROUPS)
      expect(after[group] === before[group], group).toBe(["1", "2"].includes(group));
    // The pieces themselves have come.
    expect((await account.status()).proof).toMatchObject({ proven: true });
    expect((await account.status()).problems).toHaveLength(2);

    for (const group of GROUPS) insert(Number(group), 1);
    const daily = await account.run("daily");
    expect(daily.code, await account.said()).toBe(2);
    expect((await lacking(accounts, account, MAIN, "isere")).map((one) => Number(one.split(" ")[2]))).toEqual(
      [...ids].sort(),
    );

    site.poison.clear();
    expect(await account.run("daily"), await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await lacking(accounts, account, MAIN, "isere")).toEqual([]);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
    const moved = await lastUpdates(account, "isere");
    for (const group of GROUPS) expect(moved[group]).not.toBe(before[group]);
  },
);

test("R2: a row without an id keeps its pair unproven, and nothing else", async () => {
  const site = accounts.emulator.world.site("isere");
  const account = await accounts.make({ sites: ["isere"] });
  for (const group of GROUPS)
    simulate(accounts.emulator.world, {
      action: "insert",
      site: "isere",
      taxoGroup: Number(group),
      count: 3,
    });
  const [odd] = simulate(accounts.emulator.world, {
    action: "insert",
    site: "isere",
    taxoGroup: 7,
    unit: "07",
  });
  const id = Number(odd?.id);
  site.poison.set(id, "malformed");
  const weekly = await account.run("weekly");
  expect(weekly.code, await account.said()).toBe(2);
  expect(weekly.stderr).toMatch(
    /isere, TAXO_GROUP_REPTILIAN \(group 7\), unit 107: rows that cannot be stored: observations_json: lacks observers/,
  );
  expect((await lacking(accounts, account, MAIN, "isere")).map((one) => Number(one.split(" ")[2]))).toEqual([
    id,
  ]);
  const { proof } = await account.status();
  expect(proof?.sites[0]?.unproven.map(({ taxo, unit }) => `${taxo}/${unit}`)).toEqual(["7/107"]);

  site.poison.clear();
  expect(await account.run("daily"), await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await lacking(accounts, account, MAIN, "isere")).toEqual([]);
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});

// R2, R7
test("R2: a row of a list that cannot be stored costs only itself, and the next daily asks for that list again", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  const text = await account.file("evn.yaml");
  await account.write("evn.yaml", text.replace(/(\n {4}observers:\n {8}enabled: )false/, "$1true"));
  const { observers } = accounts.emulator.world.site("isere").catalogue;
  const [, two] = observers;
  if (!two) throw new Error("no observers");
  const { idUniversal } = two;
  two.idUniversal = 2 ** 40;
  const weekly = await account.run("weekly");
  expect(weekly.code, await account.said()).toBe(2);
  expect(weekly.stderr).toContain(
    `isere, observers_json: cannot be stored: ${two.id}: a number in it is too large`,
  );
  const stored = async () =>
    (await account.sql.query("select id from src_vn_json_check.observers_json order by id")).rows.map(
      (row) => row.id,
    );
  const all = observers.map(({ id }) => id).sort((a, b) => a - b);
  expect(await stored()).toEqual(all.filter((id) => id !== two.id));
  expect((await account.status()).problems).toHaveLength(1);
  two.idUniversal = idUniversal;
  expect(await account.run("daily"), await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await stored()).toEqual(all);
  expect(await account.status()).toMatchObject({ ok: true, problems: [] });
});
