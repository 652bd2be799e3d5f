import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CAUSES } from "../../scripts/runner/text/causes";

const codes = Object.entries(CAUSES);

test("R8: docs/status.md shows each cause that status can name, in French and English, and no other", () => {
  const doc = readFileSync("docs/status.md", "utf8");
  const rows = doc.split("\n").filter((line) => /^\| `[a-z-]+` \|/.test(line));
  expect(rows).toEqual([
    ...codes.map(([code, { fr }]) => `| \`${code}\` | ${fr} |`),
    ...codes.map(([code, { en }]) => `| \`${code}\` | ${en} |`),
  ]);
});

test("R8: a code is a few words in kebab case, and its texts are no placeholders", () => {
  for (const [code, { en, fr }] of codes) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+){0,3}$/);
    for (const text of [en, fr]) expect(text.length, code).toBeGreaterThan(20);
    expect(en, code).not.toBe(fr);
    // What stands before : and ; in French does not break off.
    expect(fr, code).not.toMatch(/[^\u00a0`\w/][:;!?](?= )| [:;!?]/);
  }
});
