import { EXIT, type ExitCode, type Fact, type RepairMode, type RepairResult } from "../facts";
import { factIn } from "../text";
import { endJob, jobSites } from "./job";
import { openParts, withParts } from "./openParts";
import { repairMain } from "./repair";
import type { Run } from "./run";

/**
 * The end of a daily or weekly job: repair with what arrived (each row is valid by itself), say what
 * lacks, write it down, exit code. A download without proof makes the job partial.
 */
export async function finish(
  run: Run,
  job: number,
  mode: Exclude<RepairMode, "contents">,
): Promise<ExitCode> {
  const result = await repairMain(run.db, { mode, job });
  run.say({ fact: "repaired", result, dryRun: false });
  const sites = await jobSites(run.db, job);
  let lacking: Fact[] = [];
  for (const { proof } of sites) {
    if (proof?.proven) run.say({ fact: "siteProven", proof });
    else if (proof) lacking.push({ fact: "siteUnproven", proof });
  }
  const lacks = (of: string) =>
    sites.some(
      ({ site, proof, updated, extrasFailed }) =>
        site === of && (proof?.proven === false || updated === false || extrasFailed.length > 0),
    );
  const causes = [...run.causes.values()].filter(({ site }) => lacks(site));
  lacking.push(...causes);
  for (const { site, updated } of sites) if (updated === false) lacking.push({ fact: "updateFailed", site });
  for (const { site, extrasFailed: controllers } of sites)
    if (controllers.length > 0) lacking.push({ fact: "extrasFailed", site, controllers });
  lacking = withParts(lacking, await openParts(run.db, run.evn.sites));
  const incomplete = lacking.length > 0;
  if (incomplete) lacking.push({ fact: "nextDailyGoesOn" });
  if (result.status !== "done") lacking.push({ fact: "repairNotDone", result });
  for (const problem of result.problems) lacking.push({ fact: "repairProblem", problem });
  for (const fact of lacking) run.say(fact);
  const status = statusOf(result, incomplete);
  const message = run.scrub(lacking.map((fact) => factIn(run.texts, fact)).join("\n"));
  await endJob(run.db, job, { status, message, repairRun: result.run, causes });
  return EXIT[status];
}

function statusOf(result: RepairResult, incomplete: boolean): "done" | "partial" | "failed" {
  if (["refused", "busy", "failed"].includes(result.status)) return "failed";
  return incomplete || result.status === "partial" ? "partial" : "done";
}
