import { lastDue, nextDue } from "../../../config/values/cron";
import { type Failure, lastFailure } from "../account/failure";
import { readIfThere } from "../account/files";
import { isRunning } from "../account/lock";
import {
  causeOf,
  type Day,
  type Doubt,
  type Fact,
  type Job,
  type JobStatus,
  type JobVerb,
  type Proof,
  type SiteImport,
} from "../facts";
import { firstImportEnded, lastDownload, lastJob } from "./job";
import type { Home } from "./run";
import { ofLastRepair, surroundingsOf } from "./surroundings";
import { unprovenOf } from "./unproven";

/** A run that was due may begin this much later, where the machine is busy. */
const LATE_MS = 10 * 60_000;

/** How things stand; times are ISO 8601, days YYYY-MM-DD. */
export interface Health {
  ok: boolean;
  instance: string;
  checkedAt: string;
  /** A run holds the lock now. */
  running: boolean;
  firstImport: {
    state: "done" | "running" | "unfinished" | "not started";
    done: number;
    expected: number;
    sites: SiteImport[];
    current: { site: string; group: string } | null;
  } | null;
  last: Partial<Record<JobVerb, LastJob>>;
  next: { daily: string | null; weekly: string | null };
  /** How complete the last download by date is. */
  proof: ProofReport | null;
  /** What is wrong. */
  problems: Fact[];
}

interface ProofReport {
  window_from: Day;
  window_to: Day;
  proven: boolean;
  sites: {
    site: string;
    t0: string;
    expected: number;
    unproven: { site: string; taxo: number; group: string; unit: string; short: string }[];
    references: string[];
    rows: number;
    doubts: Doubt[];
    proven: boolean;
  }[];
}

interface LastJob {
  status: JobStatus;
  startedAt: string;
  endedAt: string | null;
  message: string | null;
  log: string | null;
  repair: { inserted: number; updated: number; deleted: number; set_aside: number } | null;
}

/** @param imported how far the first import of each site is; null: nothing says which sites there are */
export async function healthOf(
  home: Home,
  now: Date,
  imported: () => Promise<SiteImport[] | null>,
): Promise<Health> {
  const { names, schedule } = home.host;
  const next = (expression: string) => nextDue(expression, now)?.toISOString() ?? null;
  const health: Health = {
    ok: false,
    instance: names.instance,
    checkedAt: now.toISOString(),
    running: isRunning(home.paths),
    firstImport: null,
    last: {},
    next: { daily: next(schedule.daily), weekly: next(schedule.weekly) },
    proof: null,
    problems: [],
  };
  const jobs: Partial<Record<JobVerb, Job>> = {};
  let download: Job | undefined;
  let around: Fact[] = [];
  try {
    for (const verb of ["init", "daily", "weekly", "repair"] as const) {
      const job = await lastJob(home.db, verb);
      if (job) {
        jobs[verb] = job;
        health.last[verb] = summaryOf(job, health.running);
      }
    }
    const sites = await imported();
    health.firstImport = sites && (await importOf(home, sites, jobs.init, health.running));
    download = await lastDownload(home.db);
    health.proof = proofReport(proofsOf(download));
    around = await surroundingsOf(home.db);
  } catch (error) {
    health.problems.push({ fact: "databaseDown", cause: causeOf(error) });
    return health;
  }
  health.problems.push(...problemsOf(home, health, jobs, download, now), ...around);
  health.ok = health.problems.length === 0;
  return health;
}

function proofsOf(job: Job | undefined): Proof[] {
  return (job?.sites ?? []).flatMap(({ proof }) => proof ?? []);
}

/** In the words that monitoring tools know. */
function proofReport(proofs: readonly Proof[]): ProofReport | null {
  const window = proofs[0]?.window;
  if (!window) return null;
  return {
    window_from: window.from,
    window_to: window.to,
    proven: proofs.every((one) => one.proven),
    sites: proofs.map(({ site, since, expected, unproven, missing, rows, doubts, proven }) => ({
      site,
      t0: since,
      expected,
      unproven: unproven.map(({ taxoGroup, groupName, unit, shortName }) => ({
        site,
        taxo: taxoGroup,
        group: groupName,
        unit,
        short: shortName,
      })),
      references: missing,
      rows,
      doubts,
      proven,
    })),
  };
}

