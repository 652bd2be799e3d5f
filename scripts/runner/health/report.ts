import { readIfThere } from "../account/files";
import type { Day, Doubt, Job, JobStatus, Proof, SiteImport } from "../facts";
import type { Home } from "../run/run";

// What `status --json` says of jobs, proofs and the first import, in the words that monitoring tools know.

export interface ProofReport {
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

export interface LastJob {
  status: JobStatus;
  startedAt: string;
  endedAt: string | null;
  message: string | null;
  log: string | null;
  repair: { inserted: number; updated: number; deleted: number; set_aside: number } | null;
}

export interface ImportReport {
  state: "done" | "running" | "unfinished" | "not started";
  done: number;
  expected: number;
  sites: SiteImport[];
  current: { site: string; group: string } | null;
}

export function proofReport(download: Job | undefined): ProofReport | null {
  const proofs: Proof[] = (download?.sites ?? []).flatMap(({ proof }) => proof ?? []);
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

export function lastJobReport(job: Job, running: boolean): LastJob {
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

/** @param ended whether a first import has ever come to its end: a group that the portal adds later changes nothing of it */
export function importReport(
  home: Home,
  sites: SiteImport[],
  ended: boolean,
  last: Job | undefined,
  running: boolean,
): ImportReport {
  const done = sites.reduce((sum, site) => sum + site.done, 0);
  const expected = sites.reduce((sum, site) => sum + site.expected, 0);
  const under = running && last?.endedAt === null;
  const whole =
    sites.every((site) => site.expected > 0) &&
    (ended || sites.every((site) => site.done > 0 && site.done + site.failed >= site.expected));
  const asked = last !== undefined || readIfThere(home.paths.importAsked) !== undefined;
  return {
    state: under ? "running" : whole ? "done" : asked ? "unfinished" : "not started",
    done,
    expected,
    sites,
    current: under ? (last?.progress ?? null) : null,
  };
}
