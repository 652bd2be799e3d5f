import { expect, test } from "vitest";
import { type Check, findingInWords, findings, NotReady } from "../../../config/checks";

const CHECKS: Check<{ sum: number }>[] = [
  {
    name: "a.sum",
    try: ({ sum }) => (sum > 1 ? { en: `is ${sum}`, fr: `vaut ${sum}` } : undefined),
    remedy: ({ sum }) => ({ en: `take ${sum - 1} away`, fr: `enlever ${sum - 1}` }),
  },
  { name: "fine", try: async () => undefined, remedy: () => ({ en: "", fr: "" }) },
  {
    name: "mail",
    try: async () => ({ en: "goes nowhere", fr: "ne part pas" }),
    remedy: () => ({ en: "install one", fr: "en installer un" }),
    mild: true,
  },
];

test("every check that does not pass is found, with what was looked at in its remedy", async () => {
  const found = await findings(CHECKS, { sum: 3 });
  expect(found.map((one) => findingInWords(one, "en"))).toEqual([
    "a.sum: is 3\n    → take 2 away",
    "mail: goes nowhere\n    → install one",
  ]);
  expect(found.map(({ mild }) => mild)).toEqual([false, true]);
  expect(await findings(CHECKS.slice(0, 2), { sum: 1 })).toEqual([]);
});

test("all of them come in one error, in the user's language", async () => {
  const found = await findings(CHECKS, { sum: 3 });
  expect(new NotReady(found, "fr").message).toBe(
    "Rien n'a été créé ni modifié : 2 choses sont à corriger d'abord.\n" +
      "  a.sum : vaut 3\n    → enlever 2\n  mail : ne part pas\n    → en installer un",
  );
  expect(new NotReady(found.slice(0, 1), "en").message).toContain("one thing has to be mended first");
});
