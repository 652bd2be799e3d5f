/** What the runner speaks of, as plain values: words are put on them last, in `text/`. */

import type { MailFact } from "./mailFacts";
import type { PartsFailed, RowsNotStored } from "./parts";
import type { Problem } from "./problems";
import type { Day, JobSite, Proof, Window } from "./proofs";
import type { RepairProblem } from "./repairProblem";

export * from "./mailFacts";
export * from "./parts";
export * from "./problems";
export * from "./proofs";
export * from "./repairProblem";

/** The runner's exit codes, for cron and for people. */
export const EXIT = { done: 0, failed: 1, partial: 2, busy: 75 } as const;
export type ExitCode = number;

export type RunVerb = "init" | "daily" | "weekly" | "repair";
export type JobVerb = RunVerb | "dry run";
export type JobStatus = "running" | "done" | "partial" | "failed";

/** How much the repair compares: what the journal names; all observations too; all tables, by content. */
export type RepairMode = "journal" | "whole" | "contents";

/** What the repair says of a run of its own. */
export interface RepairResult {
  run: number | null;
  status: "done" | "partial" | "refused" | "busy" | "failed";
  message: string | null;
  problems: RepairProblem[];
  inserted: number;
  updated: number;
  deleted: number;
  setAside: number;
  byTable: Record<string, Record<string, number>>;
}

/** How far a site's first import is, in groups and units. */
export interface SiteImport {
  site: string;
  done: number;
  /** Of those that lack, the ones that were asked for and did not come: gone on without, and come back to. */
  failed: number;
  /** 0: nobody knows yet which there are. */
  expected: number;
}

/** Where a first import is. */
export interface Progress {
  site: string;
  group: string;
  done: number;
  expected: number;
}

/** A run of vn-check. */
export interface Job {
  id: number;
  verb: JobVerb;
  status: JobStatus;
  startedAt: Date;
  endedAt: Date | null;
  sites: JobSite[];
  /** What the repair that followed wrote to main; null: there was none. */
  repair: Pick<RepairResult, "inserted" | "updated" | "deleted" | "setAside"> | null;
  progress: Progress | null;
  log: string | null;
  message: string | null;
  /** What kept it from bringing all, as it knew when it ended; read back from the database. */
  causes: Fact[];
}

/** The last run of the repair that has ended, whoever called it. */
export interface LastRepair {
  id: number;
  /** The job that it was for. */
  job: number | null;
  status: "done" | "partial" | "refused" | "failed" | "interrupted";
  message: string | null;
  problems: RepairProblem[];
  viewsError: string | null;
}

/** Why a row could not be written; why a difference is left to people. */
export type AsideCause = "refused" | "dropped" | "locked";
export type HeldCause =
  | "deleted in main"
  | "lost by others"
  | "deleted by a run"
  | "unseen"
  | "deletion reported"
  | "newer in main"
  | "deleted by hand"
  | "over the cap"
  | "unknown site"
  | "site too long";

/** What the runner needs to know of Client-API-VN's configuration. Every value is text, as strictyaml has it. */
export interface EvnConfig {
  /** Names of the enabled sites, in the file's order. */
  sites: string[];
  /** Names of the enabled controllers. */
  controllers: string[];
  taxoExclude: string[];
  /** short_name of the territorial units; empty: all. */
  units: string[];
  endDate: string | undefined;
  /** Values that no log may show. */
  secrets: string[];
}

/** The portal asked to be left alone (HTTP 429, or 503 with Retry-After) for longer than a job waits. */
export interface PortalLimit {
  status: number;
  /** Seconds that were waited, or that it asked for where that is beyond any wait. */
  waited: number;
  asked: number | null;
}

/** Why a client process did not end well: what a controller said, or how the process itself ended. */
export type ClientFailure =
  | ({ kind: "portal" } & PortalLimit)
  | { kind: "controller"; controller: string; said: string }
  /** code null: by a signal. */
  | { kind: "died"; code: number | null; said: string };

