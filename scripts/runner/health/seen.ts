import { isRunning } from "../account/lock";
import type { Job, JobVerb, SiteImport } from "../facts";
import { firstImportEnded, lastDownload, lastJob } from "../run/job";
import type { Home } from "../run/run";
import type { CauseFact } from "../text";
import { type ImportReport, importReport } from "./report";

/** What was looked at to say how things stand; each room of `health/` says what of it is wrong. */
export interface Seen {
  home: Home;
  now: Date;
  /** A run holds the lock now. */
  running: boolean;
  /** The newest job of each verb. */
  jobs: Partial<Record<JobVerb, Job>>;
  /** The newest job that says how complete a download is. */
  download: Job | undefined;
  firstImport: ImportReport | null;
}

/** What of it keeps status from OK. A statement that the database refuses is told by whoever asks. */
export type Look = (seen: Seen) => CauseFact[] | Promise<CauseFact[]>;

/** @param imported how far the first import of each site is; null: nothing says which sites there are */
export async function see(
  home: Home,
  now: Date,
  imported: () => Promise<SiteImport[] | null>,
): Promise<Seen> {
  const running = isRunning(home.paths);
  const jobs: Seen["jobs"] = {};
  for (const verb of ["init", "daily", "weekly", "repair"] as const) {
    const job = await lastJob(home.db, verb);
    if (job) jobs[verb] = job;
  }
  const sites = await imported();
  const ended = await firstImportEnded(home.db);
  const firstImport = sites && importReport(home, sites, ended, jobs.init, running);
  return { home, now, running, jobs, download: await lastDownload(home.db), firstImport };
}
