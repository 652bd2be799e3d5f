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
  /** Removes what destroy has left, as root; reads the stack's identity. */
  rest?: { script: string; id: string };
}

const GONE = {
  en: "This connection is that of the last `pulumi up`, no key changes it here. A host that is gone for good: pulumi config set vn-sync-check:oldHostGone true, then pulumi destroy --run-program",
  fr: "Cette connexion est celle du dernier `pulumi up`, y changer une clé ne sert à rien ici. Un serveur disparu pour de bon : pulumi config set vn-sync-check:oldHostGone true, puis pulumi destroy --run-program",
};
const NOTHING = {
  en: "Nothing was removed. When that is mended: `pulumi destroy` again",
  fr: "Rien n'a été enlevé. Une fois cela corrigé : de nouveau `pulumi destroy`",
};
const REST = {
  en: "So what destroy was to remove from the host may still be there. When that is mended: `pulumi destroy` again, which then removes it",
  fr: "Ce que destroy devait enlever du serveur y est donc peut-être encore. Une fois cela corrigé : de nouveau `pulumi destroy`, qui l'enlèvera",
};

/** Seconds: processes of the account have ten to end. */
const BOUND = 120;

/** Ends with 0 where a script has run as root on the host; else it says why not, with exit code 1. */
export async function main(): Promise<void> {
  const { host, locale, rest } = JSON.parse(await text(process.stdin)) as Reach;
  const program = programOf({ delete: asRoot(rest?.script ?? "true", locale) }, "reach", locale);
  const tell = (words: string) => {
    const then = rest === undefined ? NOTHING : REST;
    process.stderr.write(`${[words, then[locale], GONE[locale]].join("\n")}\n`);
    process.exitCode = 1;
  };
  try {
    const said = await runOnce(host, program.command("delete"), `${program.text}${rest?.id ?? ""}\n`, BOUND);
    if (!proves(said.stdout, program.proof)) tell(findingInWords(unprovenFinding(host, said), locale));
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    const finding = connectionFinding(error);
    if (!finding.mild) tell(findingInWords(finding, locale));
  }
}
