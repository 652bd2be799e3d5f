import { EXIT, type ExitCode, type Fact, type RepairMode, type RepairResult } from "../facts";
import { factIn } from "../text";
import type { JobUnderWay } from "./job";
import { repairMain } from "./repair";
import type { Run } from "./run";

/** What did not end well beside the proofs. */
interface Outcome {
  updatesFailed: string[];
  extrasFailed: Record<string, string[]>;
}

/**
 * The end of a daily or weekly job: repair with what arrived (each row is valid by itself), say what
 * lacks, write it down, exit code. A download without proof makes the job partial.
 */
export async function finish(
  run: Run,
  job: JobUnderWay,
  mode: Exclude<RepairMode, "contents">,
  outcome: Outcome,
): Promise<ExitCode> {
  const result = await repairMain(run.db, { mode, proofs: job.proofs });
  run.say({ fact: "repaired", result, dryRun: false });
  const lacking: Fact[] = [];
  for (const proof of job.proofs) {
    if (proof.proven) run.say({ fact: "siteProven", proof });
    else lacking.push({ fact: "siteUnproven", proof });
  }
  for (const site of outcome.updatesFailed) lacking.push({ fact: "updateFailed", site });
  for (const [site, controllers] of Object.entries(outcome.extrasFailed))
    lacking.push({ fact: "extrasFailed", site, controllers });
  const incomplete = lacking.length > 0;
  if (incomplete) lacking.push({ fact: "nextDailyGoesOn" });
  if (result.status !== "done") lacking.push({ fact: "repairNotDone", result });
  for (const fact of lacking) run.say(fact);
  const status = statusOf(result, incomplete);
  const message = run.scrub(lacking.map((fact) => factIn(run.texts, fact)).join("\n"));
  await job.end({ status, message, ...outcome, repair: { result, mode, dryRun: false } });
  return EXIT[status];
}

function statusOf(result: RepairResult, incomplete: boolean): "done" | "partial" | "failed" {
  if (result.status === "refused" || result.status === "busy") return "failed";
  return incomplete || result.status === "partial" ? "partial" : "done";
}
