import type { Run } from "../context";
import { EXIT } from "../errors";
import type { Proof } from "../proof";
import type { Detail, RunRecord, Status } from "../record";
import { type RepairSummary, repairMain } from "../repairCall";

/** What did not end well beside the proof. */
export interface Outcome {
  updatesFailed: string[];
  extrasFailed: Record<string, string[]>;
}

/**
 * The end of a daily or weekly run: repair with what arrived (each row is valid by itself), say what
 * lacks, record, exit code. A download without proof makes the run partial.
 */
export async function finish(
  run: Run,
  record: RunRecord,
  mode: "daily" | "weekly",
  proof: Proof | null,
  outcome: Outcome,
): Promise<number> {
  const { log, texts } = run;
  if (proof) await record.update({ proof });
  const summary = await repairMain(run, { mode, proof });
  log.info(texts.repair(summary, false));
  const said: string[] = [];
  for (const site of proof?.sites ?? []) {
    if (site.proven) log.info(texts.siteProven(site));
    else said.push(texts.siteUnproven(site));
  }
  for (const site of outcome.updatesFailed) said.push(texts.updateFailed(site));
  for (const [site, names] of Object.entries(outcome.extrasFailed))
    said.push(texts.extrasFailed(site, names));
  if (said.length > 0) said.push(texts.nextDailyGoesOn);
  if (summary.status !== "done") said.push(texts.repairRefused(summary));
  for (const text of said) log.problem(text);
  const status = statusOf(summary, said.length > 0);
  const detail: Detail = { ...outcome, mode, repair: { ...summary }, message: run.scrub(said.join("\n")) };
  await record.end(status, detail, summary.run_id ?? undefined);
  return EXIT[status];
}

function statusOf(summary: RepairSummary, incomplete: boolean): Exclude<Status, "running"> {
  if (summary.status === "refused" || summary.status === "busy") return "failed";
  return incomplete || summary.status === "partial" ? "partial" : "done";
}
