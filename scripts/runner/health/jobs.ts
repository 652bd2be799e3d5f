import { lastDue } from "../../../config/values/cron";
import { type Failure, failures } from "../account/failure";
import type { Job, Problem } from "../facts";
import { type CauseFact, isCause } from "../text";
import type { Look, Seen } from "./seen";

/** A run that was due may begin this much later, where the machine is busy. */
const LATE_MS = 10 * 60_000;

/** Runs that were due and did not start, and those that failed or could not even write down that they began. */
export const jobsLook: Look = (seen) => {
  const { home, jobs } = seen;
  const problems: CauseFact[] = [];
  const kept = failures(home.paths);
  for (const verb of ["daily", "weekly"] as const) {
    const due = missed(seen, verb);
    // One that failed before the database could be told did start.
    if (due && !isSince(kept[verb], due)) problems.push({ fact: "late", verb });
    const job = seen.ended[verb];
    // What a repair could not do is told for as long as no other has done it.
    if (job?.status !== "failed" || job.repair !== null || isMadeUp(seen, verb, job)) continue;
    problems.push({ fact: "lastFailed", verb, cause: whyFailed(job, kept[verb]) });
  }
  for (const { verb, at, cause, unrecorded } of Object.values(kept)) {
    if (problems.some((one) => one.fact === "lastFailed" && one.verb === verb)) continue;
    const others = verb === "weekly" && unrecorded ? [jobs.weekly] : Object.values(jobs);
    if (!others.some((job) => job && job.startedAt.toISOString() > at))
      problems.push({ fact: "lastFailed", verb, cause });
  }
  return problems;
};

function isSince(failure: Failure | undefined, due: Date): boolean {
  return failure !== undefined && failure.at >= due.toISOString();
}

/** When a run was due that has not begun. */
function missed({ home, now, jobs }: Seen, verb: "daily" | "weekly"): Date | undefined {
  const importEnded = jobs.init?.endedAt ?? null;
  const job = jobs[verb];
  const due = lastDue(home.host.schedule[verb], new Date(now.getTime() - LATE_MS));
  if (!due || (job && job.startedAt >= due)) return undefined;
  // One that was due before there was anything to check was not missed.
  if (importEnded === null ? job === undefined : due <= importEnded) return undefined;
  // Another run held the lock.
  const busy = Object.values(jobs).some((one) => one.startedAt <= due && (one.endedAt ?? now) >= due);
  return busy ? undefined : due;
}

/** A later run makes up for one that broke off, the daily one for a weekly one too; for a repair, any other. */
function isMadeUp({ ended, repair }: Seen, verb: "daily" | "weekly", job: Job): boolean {
  const other = ended[verb === "daily" ? "weekly" : "daily"];
  if (other && other.id > job.id && ["done", "partial"].includes(other.status)) return true;
  const cause = kept(job);
  if (typeof cause !== "object" || cause?.key !== "repairFailed") return false;
  return repair !== undefined && repair.job !== job.id && ["done", "partial"].includes(repair.status);
}

/** Why a job failed: as it said, or as the host has kept it where the database could not be told. */
export function whyFailed(job: Job, failure: Failure | undefined): Problem | string | null {
  const said = kept(job);
  if (said !== undefined) return said;
  if (job.message !== null && job.message !== "killed") return job.message;
  return failure && failure.at > job.startedAt.toISOString() ? failure.cause : null;
}

function kept({ causes }: Job): Problem | string | null | undefined {
  return causes.filter(isCause).find((one) => one.fact === "lastFailed")?.cause;
}
