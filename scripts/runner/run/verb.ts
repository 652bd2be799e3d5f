import { causeOf, EXIT, type ExitCode } from "../facts";
import { causeIn, type Texts, textsOf } from "../text";
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
  run(options: O): Promise<ExitCode>;
}

export const verbose: Option = { flags: "--verbose", help: (texts) => texts.verbose };

/** In the language that is known before the settings are read. */
export const texts = textsOf(likelyLocale());

/** Tells an error that has come through. An upgrade under way is no failure: the next run comes after it. */
export function failed(error: unknown): ExitCode {
  const cause = causeOf(error);
  process.stderr.write(`vn-check: ${causeIn(texts, cause)}\n`);
  return typeof cause === "object" && cause.key === "otherVersion" ? EXIT.busy : EXIT.failed;
}
