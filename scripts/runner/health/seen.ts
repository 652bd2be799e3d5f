import { isRunning } from "../account/lock";
import type { Job, LastRepair, RunVerb, Scope, SiteImport } from "../facts";
import { firstImportEnded, lastEndedDownload, lastJob, lastRepair } from "../run/job";
import type { Home } from "../run/run";
import type { CauseFact } from "../text";
import { type ImportReport, importReport } from "./report";

/** What was looked at to say how things stand; each file of `health/` says what of it is wrong. */
export interface Seen {
  home: Home;
  now: Date;
  /** A run holds the lock now. */
  running: boolean;
  /** The enabled sites, with the client's filters; null: its configuration cannot be read. */
  scopes: readonly Scope[] | null;
  /** The newest job of each verb. */
  jobs: Partial<Record<RunVerb, Job>>;
  /** The newest of each that is over: one under way changes nothing of what is known. */
  ended: Partial<Record<RunVerb, Job>>;
  /** The newest job that is over and says how complete a download is. */
  download: Job | undefined;
  repair: LastRepair | undefined;
  firstImport: ImportReport | null;
  /** A first import has come to its end once. */
  imported: boolean;
}

/** What of it keeps status from OK. A statement that the database refuses is told by whoever asks. */
export type Look = (seen: Seen) => CauseFact[] | Promise<CauseFact[]>;

/** @param importOf how far the first import of each site is */
export async function see(
  home: Home,
  now: Date,
  scopes: readonly Scope[] | null,
  importOf: () => Promise<SiteImport[] | null>,
): Promise<Seen> {
  const running = isRunning(home.paths);
  const jobs: Seen["jobs"] = {};
  const ended: Seen["ended"] = {};
  for (const verb of ["init", "daily", "weekly", "repair"] as const) {
    const newest = await lastJob(home.db, verb);
    if (newest === undefined) continue;
    const killed = newest.endedAt === null && !running;
    const over = newest.endedAt || killed ? newest : await lastJob(home.db, verb, true);
    jobs[verb] = newest;
    if (over) ended[verb] = killed ? { ...over, status: "failed" } : over;
  }
  const sites = scopes && (await importOf());
  const imported = await firstImportEnded(home.db);
  const firstImport = sites && importReport(home, sites, imported, jobs.init, running);
  const download = await lastEndedDownload(home.db, !running);
  const repair = await lastRepair(home.db);
  return { home, now, running, scopes, jobs, ended, download, repair, firstImport, imported };
}

/** The newest daily or weekly run that is over and could say what it lacked. */
export function lastRun({ ended }: Seen): Job | undefined {
  return [ended.daily, ended.weekly]
    .filter((job) => job !== undefined)
    .filter(({ endedAt, message }) => endedAt !== null && message !== "killed")
    .sort((a, b) => a.id - b.id)
    .pop();
}
