import fc from "fast-check";
import { expect, test } from "vitest";
import { slices } from "../../scripts/runner/download/slices";

const groupUnit = (taxoGroup: number, shortName: string) => ({
  taxoGroup,
  groupName: `G${taxoGroup}`,
  unit: `1${shortName}`,
  shortName,
});

test("slices ask for every unproven pair and for no pair of a proven group", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom("07", "26", "38")), {
        selector: String,
      }),
      (pairs) => {
        const wanted = pairs.map(([taxo, short]) => groupUnit(taxo, short));
        const asked = slices(wanted).flatMap((slice) =>
          slice.groups.flatMap((group) => slice.units.map((unit) => `${group}/${unit}`)),
        );
        expect(asked.sort()).toEqual(wanted.map((one) => `${one.groupName}/${one.shortName}`).sort());
      },
    ),
  );
});
