import { text } from "node:stream/consumers";
import { findingInWords } from "../../config/checks";
import type { StackConfig } from "../../config/schema";
import type { Locale } from "../../config/values/key";
import { programOf, proves } from "../render/command";
import { asRoot } from "../render/shell";
import { runOnce } from "./run";
import { NoConnection } from "./ssh";
import { connectionFinding, unprovenFinding } from "./words";

/** What arrives on standard input, as JSON: everything secret is in here, nothing on the command line. */
export interface Reach {
  host: StackConfig["host"];
  locale: Locale;
}

/** Ends with 0 where a script runs as root on the host; else it says why not, with exit code 1. */
export async function main(): Promise<void> {
  const { host, locale } = JSON.parse(await text(process.stdin)) as Reach;
  const program = programOf({ delete: asRoot("true") }, "reach");
  try {
    const said = await runOnce(host, program.command("delete"), program.text, 120);
    if (proves(said.stdout, program.proof)) return;
    tell(findingInWords(unprovenFinding(host, said), locale));
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    const finding = connectionFinding(error);
    if (!finding.mild) tell(findingInWords(finding, locale));
  }
}

function tell(words: string): void {
  process.stderr.write(`${words}\n`);
  process.exitCode = 1;
}
