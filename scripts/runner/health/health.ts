import { nextDue } from "../../../config/values/cron";
import { isRunning } from "../account/lock";
import { causeOf, type JobVerb, type SiteImport } from "../facts";
import { byParts, openParts } from "../run/openParts";
import type { Home } from "../run/run";
import { type CauseFact, cannotTell } from "../text";
import { proofLook, updatesLook } from "./downloads";
import { jobsLook } from "./jobs";
import { repairLook, surroundingsLook } from "./repair";
import { type ImportReport, type LastJob, lastJobReport, type ProofReport, proofReport } from "./report";
import { type Look, see } from "./seen";

/** Who looks at what, once the first import is done. A part that can keep the copy from being whole adds its line. */
const LOOKS: readonly Look[] = [jobsLook, proofLook, repairLook, updatesLook, surroundingsLook];

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
  last: Partial<Record<JobVerb, LastJob>>;
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

/** @param imported how far the first import of each site is; null: nothing says which sites there are */
export async function healthOf(
  home: Home,
  now: Date,
  imported: () => Promise<SiteImport[] | null>,
): Promise<Health> {
  const { names, schedule } = home.host;
  const next = (expression: string) => nextDue(expression, now)?.toISOString() ?? null;
  const health: Health = {
    ...healthUnknown(names.instance, now, []),
    running: isRunning(home.paths),
    next: { daily: next(schedule.daily), weekly: next(schedule.weekly) },
  };
  let { problems } = health;
  try {
    const seen = await see(home, now, imported);
    for (const job of Object.values(seen.jobs)) health.last[job.verb] = lastJobReport(job, seen.running);
    health.firstImport = seen.firstImport;
    health.proof = proofReport(seen.download);
    const { state } = seen.firstImport ?? {};
    if (state === "done") for (const look of LOOKS) problems.push(...(await look(seen)));
    else if (state !== "running") problems.push({ fact: "importUnfinished" });
    if (state !== "done") problems.push(...(await surroundingsLook(seen)));
    const sites = seen.firstImport?.sites.map(({ site }) => site) ?? [];
    if (state !== "running") problems = byParts(problems, await openParts(home.db, sites));
  } catch (error) {
    problems.push({ fact: "databaseDown", cause: causeOf(error) });
  }
  return { ...health, problems, state: stateOf(problems) };
}

function stateOf(problems: readonly CauseFact[]): State {
  if (problems.length === 0) return "ok";
  return problems.some(cannotTell) ? "unknown" : "ko";
}
