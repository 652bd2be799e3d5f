import fc from "fast-check";
import { expect, test } from "vitest";
import { type Covered, covers, reached } from "../../scripts/runner/download/coverage";
import { doubtsOf, median } from "../../scripts/runner/download/proof";
import { slices } from "../../scripts/runner/download/slices";

const pair = (taxo: number, short: string, rest: Partial<Covered> = {}): Covered => ({
  site: "s",
  taxoGroup: taxo,
  group: `G${taxo}`,
  unit: `1${short}`,
  shortName: short,
  islands: [],
  firstTop: null,
  rows: 0,
  ...rest,
});

test("a window is covered by one stretch of days, not by two with a hole", () => {
  const holed = pair(1, "07", {
    islands: [
      { from: "2026-11-01", to: "2026-11-10" },
      { from: "2026-11-12", to: "2026-11-23" },
    ],
  });
  expect(covers(holed, { from: "2026-11-09", to: "2026-11-23" })).toBe(false);
  expect(covers(holed, { from: "2026-11-12", to: "2026-11-23" })).toBe(true);
  expect(covers(pair(1, "07"), { from: "2026-11-12", to: "2026-11-12" })).toBe(false);
});

test("the first import's reach is counted from its first piece, whatever was downloaded later", () => {
  const later = pair(1, "07", {
    firstTop: "2026-06-10",
    islands: [
      { from: "2026-01-01", to: "2026-06-10" },
      { from: "2026-11-08", to: "2026-11-23" },
    ],
  });
  expect(reached(later)).toBe("2026-01-01");
  expect(reached(pair(1, "07"))).toBeNull();
});

test("slices ask for every unproven pair and for no pair of a proven group", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom("07", "26", "38")), {
        selector: String,
      }),
      (pairs) => {
        const wanted = pairs.map(([taxo, short]) => pair(taxo, short));
        const asked = slices(wanted).flatMap((slice) =>
          slice.groups.flatMap((group) => slice.units.map((unit) => `${group}/${unit}`)),
        );
        expect(asked.sort()).toEqual(wanted.map((one) => `${one.group}/${one.shortName}`).sort());
      },
    ),
  );
});

test("a download is doubted when pairs are gone or rows are far below the usual, once there is a usual", () => {
  const earlier = [100, 120, 90].map((rows) => ({ expected: 8, rows }));
  expect(doubtsOf({ expected: 8, rows: 40 }, earlier)).toEqual([]);
  expect(doubtsOf({ expected: 8, rows: 39 }, earlier)).toEqual([{ kind: "few rows", got: 39, usual: 100 }]);
  expect(doubtsOf({ expected: 8, rows: 0 }, earlier.slice(1))).toEqual([]);
  expect(doubtsOf({ expected: 7, rows: 100 }, earlier)).toEqual([
    { kind: "fewer downloads", got: 7, usual: 8 },
  ]);
  expect([median([3]), median([1, 2]), median([5, 1, 3])]).toEqual([3, 1.5, 3]);
});
