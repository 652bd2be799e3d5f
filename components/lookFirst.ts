import * as pulumi from "@pulumi/pulumi";
import { findingInWords, type Look } from "../config/checks";
import type { Locale } from "../config/values/key";
import { isReal, notReady } from "./host/real";

/**
 * Looks at everything at once, before anything is made. What comes to depend on `ready` waits for it; it fails
 * with all that was found, and nothing is known to be absent then. A preview looks at nothing.
 */
export function lookFirst<Name extends string>(
  looks: Record<Name, () => Promise<Look>>,
  locale: Locale,
): { ready: pulumi.Output<pulumi.Resource[]>; absent: Record<Name, pulumi.Output<string[]>> } {
  const names = Object.keys(looks) as Name[];
  const seen = isReal() ? look(looks, locale) : undefined;
  const absent = names.map((name) => {
    // Once is enough for a failure to be told.
    const known = seen?.then(
      (all) => all[name].absent,
      () => new Promise<string[]>(() => {}),
    );
    return [name, pulumi.output(known ?? [])];
  });
  return {
    ready: pulumi.output(seen?.then(() => []) ?? []),
    absent: Object.fromEntries(absent) as Record<Name, pulumi.Output<string[]>>,
  };
}

async function look<Name extends string>(
  looks: Record<Name, () => Promise<Look>>,
  locale: Locale,
): Promise<Record<Name, Look>> {
  const entries = Object.entries<() => Promise<Look>>(looks);
  const seen = await Promise.all(entries.map(async ([name, look]) => [name, await look()] as const));
  const found = seen.flatMap(([, { found }]) => found);
  for (const one of found.filter(({ mild }) => mild)) void pulumi.log.warn(findingInWords(one, locale));
  const grave = found.filter(({ mild }) => !mild);
  if (grave.length > 0) throw notReady(grave, locale);
  return Object.fromEntries(seen) as Record<Name, Look>;
}
