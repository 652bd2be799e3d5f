import { PROOF_CONTROLLERS } from "../../../config/values/controllers";
import type { Database } from "../account/database";
import { latestDay, localDay } from "../account/days";
import { readIfThere } from "../account/files";
import type { Day, GroupUnit, Progress, Scope, SiteImport } from "../facts";
import { runClient } from "./client";
import type { Downloading } from "./downloading";
import { extrasOf, readEvn, scopesOf } from "./evnFile";
import { withRetries } from "./retry";
import { downloadSlice } from "./slices";

/** After so many groups in a row that could not be completed the portal is left alone; watch tries again. */
const GIVE_UP_AFTER = 3;

/** How far the first import of a group in a unit has come. */
interface Covered extends GroupUnit {
  /** The first day of the days without a hole that its first piece belongs to; null: nothing yet. */
  reached: Day | null;
}

async function coverage(db: Database, scope: Scope): Promise<Covered[]> {
  return await db.rows<Covered>(
    `select taxo_group as "taxoGroup", group_name as "groupName", unit, short_name as "shortName", to_char(reached, 'YYYY-MM-DD') as reached
       from ${db.repair}.coverage($1, $2, $3, '-infinity')`,
    [scope.site, scope.taxoExclude, scope.units],
  );
}

/** How far the first import of each site has come. */
async function importState(db: Database, scopes: readonly Scope[], since: Day): Promise<SiteImport[]> {
  return await Promise.all(
    scopes.map(async (scope) => {
      const all = await coverage(db, scope);
      return { site: scope.site, done: all.length - undone(all, since).length, expected: all.length };
    }),
  );
}

/** The same of the sites that the client's configuration enables; null where there is no such file. */
export async function importStateOf(
  d: Pick<Downloading, "db" | "paths" | "limits">,
): Promise<SiteImport[] | null> {
  const text = readIfThere(d.paths.evn);
  return text === undefined
    ? null
    : await importState(d.db, scopesOf(readEvn(text)), d.limits.firstImport.since);
}

/** Whether anything of the first import of these sites lacks. */
export async function importLacks(
  d: Pick<Downloading, "db" | "limits">,
  scopes: readonly Scope[],
): Promise<boolean> {
  return (await importState(d.db, scopes, d.limits.firstImport.since)).some(isIncomplete);
}

/** Whether a site lacks anything of its first import. */
export function isIncomplete({ done, expected }: SiteImport): boolean {
  return expected === 0 || done < expected;
}

/** Those whose first import has not reached its first day. */
function undone(all: readonly Covered[], since: Day): Covered[] {
  return all.filter(({ reached }) => reached === null || reached > since);
}

/**
 * Imports a site, group by group, each from where it stopped.
 * @param progress is told of each group that begins
 */
export async function importSite(
  d: Downloading,
  scope: Scope,
  firstSite: boolean,
  progress: (at: Progress) => Promise<void>,
): Promise<{ done: number; expected: number; worked: boolean }> {
  const since = d.limits.firstImport.since;
  const state = () => coverage(d.db, scope);
  let all = await state();
  if (all.length > 0 && undone(all, since).length === 0)
    return { done: all.length, expected: all.length, worked: false };
  // They say which groups and units there are.
  if (!(await controllers(d, scope, PROOF_CONTROLLERS)))
    return { done: 0, expected: Math.max(all.length, 1), worked: true };
  all = await state();
  // Groups that the portal no longer offers to this account: asked for, answered well, nothing came.
  const absent = new Set<number>();
  let inARow = 0;
  for (const taxoGroup of new Set(undone(all, since).map((one) => one.taxoGroup))) {
    const ended = await importGroup(d, scope, taxoGroup, progress);
    if (ended === "absent") absent.add(taxoGroup);
    inARow = ended === "incomplete" ? inARow + 1 : 0;
    if (inARow === GIVE_UP_AFTER) break;
  }
  all = (await state()).filter((one) => !absent.has(one.taxoGroup));
  const left = undone(all, since).length;
  if (left === 0) {
    const extras = extrasOf(d.evn, firstSite);
    // They are downloaded anew each week: one that fails now does not hold the import up.
    if (extras.length > 0) await controllers(d, scope, extras);
  }
  return { done: all.length - left, expected: Math.max(all.length, 1), worked: true };
}

/** @returns whether all of them ended well within the tries */
async function controllers(d: Downloading, scope: Scope, names: readonly string[]): Promise<boolean> {
  const { site } = scope;
  let left = [...names];
  const whole = await withRetries(d, async () => {
    const { overallSeconds } = d.limits;
    const result = await runClient(d, { site, mode: "full", controllers: left, overallSeconds });
    left = left.filter((name) => !result.ended.includes(name));
    return left.length === 0;
  });
  if (!whole) d.say({ fact: "extrasFailed", site, controllers: left });
  return whole;
}

async function importGroup(
  d: Downloading,
  scope: Scope,
  taxoGroup: number,
  progress: (at: Progress) => Promise<void>,
): Promise<"complete" | "absent" | "incomplete"> {
  const { site } = scope;
  const { firstImport, firstImportSeconds } = d.limits;
  const { since, stepDays } = firstImport;
  const state = async () => {
    const all = await coverage(d.db, scope);
    const ours = all.filter((one) => one.taxoGroup === taxoGroup);
    return { all, ours, left: undone(ours, since) };
  };
  let now = await state();
  if (now.left.length === 0) return "complete";
  const group = now.ours[0]?.groupName ?? String(taxoGroup);
  let absent = false;
  const whole = await withRetries(d, async () => {
    const { all, ours, left } = now;
    const end = resumeAt(left);
    const at = { site, group, done: all.length - undone(all, since).length, expected: all.length };
    d.say({ fact: "importGroup", progress: at, from: end ?? localDay(new Date()) });
    await progress(at);
    const units = left.length < ours.length ? left.map((one) => one.shortName) : [];
    const dates = { startDate: since, stepDays: stepDays || null, ...(end ? { endDate: end } : {}) };
    const result = await downloadSlice(d, scope, { groups: [group], units }, dates, firstImportSeconds);
    now = await state();
    absent = result.outcome === "done" && now.ours.every((one) => one.reached === null);
    return absent || now.left.length === 0;
  });
  if (!whole) d.say({ fact: "importGroupFailed", site, group });
  return absent ? "absent" : whole ? "complete" : "incomplete";
}

/** From which day a group's import goes on backwards: the latest that one of its units has reached. */
function resumeAt(left: readonly Covered[]): Day | undefined {
  const days = left.map((one) => one.reached);
  if (days.some((day) => day === null)) return undefined;
  return latestDay(days as string[]);
}
