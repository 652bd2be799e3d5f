import { nextDue } from "../../../config/values/cron";
import { failures } from "../account/failure";
import { tryWriting } from "../account/files";
import { isRunning } from "../account/lock";
import { causeOf, type RunVerb, type Scope, type SiteImport } from "../facts";
import { byParts, openParts } from "../run/openParts";
import type { Home } from "../run/run";
import { type CauseFact, cannotTell } from "../text";
import { downloadsLook } from "./downloads";
import { firstImportLook } from "./firstImport";
import { jobsLook } from "./jobs";
import { mailLook } from "./mail";
import { repairLook } from "./repair";
import { type ImportReport, type LastJob, lastJobReport, type ProofReport, proofReport } from "./report";
import { scheduleLook } from "./schedule";
import { type Look, see } from "./seen";
import { surroundingsLook } from "./surroundings";

// Who looks at what. A part that can keep the copy from being whole adds its line.
const ALWAYS: readonly Look[] = [firstImportLook, scheduleLook, surroundingsLook, mailLook];
const ONCE_IMPORTED: readonly Look[] = [jobsLook, downloadsLook, repairLook];

/** ok: nothing lacks of what docs/status.md says that OK claims; unknown: that cannot be told just now. */
export type State = "ok" | "ko" | "unknown";

/** How things stand; times are ISO 8601, days YYYY-MM-DD. */
export interface Health {
  state: State;
  instance: string | null;
  checkedAt: string;
  /** A run holds the lock now. */
  running: boolean;
  firstImport: ImportReport | null;
  last: Partial<Record<RunVerb, LastJob>>;
  next: { daily: string | null; weekly: string | null };
  /** How complete the last download by date is. */
  proof: ProofReport | null;
  /** What keeps the state from OK. */
  problems: CauseFact[];
}

/** How things stand where nothing can be looked at. */
export function healthUnknown(instance: string | null, now: Date, problems: CauseFact[]): Health {
  return {
    state: "unknown",
    instance,
    checkedAt: now.toISOString(),
    running: false,
    firstImport: null,
    last: {},
    next: { daily: null, weekly: null },
    proof: null,
    problems,
  };
}

/** What only the rooms that read the client's configuration can say. */
export interface ClientSide {
  /** The enabled sites. Throws RunError where no run could work by the configuration. */
  scopes(): Scope[];
  /** How far the first import of each site is; null: nothing says which sites there are. */
  importOf(): Promise<SiteImport[] | null>;
}

export async function healthOf(home: Home, now: Date, client: ClientSide): Promise<Health> {
  const { names, schedule } = home.host;
  const next = (expression: string) => nextDue(expression, now)?.toISOString() ?? null;
  const health: Health = {
    ...healthUnknown(names.instance, now, []),
    running: isRunning(home.paths),
    next: { daily: next(schedule.daily), weekly: next(schedule.weekly) },
  };
  let { problems } = health;
  const caught = (fact: "homeUnwritable" | "configUnusable" | "databaseDown") => (error: unknown) => {
    problems.push({ fact, cause: causeOf(error) } as CauseFact);
    return null;
  };
  attempt(() => tryWriting(home.paths), caught("homeUnwritable"));
  const scopes = attempt(() => client.scopes(), caught("configUnusable"));
  try {
    const seen = await see(home, now, scopes, client.importOf);
    for (const [verb, job] of Object.entries(seen.jobs))
      health.last[verb as RunVerb] = lastJobReport(job, seen.running);
    health.firstImport = seen.firstImport;
    health.proof = proofReport(seen.download);
    const done = seen.firstImport ? seen.firstImport.state === "done" : seen.imported;
    for (const look of done ? [...ALWAYS, ...ONCE_IMPORTED] : ALWAYS) problems.push(...(await look(seen)));
    problems = byParts(problems, await openParts(home.db, scopes?.map(({ site }) => site) ?? []));
  } catch (error) {
    caught("databaseDown")(error);
    // Where the host could write down why, that is worth knowing.
    for (const { verb, cause } of Object.values(failures(home.paths)))
      problems.push({ fact: "lastFailed", verb, cause });
  }
  const told = withoutDoubles(problems);
  return { ...health, problems: told, state: stateOf(told) };
}

function attempt<T>(work: () => T, caught: (error: unknown) => null): T | null {
  try {
    return work();
  } catch (error) {
    return caught(error);
  }
}

/** Rows that are held, of which something else says more. */
function withoutDoubles(problems: readonly CauseFact[]): CauseFact[] {
  const told = new Set<string>(
    problems.map((one) => (one.fact === "repairProblem" ? one.problem.problem : one.fact)),
  );
  return problems.filter((one) => {
    if (one.fact === "rowsAside") return one.cause !== "refused" || !told.has("all refused");
    if (one.fact !== "rowsHeld") return true;
    return one.cause === "unseen" ? !told.has("blindSpell") : !told.has(one.cause);
  });
}

function stateOf(problems: readonly CauseFact[]): State {
  if (problems.length === 0) return "ok";
  return problems.some(cannotTell) ? "unknown" : "ko";
}
