import { afterAll, beforeAll, expect, test } from "vitest";
import type { StatusReport } from "../../scripts/runner/verbs/status";
import { type Emulator, simulate, startEmulator } from "../emulator";
import { judge, type Known } from "./judge";
import { planOf } from "./plan";
import type { Run } from "./runs";
import { type MainRows, Oracle } from "./scene/oracle";

const HOUR = 3_600_000;
let emulator: Emulator;
let oracle: Oracle;
beforeAll(async () => {
  emulator = await startEmulator({ years: 0.2, sites: [{ name: "isere", observations: 30 }] });
  oracle = new Oracle(emulator);
  oracle.learn();
});
afterAll(() => emulator?.close());

function whole(): MainRows {
  return new Map([...emulator.world.truth()].map((row) => [`${row.site}/${row.id}`, row.update_ts]));
}

/** Of that copy, three days later. */
const lacks = (main: MainRows) =>
  oracle.lacks(main, Date.now() + 72 * HOUR, 0).map(({ what, id }) => `${what} ${id}`);

test("the oracle finds a row that lacks, an older one, a deleted one, and one that nobody has entered", () => {
  const [one, two, three] = [...emulator.world.truth()].map(({ id }) => id);
  expect(lacks(whole())).toEqual([]);
  const main = whole();
  main.delete(`isere/${one}`);
  main.set(`isere/${two}`, 1);
  simulate(emulator.world, { site: "isere", action: "delete", ids: [three as number] });
  expect(lacks(main).sort()).toEqual([`deleted on the portal ${three}`, `missing ${one}`, `older ${two}`]);
  expect(oracle.differences(main)).toHaveLength(3);
  expect(oracle.strangers(new Map([["isere/1", 5]]))).toHaveLength(1);
  expect(oracle.strangers(whole())).toEqual([]);
});

test("the oracle sees that a run deletes what the portal has, or puts an older version in its place", () => {
  const before = whole();
  const [key = "", ts = 0] = [...before][0] ?? [];
  expect(oracle.harm(before, before)).toEqual([]);
  expect(oracle.harm(before, new Map([...before].filter(([one]) => one !== key)))).toHaveLength(1);
  expect(oracle.harm(before, new Map([...before, [key, ts - 1]]))).toHaveLength(1);
});

test("status is held against what is so: OK with a lack, KO without one, a lack of another site", () => {
  const run = { code: 0, startedAt: 10 } as Run;
  const known: Known = {
    lacks: [],
    differs: false,
    faulty: false,
    faultyUntil: 0,
    lied: false,
    daily: run,
    weekly: run,
  };
  const lack = { what: "missing", site: "isere", id: 1, group: 1, unit: "38", since: new Date() } as const;
  const says = (code?: string, text = "ardeche: …") =>
    ({
      ok: code === undefined,
      problems: code ? [text] : [],
      causes: code ? [{ code, text }] : [],
    }) as unknown as StatusReport;
  expect(() => judge(says(), known)).not.toThrow();
  expect(() => judge(says(), { ...known, lacks: [lack] })).toThrow(/says OK/);
  expect(() => judge(says("update-failed"), known)).toThrow(/all is well/);
  expect(() => judge(says("deletions-reported"), { ...known, differs: true })).not.toThrow();
  expect(() => judge(says("update-failed"), { ...known, faulty: true })).not.toThrow();
  expect(() => judge(says("update-failed"), { ...known, lacks: [lack] })).toThrow(/no cause/);
  expect(() => judge(says("update-failed", "isere: …"), { ...known, lacks: [lack] })).not.toThrow();
  expect(() => judge(says("database-away"), { ...known, lacks: [lack] })).not.toThrow();
  expect(() => judge(says("unexpected"), { ...known, faulty: true })).toThrow(/itself/);
});

test("the same seed brings the same faults", () => {
  expect(planOf(7, 8, ["db-restarts", "host-asleep"])).toEqual(planOf(7, 8, ["db-restarts", "host-asleep"]));
  expect(planOf(7, 8, ["db-restarts"]).length).toBeGreaterThan(5);
});
