import { expect } from "vitest";

const plain = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value));

/**
 * An expected `{}` says that nothing is there: `toMatchObject` alone lets anything pass for it, null too. Says only
 * no, so that what else a matcher asks it still asks; instances of classes stay the matcher's.
 */
function emptyIsEmpty(found: unknown, expected: unknown): false | undefined {
  if (!plain(expected) || Reflect.ownKeys(expected).length > 0) return undefined;
  if (plain(found)) return Object.values(found).some((value) => value !== undefined) ? false : undefined;
  return typeof found === "object" && found !== null && !Array.isArray(found) ? undefined : false;
}

expect.addEqualityTesters([emptyIsEmpty]);
