import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { french } from "../../scripts/runner/text/fr";
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

// W4
test("numbers and their words agree: 0 ajout, 1 ligne mise de côté, 2 ajouts", () => {
  const said = (n: number) =>
    french.fact.repaired({
      fact: "repaired",
      dryRun: false,
      result: {
        run: 1,
        status: "done",
        message: null,
        problems: [],
        inserted: n,
        updated: n,
        deleted: n,
        setAside: n,
        byTable: {},
      },
    });
  expect(said(0)).toContain("0 ajout, 0 mise à jour, 0 suppression, 0 ligne mise de côté");
  expect(said(1)).toContain("1 ajout, 1 mise à jour, 1 suppression, 1 ligne mise de côté");
  expect(said(2)).toContain("2 ajouts, 2 mises à jour, 2 suppressions, 2 lignes mises de côté");
});

// W1
test("what a repair has done to each table is told in French", () => {
  expect(
    french.written("places_json", [
      ["inserted", 1],
      ["set_aside", 2],
      ["other", 3],
    ]),
  ).toBe("places_json\u00a0: 1 ajout, 2 lignes mises de côté, other 3");
});

// W1
test("French sentences name jobs in French", () => {
  for (const verb of ["init", "daily", "weekly", "repair"] as const)
    for (const cause of [null, "x"]) {
      const said = french.fact.lastFailed({ fact: "lastFailed", verb, cause });
      expect(said).not.toMatch(/init|daily|weekly|repair|killed/);
    }
  expect(Object.values(french.status.next).join()).not.toMatch(/daily|weekly/);
});
