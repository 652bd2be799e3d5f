import type {
  AsideCause,
  Fact,
  HeldCause,
  NoDatabase,
  PartCause,
  Problem,
  Refusal,
  RepairProblem,
} from "../facts";
import type { CauseCode } from "./causes";

// Which cause each fact is for `status`. A new word of theirs does not compile without one.

type Code<T> = CauseCode | ((of: T) => CauseCode);

const NO_DATABASE: Record<NoDatabase, CauseCode> = {
  refused: "database-away",
  unreachable: "database-away",
  "unknown host": "database-away",
  stopping: "database-away",
  starting: "database-away",
  "too many connections": "database-connections",
  closed: "database-missing",
  password: "database-login",
  "not let in": "database-login",
  "no database": "database-missing",
  "session ended": "database-limit",
  pooler: "database-away",
  "no room": "database-full",
  other: "database-away",
};

const REFUSAL: Record<Refusal, CauseCode> = {
  "read-only": "database-read-only",
  "no room": "database-full",
  limited: "database-limit",
  rights: "database-rights",
  "not installed": "database-not-installed",
  cancelled: "database-locked",
  locked: "database-locked",
};

const refused = ({ why }: { why: Refusal | null }) => (why === null ? "database-refuses" : REFUSAL[why]);

const PROBLEM: { [K in Problem["key"]]: Code<Extract<Problem, { key: K }>> } = {
  noServiceFile: "service-file",
  noService: "service-file",
  noDatabase: ({ why }) => NO_DATABASE[why],
  databaseRefuses: refused,
  repairFailed: refused,
  locked: "database-locked",
  noPassword: "password-file",
  host: ({ why }) => (why === "full" ? "host-full" : "host-refuses"),
  noTriggers: "triggers-silent",
  noSettings: "settings-file",
  badSettings: "settings-file",
  notOwner: "settings-file",
  otherVersion: "upgrade-under-way",
  noConfig: "client-settings",
  endDate: "client-settings",
  noSites: "client-settings",
  controllersOff: "client-settings",
  clientRefused: "client-settings",
  clientStartsNot: "client-broken",
  noClient: "client-broken",
  noProgram: "client-broken",
  stillAlive: "host-refuses",
  noMail: "mail-unsent",
  stopped: "run-broken-off",
};

const REPAIR: Record<RepairProblem["problem"], CauseCode> = {
  "unknown site": "site-unknown",
  "site too long": "site-too-long",
  "no day of entry": "day-missing",
  "no unit": "unit-missing",
  "all refused": "repair-refused-rows",
  rights: "trigger-rights",
  "trial refused": "trial-refused",
  "other outcome": "trigger-outcome",
  "not compared": "not-compared",
  "locked by": "repair-locked",
};

const PART: { [K in PartCause["kind"]]: Code<Extract<PartCause, { kind: K }>> } = {
  http: ({ status }) => (status === 401 ? "portal-login" : status < 500 ? "portal-refuses" : "portal-away"),
  body: "portal-unreadable",
  network: "portal-away",
  stopped: "portal-away",
  database: "database-refuses",
  rows: "rows-not-stored",
  other: "part-failed",
};

const ASIDE: Record<AsideCause, CauseCode> = {
  refused: "rows-refused",
  dropped: "rows-dropped",
  locked: "rows-locked",
};

const HELD: Record<HeldCause, CauseCode> = {
  "deleted in main": "rows-held-deleted",
  "lost by others": "rows-held-lost",
  "deleted by a run": "rows-held-deleted",
  unseen: "rows-held-unseen",
  "deletion reported": "deletions-reported",
  "newer in main": "rows-held-newer",
  "deleted by hand": "rows-held-deleted",
  "over the cap": "deletions-over-cap",
  "unknown site": "site-unknown",
  "site too long": "site-too-long",
};

