import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue, inFrench } from "../../sql/french";
import { literals } from "../../sql/literals";

const ROOT = resolve(__dirname, "../../sql");
const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".sql"))
  .sort()
  .map((path) => ({ path, sql: readFileSync(join(ROOT, path), "utf8") }));

/** Words of the database's types, comments of functions that are made, and of roles: for nobody at run time. */
const words = new Set(
  literals(files.find(({ path }) => path === "2_tables/types.sql")?.sql ?? "").map(({ text }) => text),
);
const NOT_SAID = [
  // Comments of what is made, by their text alone.
  "Client-API-VN: written by the second synchronisation",
  "who deletes what",
  "that it was emptied",
  // A word that the runner knows; a pattern of what version 0.1 wrote.
  "no day of entry",
  "deleted from main by run %",
];
const COMMENT = /(COMMENT ON [^;]*\bIS\s+|make_function\([\s\S]{0,6000}\$body\$, _words,\s*(format\()?)$/;

/** What people read: what is raised, and any text with three words in a row. */
function isSaid(text: string, before: string): boolean {
  if (words.has(text) || NOT_SAID.includes(text) || COMMENT.test(before) || !/[a-zé]{2}/.test(text))
    return false;
  if (/RAISE( EXCEPTION| WARNING| NOTICE| INFO)?\s+$/.test(before)) return /[a-z]{3}/.test(text);
  if (/^vn-sync-check: /.test(text)) return false;
  if (/\b(HINT|DETAIL|MESSAGE)\s*=\s*(format\()?\s*$/.test(before)) return true;
  return /[a-z']{2,} [a-z']+ [a-z']{2,}/.test(text) && !/^(SELECT|CREATE) (?!\*)/.test(text);
}

/** `1$s` and `2$I` of a format string, a number for each of RAISE's. */
function placeholders(text: string): string[] {
  let plain = 0;
  return [...text.matchAll(/%%|%(?:(\d+)\$)?([sIL])?/g)]
    .filter(([found]) => found !== "%%")
    .map(([, place, kind]) => `${place ?? ++plain}${kind ?? ""}`)
    .sort();
}

// W1
describe("what the database says in French", () => {
  const french = catalogue();

  test("every text that people read has its French", () => {
    const lacking = files.flatMap(({ path, sql }) =>
      literals(sql)
        .filter(
          ({ start, text }) => isSaid(text, sql.slice(Math.max(0, start - 7000), start)) && !french.has(text),
        )
        .map(
          ({ text }) =>
            `sql/${path} says a text that sql/fr.po lacks. Add there:\nmsgid ${JSON.stringify(text)}\nmsgstr "…"\n`,
        ),
    );
    expect(lacking.join("\n")).toBe("");
  });

  test("nothing French is there for a text that is gone, and both have the same placeholders", () => {
    const said = new Set(files.flatMap(({ sql }) => literals(sql).map(({ text }) => text)));
    expect([...french.keys()].filter((text) => !said.has(text))).toEqual([]);
    for (const [text, words] of french) {
      expect(words, text).not.toBe("");
      expect([...new Set(placeholders(words))], words).toEqual([...new Set(placeholders(text))]);
      // RAISE takes its values in their order.
      if (!/%\d*\$?[sIL]/.test(text)) expect(placeholders(words), words).toEqual(placeholders(text));
      expect(words.match(/\{\{\w+\}\}|\\[a-z]/g), words).toEqual(text.match(/\{\{\w+\}\}|\\[a-z]/g));
    }
  });

  test("no word that the database compares is put into French", () => {
    for (const word of words) expect(french.has(word), word).toBe(false);
  });

  test("what is sent before a database's encoding is known has Latin letters alone", () => {
    for (const path of ["head.sql", "rights/admin.sql", "1_check_copy/server.sql"])
      expect(inFrench(readFileSync(join(ROOT, path), "utf8")), path).toMatch(/^[\x00-\xff]*$/);
  });

  test("a file keeps its lines, and only its texts are others", () => {
    for (const { path, sql } of files) {
      const put = inFrench(sql);
      expect(put.split("\n").length, path).toBe(sql.split("\n").length);
      const without = (text: string) =>
        literals(text).reduceRight(
          (rest, { start, end }) => `${rest.slice(0, start)}?${rest.slice(end)}`,
          text,
        );
      expect(without(put).replace(/\s+/g, ""), path).toBe(without(sql).replace(/\s+/g, ""));
    }
  });
});