/** What is said while working, or by `status`. */
export type Fact =
  | MailFact
  /** What comes after a job, such as the sending of mails. */
  | { fact: "followFailed"; cause: Problem | string }
  | { fact: "clientStarts"; site: string; mode: "full" | "update"; controllers: readonly string[] }
  | { fact: "clientFailed"; site: string; failure: ClientFailure }
  | { fact: "clientWithoutDatabase"; site: string; said: string }
  | { fact: "clientStopped"; site: string; why: "silence" | "overall"; seconds: number }
  | {
      fact: "attemptIncomplete";
      site: string;
      attempt: number;
      of: number;
      unproven: number;
      expected: number;
    }
  | { fact: "portalWaits"; site: string; status: number; seconds: number }
  | ({ fact: "portalLimits"; site: string } & PortalLimit)
  /** A client process ended otherwise than by saying what did not come. */
  | { fact: "clientFaulty"; site: string; said: string }
  | { fact: "databaseWaits"; cause: Problem; seconds: number }
  | { fact: "leftoverEnded"; pid: number }
  | { fact: "clientRebuilt" }
  | { fact: "datesPutBack"; sites: readonly string[] }
  | { fact: "window"; window: Window }
  | { fact: "gap"; since: Day }
  | { fact: "siteProven"; proof: Proof }
  | { fact: "siteUnproven"; proof: Proof }
  /** What a person wants to accept is not doubted; `doubted`: what is, as the option takes it. */
  | { fact: "notDoubted"; named: string; doubted: readonly string[] }
  /** The job ended before it could look how complete the download is. */
  | { fact: "brokenOff"; site: string }
  | { fact: "updateFailed"; site: string }
  | ({ fact: "partsFailed" } & PartsFailed)
  | ({ fact: "rowsNotStored" } & RowsNotStored)
  | { fact: "extrasFailed"; site: string; controllers: readonly string[] }
  | { fact: "nextDailyGoesOn" }
  | { fact: "repaired"; result: RepairResult; dryRun: boolean }
  | { fact: "repairNotDone"; result: RepairResult }
  | { fact: "repairProblem"; problem: RepairProblem }
  | { fact: "importUnderWay" }
  | { fact: "importNothingToDo" }
  | { fact: "importInBackground"; logs: string }
  | { fact: "importGroup"; progress: Progress; from: Day }
  | { fact: "importGroupFailed"; site: string; group: string }
  | { fact: "importEnded"; done: number }
  | { fact: "importPartial"; done: number; expected: number }
  | { fact: "busy" }
  | { fact: "importUnfinished" }
  | { fact: "late"; verb: "daily" | "weekly" }
  /** cause null: nobody could write it down. */
  | { fact: "lastFailed"; verb: RunVerb; cause: Problem | string | null }
  /** The first import is under way: nothing is known to be whole. */
  | { fact: "importRuns"; done: number; expected: number }
  /** Groups whose last update is too long ago; `since`: the oldest one's day, null: there has been none. */
  | { fact: "updateOld"; site: string; groups: number[]; since: Day | null }
  /** No whole comparison has come to its end yet. */
  | { fact: "neverCompared" }
  /** The last run of the repair did not end well. */
  | { fact: "repairStands"; status: "refused" | "failed" | "interrupted"; message: string | null }
  /** Rows that could not be written, and one of their tables and errors. */
  | { fact: "rowsAside"; cause: AsideCause; rows: number; table: string; sqlstate: string | null }
  | { fact: "rowsHeld"; cause: HeldCause; rows: number }
  /** Lines that cron's file lacks. */
  | { fact: "scheduleOff"; path: string; lines: string[] }
  /** Tables and routines that the login may not use any more. */
  | { fact: "rightsGone"; names: string[] }
  /** A right, or main's table, is not as a run needs it. */
  | { fact: "runFault"; problem: string; remedy: string }
  /** Triggers of ours that are missing, off or not in force always. */
  | { fact: "watchOff"; problem: string; remedy: string }
  /** A time in which deletions from main, or changes of check, may have gone unseen. */
  | {
      fact: "blindSpell";
      id: number;
      ofMain: boolean;
      reason: string;
      since: string;
      until: string;
      /** Rows that are held back for such times. */
      held: number;
      /** SQL that gives them free. */
      release: string;
    }
  | { fact: "viewsNotRefreshed"; cause: string }
  | { fact: "databaseDown"; cause: Problem | string }
  /** Nothing can be written down on the host: what is recorded may be of before. */
  | { fact: "homeUnwritable"; cause: Problem | string }
  /** The client's configuration, by which each run works. */
  | { fact: "configUnusable"; cause: Problem | string }
  /** The files without which nothing else can be looked at. */
  | { fact: "accountUnusable"; cause: Problem | string };

/** Facts that a person has to know at once, under cron too; the others are for those who look on. */
export const TOLD_AT_ONCE: ReadonlySet<Fact["fact"]> = new Set([
  "siteUnproven",
  "notDoubted",
  "portalLimits",
  "clientWithoutDatabase",
  "updateFailed",
  "partsFailed",
  "rowsNotStored",
  "extrasFailed",
  "nextDailyGoesOn",
  "repairNotDone",
  "repairProblem",
  "importGroupFailed",
  "importPartial",
  "mailNotSent",
  "mailsExpired",
]);
