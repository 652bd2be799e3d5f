import { lastDue } from "../../../config/values/cron";
import { type Failure, lastFailure } from "../account/failure";
import type { JobVerb } from "../facts";
import type { CauseFact } from "../text";
import { lastJobReport } from "./report";
import type { Look, Seen } from "./seen";

/** A run that was due may begin this much later, where the machine is busy. */
const LATE_MS = 10 * 60_000;

/** Runs that were due and did not start, and those that failed or could not even write down that they began. */
export const jobsLook: Look = (seen) => {
  const { home, jobs } = seen;
  const problems: CauseFact[] = [];
  const failure = lastFailure(home.paths);
  for (const verb of ["daily", "weekly"] as const) {
    const job = jobs[verb];
    if (isLate(seen, verb)) problems.push({ fact: "late", verb });
    const last = job && lastJobReport(job, seen.running);
    // A later run makes up for one that broke off (the daily one for a weekly one too), not for a refusal.
    const other = jobs[verb === "daily" ? "weekly" : "daily"];
    const madeUp = job && other && other.id > job.id && ["done", "partial"].includes(other.status);
    if (last?.status === "failed" && (!madeUp || last.repair !== null))
      problems.push({ fact: "lastFailed", verb, message: saidOf(last.message, failure, verb) });
  }
  if (failure && !problems.some((one) => one.fact === "lastFailed" && one.message === failure.message)) {
    const since = Object.values(jobs).some((job) => job.startedAt.toISOString() > failure.at);
    if (!since && isVerb(failure.verb))
      problems.push({ fact: "lastFailed", verb: failure.verb, message: failure.message });
  }
  return problems;
};

function isLate({ home, now, jobs }: Seen, verb: "daily" | "weekly"): boolean {
  const importEnded = jobs.init?.endedAt ?? null;
  const job = jobs[verb];
  const due = lastDue(home.host.schedule[verb], new Date(now.getTime() - LATE_MS));
  if (!due || (job && job.startedAt >= due)) return false;
  // One that was due before there was anything to check was not missed.
  if (importEnded === null ? job === undefined : due <= importEnded) return false;
  // Another run held the lock.
  return !Object.values(jobs).some((one) => one.startedAt <= due && (one.endedAt ?? now) >= due);
}

/** Why a job failed: as it said, or as the host has kept it where the database could not be told. */
function saidOf(message: string | null, failure: Failure | undefined, verb: JobVerb): string {
  if (message !== null && message !== "killed") return message;
  return failure?.verb === verb ? failure.message : "";
}

function isVerb(name: string): name is JobVerb {
  return ["init", "daily", "weekly", "repair"].includes(name);
}
