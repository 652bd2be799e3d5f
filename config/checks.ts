import type { Locale, Words } from "./values/key";

/** One thing that must be so before anything is made, or later while it stands. `At`: what was looked at. */
export interface Check<At> {
  /** The key of the configuration that decides it, or what is looked at where none does. */
  name: string;
  /** Changes nothing. @returns what is wrong, undefined where all is well or where `at` does not tell */
  try(at: At): Words | undefined | Promise<Words | undefined>;
  /** What to type or to set then. */
  remedy(at: At): Words;
  /** Told, and everything goes on: what is wrong does not stop the work. */
  mild?: true;
}

/** A check that did not pass. */
export interface Finding {
  name: string;
  wrong: Words;
  remedy: Words;
  mild: boolean;
}

/** What was seen of one thing before anything is made. */
export interface Look {
  found: Finding[];
  /** Names of what an `up` makes there and what is not there. */
  absent: string[];
}

/** Tries all of them, in their order. */
export async function findings<At>(checks: Check<At>[], at: At): Promise<Finding[]> {
  const tried = await Promise.all(checks.map(async (check) => ({ check, wrong: await check.try(at) })));
  return tried.flatMap(({ check, wrong }) =>
    wrong === undefined
      ? []
      : [{ name: check.name, wrong, remedy: check.remedy(at), mild: check.mild ?? false }],
  );
}

/** `host.user: …`, and below it what to do. */
export function findingInWords({ name, wrong, remedy }: Finding, locale: Locale): string {
  return `${name}${locale === "fr" ? " :" : ":"} ${wrong[locale]}\n    → ${remedy[locale]}`;
}

/** Everything that has to be mended before anything is made, at once, in the user's language. */
export class NotReady extends Error {
  constructor(found: Finding[], locale: Locale) {
    const n = found.length;
    const head = {
      en: `Nothing was made or changed: ${n === 1 ? "one thing has" : `${n} things have`} to be mended first.`,
      fr: `Rien n'a été créé ni modifié : ${n === 1 ? "une chose est" : `${n} choses sont`} à corriger d'abord.`,
    };
    super([head[locale], ...found.map((one) => `  ${findingInWords(one, locale)}`)].join("\n"));
    this.name = "NotReady";
  }
}
