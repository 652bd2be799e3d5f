import { expect, test } from "vitest";
import type { Planned } from "./plan";
import { Violation } from "./runs";
import { shrink } from "./shrink";
import type { Played } from "./year";

const faults: Planned[] = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ n, kind: "portal-null", day: n, days: 1 }));
const numbers = (list: readonly Planned[]) => list.map(({ n }) => n);
const failedOn = (day: number, what = "a lack"): Played => ({ day, violation: new Violation(what, []) });

/** A year that fails on day 6 in this way where 2 and 5 meet, in another one where 3 is alone. */
function years() {
  const played: number[][] = [];
  const play = async (list: readonly Planned[]): Promise<Played> => {
    const all = numbers(list);
    played.push(all);
    if (all.includes(2) && all.includes(5)) return failedOn(6);
    return all.includes(3) ? failedOn(3, "another") : { day: 6 };
  };
  return { played, play };
}

test("what is left of a failure's faults are those that it needs to fail in the same way", async () => {
  const told: number[][] = [];
  const { play } = years();
  const left = await shrink(faults, failedOn(6), play, (some) => told.push(numbers(some)));
  expect(numbers(left)).toEqual([2, 5]);
  expect(told.at(-1)).toEqual([2, 5]);
});

test("no year is played once the time is over: the faults until that day are left", async () => {
  const { play, played } = years();
  expect(numbers(await shrink(faults, failedOn(6), play, () => undefined, 0))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(played).toEqual([]);
});