function summaryOf(job: Job, running: boolean): LastJob {
  const { repair } = job;
  return {
    status: job.status === "running" && !running ? "failed" : job.status,
    startedAt: job.startedAt.toISOString(),
    endedAt: job.endedAt?.toISOString() ?? null,
    message: job.message,
    log: job.log,
    repair: repair && {
      inserted: repair.inserted,
      updated: repair.updated,
      deleted: repair.deleted,
      set_aside: repair.setAside,
    },
  };
}

async function importOf(
  home: Home,
  sites: SiteImport[],
  last: Job | undefined,
  running: boolean,
): Promise<Health["firstImport"]> {
  const done = sites.reduce((sum, site) => sum + site.done, 0);
  const expected = sites.reduce((sum, site) => sum + site.expected, 0);
  const under = running && last?.endedAt === null;
  // Once ended it stays so: a group that the portal adds later is imported beside the daily work.
  const whole =
    sites.every((site) => site.expected > 0) &&
    ((await firstImportEnded(home.db)) || sites.every((site) => site.done === site.expected));
  const asked = last !== undefined || readIfThere(home.paths.importAsked) !== undefined;
  return {
    state: under ? "running" : whole ? "done" : asked ? "unfinished" : "not started",
    done,
    expected,
    sites,
    current: under ? (last?.progress ?? null) : null,
  };
}

function problemsOf(
  home: Home,
  health: Health,
  jobs: Partial<Record<JobVerb, Job>>,
  download: Job | undefined,
  now: Date,
): Fact[] {
  const importState = health.firstImport?.state;
  if (importState === "running") return [];
  if (importState !== "done") return [{ fact: "importUnfinished" }];
  const problems: Fact[] = [];
  const importEnded = jobs.init?.endedAt ?? null;
  const failure = lastFailure(home.paths);
  for (const verb of ["daily", "weekly"] as const) {
    const job = jobs[verb];
    const due = lastDue(home.host.schedule[verb], new Date(now.getTime() - LATE_MS));
    // A run that was due before there was anything to check was not missed.
    const dueNow =
      due && (importEnded === null || due > importEnded) && (job !== undefined || importEnded !== null);
    // Another run held the lock.
    const waited =
      due && Object.values(jobs).some((one) => one.startedAt <= due && (one.endedAt ?? now) >= due);
    if (dueNow && !waited && (!job || job.startedAt < due)) problems.push({ fact: "late", verb });
    const last = health.last[verb];
    // A later run makes up for one that broke off (the daily one for a weekly one too), not for a refusal.
    const other = jobs[verb === "daily" ? "weekly" : "daily"];
    const madeUp = job && other && other.id > job.id && ["done", "partial"].includes(other.status);
    if (last?.status === "failed" && (!madeUp || last.repair !== null))
      problems.push({ fact: "lastFailed", verb, message: saidOf(last.message, failure, verb) });
  }
  // One that could not even write down that it began.
  if (failure && !problems.some((one) => one.fact === "lastFailed" && one.message === failure.message)) {
    const since = Object.values(jobs).some((job) => job.startedAt.toISOString() > failure.at);
    if (!since && isVerb(failure.verb))
      problems.push({ fact: "lastFailed", verb: failure.verb, message: failure.message });
  }
  if (!health.running) problems.push(...unprovenOf(home, download));
  problems.push(...ofLastRepair(Object.values(jobs)));
  const newest = [jobs.daily, jobs.weekly]
    .filter((job) => job?.endedAt)
    .sort((a, b) => (a?.id ?? 0) - (b?.id ?? 0))
    .pop();
  const sites = newest?.sites ?? [];
  for (const { site, updated } of sites) if (updated === false) problems.push({ fact: "updateFailed", site });
  for (const { site, extrasFailed: controllers } of sites)
    if (controllers.length > 0) problems.push({ fact: "extrasFailed", site, controllers });
  return problems;
}

/** Why a job failed: as it said, or as the host has kept it where the database could not be told. */
function saidOf(message: string | null, failure: Failure | undefined, verb: JobVerb): string {
  if (message !== null && message !== "killed") return message;
  return failure?.verb === verb ? failure.message : "";
}

function isVerb(name: string): name is JobVerb {
  return ["init", "daily", "weekly", "repair"].includes(name);
}
