import * as pulumi from "@pulumi/pulumi";
import { findings, type Look } from "../../config/checks";
import type { Names } from "../../config/names";
import { HOST_CHECKS } from "./checks";
import { absentOn, lookAtHost, type MailWanted } from "./facts";
import type { Where } from "./where";

/**
 * All that is wrong with the host of a stack, and what is not there. Where the old host is gone, one of which nothing
 * can be seen is told, and stops nothing: `destroy` may be under way without it.
 */
export async function hostLook(
  { host, oldHostGone }: Where,
  names: Names,
  adopt: boolean,
  mail: MailWanted,
): Promise<Look> {
  const access = await new Promise<Parameters<typeof lookAtHost>[0]>((resolve) => {
    pulumi.output(host).apply(resolve);
  });
  const facts = await lookAtHost(access, names, adopt, mail);
  if ("wrong" in facts) return { found: [{ ...facts, mild: facts.mild || oldHostGone }], absent: [] };
  return { found: await findings(HOST_CHECKS, facts), absent: absentOn(facts) };
}
