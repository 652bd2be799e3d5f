import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A value that the server is to write, or read, as a text in the session's own way: dates among them. */
const BY_DEFAULT = /(?<!\$\d+)::\s*(text|varchar|date|timestamp|timestamptz|interval)\b(?!\[\])/g;

test("A2: no day travels between runner and database in the session's own way to write it", () => {
  const files = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "scripts/runner"],
    {
      encoding: "utf8",
    },
  )
    .split("\n")
    .filter((path) => path.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(BY_DEFAULT)].map((match) => `${path}: ${match[0]}`),
  );
  expect(found, "to_char(…, 'YYYY-MM-DD') says what is meant").toEqual([]);
  expect("select min(i.last_ts)::date::text, $1::text[], $2::text".match(BY_DEFAULT)).toEqual([
    "::date",
    "::text",
  ]);
});
