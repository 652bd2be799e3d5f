import * as pulumi from "@pulumi/pulumi";
import { type Finding, NotReady } from "../../config/checks";
import type { Locale } from "../../config/values/key";

/** Is anything made in this run of the program? Not in a preview, nor in tests on mocks. */
export function isReal(): boolean {
  return pulumi.runtime.hasEngine() && !pulumi.runtime.isDryRun();
}

/** The end of a program with these words and no stack of calls. */
export function failure(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  // Never shown, but the engine's handler asks for it, and reads every source map for that: 20 seconds.
  error.stack = message;
  return error;
}

export function notReady(found: Finding[], locale: Locale): pulumi.RunError {
  return failure(new NotReady(found, locale).message);
}
