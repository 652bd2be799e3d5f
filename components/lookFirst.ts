import * as pulumi from "@pulumi/pulumi";
import { type Finding, findingInWords } from "../config/checks";
import type { Locale } from "../config/values/key";
import { isReal, notReady } from "./host/real";

/**
 * Looks at everything at once, before anything is made. What comes to depend on the output waits for it; it fails
 * with all that was found. A preview looks at nothing.
 */
export function lookFirst(
  looks: (() => Promise<Finding[]>)[],
  locale: Locale,
): pulumi.Output<pulumi.Resource[]> {
  if (!isReal()) return pulumi.output([]);
  return pulumi.output(
    Promise.all(looks.map((look) => look())).then((all) => {
      const found = all.flat();
      for (const one of found.filter(({ mild }) => mild)) void pulumi.log.warn(findingInWords(one, locale));
      const grave = found.filter(({ mild }) => !mild);
      if (grave.length === 0) return [];
      throw notReady(grave, locale);
    }),
  );
}
