import type { Finding } from "../../config/checks";
import type { Names } from "../../config/names";
import type { StackConfig } from "../../config/schema";
import { programOf, proves } from "../render/command";
import { BEGIN, FACT, probe } from "../render/probe";
import { runOnce } from "./run";
import { NoConnection } from "./ssh";
import { connectionFinding, deafFinding, heldFinding, unprovenFinding } from "./words";

/** Which mails are to leave a host. */
export interface MailWanted {
  /** Where cron sends what the jobs print; empty for nowhere. */
  cron: string;
  /** The same of `fct_fix_sync`, by that program or server. */
  to: string;
  sendmail: string;
  smtp?: string;
}

const NO_MAIL: MailWanted = { cron: "", to: "", sendmail: "" };

/** What was found on a host, by the names that the probe gives. */
export interface HostFacts {
  host: StackConfig["host"];
  names: Names;
  /** Takes over what is there under the names. */
  adopt: boolean;
  mail: MailWanted;
  /** Milliseconds since 1970 here, when the host told its own. */
  here: number;
  /** The text of a fact, empty where it is not known. */
  fact(name: string): string;
  is(name: string): boolean;
}

/** Seconds for the probe: a host whose name service or disk sleeps takes its time. */
const PROBE = 120;

/** Looks at a host, changing nothing there. @returns what is there, or why nothing could be seen */
export async function lookAtHost(
  host: StackConfig["host"],
  names: Names,
  adopt: boolean,
  mail: MailWanted = NO_MAIL,
): Promise<HostFacts | Finding> {
  const program = programOf({ create: probe(names, mail.sendmail) }, "probe");
  try {
    const said = await runOnce(host, program.command("create"), program.text, PROBE);
    if (!proves(said.stdout, program.proof)) return unprovenFinding(host, said);
    if (said.held) return heldFinding(host);
    const lines = said.stderr.split("\n");
    const begin = lines.lastIndexOf(BEGIN);
    if (begin < 0) return deafFinding(host);
    const facts = new Map(
      lines
        .slice(begin)
        .filter((line) => line.startsWith(FACT))
        .map((line) => {
          const [name, ...text] = line.slice(FACT.length).split("=");
          return [name as string, text.join("=").trim()];
        }),
    );
    const fact = (name: string) => facts.get(name) ?? "";
    return { host, names, adopt, mail, here: Date.now(), fact, is: (name) => fact(name) === "yes" };
  } catch (error) {
    if (error instanceof NoConnection) return connectionFinding(error);
    throw error;
  }
}

/** Names of what an `up` makes first on a host, and what is not there. */
export function absentOn({ fact, names }: HostFacts): string[] {
  const { account, home, marker } = names;
  return [
    ...(fact("marker") === "" ? [marker] : []),
    ...(fact("account") === "" ? [account] : []),
    ...(fact("home") === "absent" ? [home] : []),
  ];
}
