import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { frenchTexts, PLAIN_BLANK } from "../support/french";

const texts = frenchTexts();

// W4
test("French lines do not break before a colon, a semicolon, a question or exclamation mark: that blank is U+00A0", () => {
  const faults = texts.flatMap(({ file, start, text }) =>
    [...text.matchAll(PLAIN_BLANK)].map(({ index }) => {
      const line = readFileSync(file, "utf8")
        .slice(0, start + index)
        .split("\n").length;
      return `${file}:${line}: write U+00A0 for the blank in "${text.slice(Math.max(0, index - 20), index + 10)}"`;
    }),
  );
  expect(faults).toEqual([]);
});

test("the texts are found in every kind of file that has some", () => {
  const files = new Set(texts.map(({ file }) => file));
  for (const file of [
    "README.fr.md",
    "scripts/demo",
    "scripts/lib/common.sh",
    "scripts/recover/texts.ts",
    "scripts/runner/text/fr/facts.ts",
    "config/sections/repair.ts",
    "config/words.ts",
    "components/render/systemUser.ts",
    "components/host/words.ts",
    "sql/installError.ts",
    "test/harness/demoText.ts",
  ])
    expect(files).toContain(file);
  const sample = texts.map(({ text }) => text).join("\n");
  for (const part of ["sudo veut un terminal", "erreur\u00a0: ", "Réglages", "vouliez-vous dire"])
    expect(sample.toLowerCase()).toContain(part.toLowerCase());
});
