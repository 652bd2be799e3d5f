import * as pulumi from "@pulumi/pulumi";
import { findingInWords } from "../../config/checks";
import { type Program, proves } from "../render/command";
import { failure, isReal } from "./real";
import { runOnce } from "./run";
import { NoConnection } from "./ssh";
import type { Where } from "./where";
import { connectionFinding, unprovenFinding } from "./words";

/** What a command of the provider has left. */
interface Made {
  id: pulumi.Output<string>;
  stdout: pulumi.Output<string>;
}

/** Seconds of a second run: as long as a venv may take. */
const LONG = 1800;

/**
 * The identifier of a program's resource, once the program has proven that it ran to its end. The provider takes an
 * exit code of 0 for that, and the state keeps it: so a run without proof, now or at an earlier `up`, is made up
 * for here by another one, and fails this `up` where that proves nothing either.
 */
export function proven(
  made: Made,
  { where, program, stdin }: { where: Where; program: Program; stdin: pulumi.Output<string> },
): pulumi.Output<string> {
  if (!isReal()) return made.id;
  const checked = pulumi
    .all([made.id, made.stdout, stdin, pulumi.output(where.host)])
    .apply(async ([id, stdout, input, host]) => {
      if (proves(stdout, program.proof)) return id;
      const said = await runOnce(host, program.command("create"), input, LONG).catch((error) => {
        if (!(error instanceof NoConnection)) throw error;
        throw failure(findingInWords(connectionFinding(error), where.locale));
      });
      if (proves(said.stdout, program.proof)) return id;
      throw failure(findingInWords(unprovenFinding(host, said), where.locale));
    });
  // Nothing of the input is in it, and it goes into what is compared at each `up`.
  return pulumi.unsecret(checked);
}
