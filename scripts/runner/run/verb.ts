import { existsSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { readIfThere, writePrivate } from "../account/files";
import { causeOf, EXIT, type ExitCode, type Problem } from "../facts";
import { causeIn, codeOf, type Texts, textsOf } from "../text";
import type { Follow } from "./follow";
import { likelyLocale, type RunOptions } from "./run";

/** An option of a verb, as commander writes it: `--accept <n>`. */
export interface Option {
  flags: string;
  help(texts: Texts["help"]): string;
  /** Throws InvalidArgumentError. */
  parse?(text: string): unknown;
  /** Understood, but shown to nobody: an old name. */
  hidden?: boolean;
}

/** A command of vn-check: its arguments and options by their names, in one object. */
export interface Verb<O extends RunOptions = RunOptions> {
  name: string;
  arguments?: { name: string; help(texts: Texts["help"]): string }[];
  options: Option[];
  help(texts: Texts["help"]): string;
  run(options: O, follow: readonly Follow[]): Promise<ExitCode>;
}

export const verbose: Option = { flags: "--verbose", help: (texts) => texts.verbose };

/** In the language that is known before the settings are read. */
export const texts = textsOf(likelyLocale());

/** Tells an error that has come through. */
export function failed(error: unknown): ExitCode {
  const cause = causeOf(error);
  process.stderr.write(`vn-check: ${causeIn(texts, cause)}\n`);
  return exitOf(cause);
}

/** An upgrade under way is no failure: the next run comes after it. */
function exitOf(cause: Problem | string): ExitCode {
  return typeof cause === "object" && cause.key === "otherVersion" ? EXIT.busy : EXIT.failed;
}

const toldFile = () => join(homedir(), "state/watch-told");

/** The same of what looks each hour: told when it is new, not as long as it lasts. */
export function tellOnce(error: unknown): ExitCode {
  const cause = causeOf(error);
  const code = codeOf({ fact: "databaseDown", cause });
  // Another account's home, or one in which nothing of ours is, is not to be written to.
  const elsewhere = typeof cause === "object" && cause.key === "notOwner";
  if (elsewhere || !existsSync(dirname(toldFile()))) return failed(error);
  try {
    if (readIfThere(toldFile()) === code) return exitOf(cause);
    writePrivate(toldFile(), code);
  } catch {
    return exitOf(cause); // what cannot be remembered would be told each hour; the other verbs tell it
  }
  return failed(error);
}

/** All is well again: what comes next is new. */
export function forgetTold(): void {
  try {
    rmSync(toldFile(), { force: true });
  } catch {} // it is there no longer, or cannot be changed
}
