import * as pulumi from "@pulumi/pulumi";
import { type Finding, findings } from "../../config/checks";
import type { Names } from "../../config/names";
import { HOST_CHECKS } from "./checks";
import { lookAtHost } from "./facts";
import type { Where } from "./where";

/** All that is wrong with the host of a stack. */
export async function hostFindings(
  { host }: Where,
  names: Names,
  adopt: boolean,
  mailTo: string,
): Promise<Finding[]> {
  const access = await new Promise<Parameters<typeof lookAtHost>[0]>((resolve) => {
    pulumi.output(host).apply(resolve);
  });
  const facts = await lookAtHost(access, names, adopt, mailTo);
  return "wrong" in facts ? [facts] : await findings(HOST_CHECKS, facts);
}
