import { expect } from "vitest";

/**
 * What offends against a rule is just what is known to offend. The known ones are a list that may only get shorter:
 * one that offends no longer fails the test too, until it is taken off.
 */
export function onlyThese(known: string[], found: string[]): void {
  expect(
    found.filter((x) => !known.includes(x)),
    "new offenders",
  ).toEqual([]);
  expect(
    known.filter((x) => !found.includes(x)),
    "mended: take them off the list",
  ).toEqual([]);
}
