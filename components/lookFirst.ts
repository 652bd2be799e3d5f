import * as pulumi from "@pulumi/pulumi";
import { type Finding, findingInWords, NotReady } from "../config/checks";
import type { Locale } from "../config/values/key";

/** Is anything made in this run of the program? Not in a preview, nor in tests on mocks. */
function isReal(): boolean {
  return pulumi.runtime.hasEngine() && !pulumi.runtime.isDryRun();
}

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
      const error = new pulumi.RunError(new NotReady(grave, locale).message);
      // Never shown, but the engine's handler asks for it, and reads every source map for that: 20 seconds.
      error.stack = error.message;
      throw error;
    }),
  );
}
