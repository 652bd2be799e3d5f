import { expect, test } from "vitest";

class Point {
  constructor(readonly x = 1) {}
}

test.each([
  ["an object with something in it", { a: 1 }],
  ["an object with null in it", { a: null }],
  ["null", null],
  ["a number", 1],
  ["a text", "a"],
  ["a list", [1]],
  ["an empty list", []],
])("toMatchObject does not take %s for an empty object", (_, found) => {
  for (const wrap of [(it: unknown) => ({ it }), (it: unknown) => [{ deep: { it } }]])
    expect(() => expect(wrap(found)).toMatchObject(wrap({}))).toThrow();
});

test("what is empty matches an empty object, whichever matcher asks", () => {
  for (const found of [{}, { a: undefined }, Object.create(null)]) {
    expect({ found, more: 1 }).toMatchObject({ found: {} });
    expect({ found }).toEqual({ found: {} });
    expect({ found }).toEqual(expect.objectContaining({ found: {} }));
  }
  expect(() => expect({ a: 1 }).toEqual({})).toThrow();
  expect(() => expect({}).toEqual({ a: 1 })).toThrow();
  expect(() => expect({ it: { a: undefined } }).toStrictEqual({ it: {} })).toThrow();
});

test("what is expected with something in it is asked as ever", () => {
  expect({ it: { a: 1, b: 2 } }).toMatchObject({ it: { a: 1 } });
  expect({ it: { a: 1 } }).toMatchObject({ it: expect.any(Object) });
  expect({ it: { a: 1 } }).toMatchObject({ it: expect.objectContaining({}) });
  expect([{ a: 1 }, {}]).toEqual([expect.anything(), {}]);
  expect({ it: new Point() }).toMatchObject({ it: {} });
  expect({ it: new Point() }).toEqual({ it: new Point(1) });
  expect(() => expect({ it: new Point() }).toEqual({ it: {} })).toThrow();
});
