import type {
  ClientFailure,
  Fact,
  JobStatus,
  NoDatabase,
  NoMail,
  PortalLimit,
  Problem,
  Proof,
  Refusal,
} from "../../facts";

/** Facts that only `status` tells. */
type StatusOnly =
  | "clientFaulty"
  | "importRuns"
  | "updateOld"
  | "neverCompared"
  | "repairStands"
  | "rowsAside"
  | "rowsHeld"
  | "runFault"
  | "scheduleOff"
  | "rightsGone"
  | "homeUnwritable"
  | "configUnusable";
export type StatusWords = Pick<Texts["fact"], StatusOnly>;

/** What the runner says in one language: a word for every fact and every problem. */
export interface Texts {
  fact: { [K in Fact["fact"]]: (fact: Extract<Fact, { fact: K }>) => string };
  problem: { [K in Problem["key"]]: (problem: Extract<Problem, { key: K }>) => string };
  /** What to do where the database is not to be had. */
  noDatabase: Record<NoDatabase, string>;
  /** … and where it refuses a statement. */
  refusal: Record<Refusal, string>;
  /** What a repair has done to rows of a table, by the database's word for it. */
  written(table: string, counts: readonly (readonly [action: string, rows: number])[]): string;
  /** What to do where a mail does not leave. */
  noMail: Record<NoMail, string>;
  /** The screen of `status`. */
  status: Record<
    | "ok"
    | "ko"
    | "unknown"
    | "firstImport"
    | "daily"
    | "weekly"
    | "repair"
    | "never"
    | "running"
    | "todo"
    | "title",
    string
  > & {
    importState: Record<"done" | "running" | "unfinished" | "not started", string>;
    next: Record<"daily" | "weekly", string>;
    downloads(done: number, expected: number): string;
    ended: Record<JobStatus, string>;
  };
  help: Record<
    | "program"
    | "codes"
    | "init"
    | "background"
    | "daily"
    | "weekly"
    | "watch"
    | "repair"
    | "dryRun"
    | "all"
    | "accept"
    | "status"
    | "json"
    | "verbose"
    | "acceptDownload"
    | "fullTwoWeeks"
    | "config"
    | "service",
    string
  >;
}

export function factIn(texts: Texts, fact: Fact): string {
  return (texts.fact[fact.fact] as (fact: Fact) => string)(fact);
}

function problemIn(texts: Texts, problem: Problem): string {
  return (texts.problem[problem.key] as (problem: Problem) => string)(problem);
}

/** The text of what `causeOf` makes of an error. */
export function causeIn(texts: Texts, cause: Problem | string): string {
  return typeof cause === "string" ? cause : problemIn(texts, cause);
}

export function list(names: readonly string[]): string {
  return names.join(", ");
}

/** Up to ten of the groups and units that lack proof, as `group/unit`. */
export function unprovenList(proof: Proof): string {
  const names = proof.unproven.slice(0, 10).map((one) => `${one.taxoGroup}/${one.unit}`);
  return names.join(" ") + (proof.unproven.length > 10 ? " …" : "");
}

/** What a client process said of its failure; one that said nothing, and the portal's limits, are worded here. */
export function failureIn(
  failure: ClientFailure,
  words: {
    died(code: number | null, said: string): string;
    portal(limit: PortalLimit): string;
    controller(name: string, said: string): string;
  },
): string {
  switch (failure.kind) {
    case "controller":
      return words.controller(failure.controller, failure.said);
    case "portal":
      return words.portal(failure);
    case "died":
      return words.died(failure.code, failure.said);
  }
}

/** What an HTTP status means that asks to be left alone. */
export function limitIn(status: number, tooMany: string, away: string): string {
  return `HTTP ${status} (${status === 429 ? tooMany : away})`;
}