/** null: said while working, never by `status`. */
const FACT = {
  clientStarts: null,
  clientFailed: null,
  clientWithoutDatabase: "database-connections",
  clientStopped: null,
  attemptIncomplete: null,
  portalWaits: null,
  portalLimits: "portal-limits",
  clientFaulty: "client-failed",
  databaseWaits: null,
  leftoverEnded: null,
  clientRebuilt: null,
  datesPutBack: null,
  window: null,
  gap: null,
  siteProven: null,
  siteUnproven: ({ proof }) => {
    if (proof.expected === 0) return "groups-unknown";
    return proof.unproven.length + proof.missing.length > 0 ? "download-unproven" : "download-doubted";
  },
  notDoubted: null,
  brokenOff: "run-broken-off",
  updateFailed: "update-failed",
  partsFailed: ({ cause }) => {
    const code = PART[cause.kind] as Code<PartCause>;
    return typeof code === "function" ? code(cause) : code;
  },
  rowsNotStored: "rows-not-stored",
  extrasFailed: "extras-failed",
  nextDailyGoesOn: null,
  repaired: null,
  repairNotDone: null,
  repairProblem: ({ problem }) => REPAIR[problem.problem],
  importUnderWay: null,
  importNothingToDo: null,
  importInBackground: null,
  importGroup: null,
  importGroupFailed: "import-unfinished",
  importEnded: null,
  importPartial: null,
  importRuns: "import-under-way",
  busy: null,
  importUnfinished: "import-unfinished",
  late: "run-missed",
  lastFailed: ({ cause }) => {
    if (cause === null) return "run-broken-off";
    return typeof cause === "string" ? "run-failed" : codeOfProblem(cause);
  },
  updateOld: "update-old",
  neverCompared: "never-compared",
  repairStands: ({ status }) => `repair-${status}`,
  rowsAside: ({ cause }) => ASIDE[cause],
  rowsHeld: ({ cause }) => HELD[cause],
  runFault: "repair-impossible",
  scheduleOff: "schedule-off",
  rightsGone: "database-rights",
  watchOff: "watch-off",
  blindSpell: "blind-spell",
  viewsNotRefreshed: "views-old",
  mailSent: null,
  mailNotSent: null,
  mailsUnsent: "mail-unsent",
  mailsExpired: "mail-expired",
  followFailed: null,
  databaseDown: ({ cause }) => codeOfProblem(cause),
  accountUnusable: ({ cause }) => codeOfProblem(cause),
  homeUnwritable: ({ cause }) => codeOfProblem(cause),
  configUnusable: ({ cause }) => codeOfProblem(cause),
} as const satisfies { [K in Fact["fact"]]: Code<Extract<Fact, { fact: K }>> | null };

type Told = { [K in Fact["fact"]]: (typeof FACT)[K] extends null ? never : K }[Fact["fact"]];

/** A fact that keeps status from OK. */
export type CauseFact = Extract<Fact, { fact: Told }>;

/** Of what a job has kept, maybe one of another version. */
export function isCause(fact: { fact: string }): fact is CauseFact {
  return (FACT as Record<string, unknown>)[fact.fact] != null;
}

export function codeOf(fact: CauseFact): CauseCode {
  const code = FACT[fact.fact] as Code<CauseFact>;
  return typeof code === "function" ? code(fact) : code;
}

/** Of what `causeOf` makes of an error; a text is of one that nobody has thought of. */
function codeOfProblem(cause: Problem | string): CauseCode {
  if (typeof cause === "string") return "unexpected";
  const code = PROBLEM[cause.key] as Code<Problem>;
  return typeof code === "function" ? code(cause) : code;
}

const CANNOT_TELL: ReadonlySet<CauseFact["fact"]> = new Set<CauseFact["fact"]>([
  "databaseDown",
  "accountUnusable",
  "homeUnwritable",
]);

/** Whether it keeps from looking at the rest: what cannot be known is not OK, nor known to be wrong. */
export function cannotTell(fact: CauseFact): boolean {
  return CANNOT_TELL.has(fact.fact);
}
