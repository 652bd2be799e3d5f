import { PROOF_CONTROLLERS } from "../../../config/values/controllers";
import type { Database } from "../account/database";
import { localDay } from "../account/days";
import { readIfThere } from "../account/files";
import type { Day, GroupUnit, Progress, Scope, SiteImport } from "../facts";
import { keyOf, runClient } from "./client";
import type { Downloading } from "./downloading";
import { extrasOf, readEvn, scopesOf, usable } from "./evnFile";
import { askFor, failedBefore, keepParts, partsEnded, Tries } from "./parts";
import { siteEnded } from "./proof";
import { withRetries } from "./retry";

/** After so many groups in a row that could not be completed the portal is left alone; watch tries again. */
const GIVE_UP_AFTER = 3;
/** Parts that failed are asked for again after an hour, then ever more rarely, but once a day. */
const AGAIN = "least(interval '1 day', interval '1 hour' * 2 ^ least(f.jobs - 1, 10))";

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
      const left = undone(all, since);
      const failed = new Set((await failedBefore(db, 0, scope.site, "import")).map(keyOf));
      return {
        site: scope.site,
        done: all.length - left.length,
        failed: left.filter((one) => failed.has(keyOf(one))).length,
        expected: all.length,
      };
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
    : await importState(
        d.db,
        usable(d.paths.evn, () => scopesOf(readEvn(text))),
        d.limits.firstImport.since,
      );
}

/** Whether there is too little yet of the first import of these sites to go by: more than parts that do not come. */
export async function importLacks(
  d: Pick<Downloading, "db" | "limits">,
  scopes: readonly Scope[],
): Promise<boolean> {
  return !(await importState(d.db, scopes, d.limits.firstImport.since)).every(isThere);
}

/** Whether all of a first import that comes is there. */
export function isThere({ done, failed, expected }: SiteImport): boolean {
  return done > 0 && done + failed >= expected;
}

/** Whether parts of the first import that did not come are to be asked for again by now. */
export async function importDue({ db }: Pick<Downloading, "db">): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.repair}.part_failure f where f.kind = 'import' and f.last_at + ${AGAIN} <= now() limit 1`,
  );
  return rows.length > 0;
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
  job: number,
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
  if ((await controllers(d, job, scope, PROOF_CONTROLLERS)).length > 0)
    return { done: 0, expected: Math.max(all.length, 1), worked: true };
  all = await state();
  // Groups that the portal no longer offers to this account: asked for, answered well, nothing came.
  const absent = new Set<number>();
  let inARow = 0;
  // Groups that did not come in an earlier job are asked for after all others.
  const before = await failedBefore(d.db, job, scope.site, "import");
  const failed = new Set(before.map(({ taxoGroup }) => taxoGroup));
  const groups = [...new Set(undone(all, since).map((one) => one.taxoGroup))];
  const last = [...failed].filter((group) => groups.includes(group));
  for (const taxoGroup of [...groups.filter((group) => !failed.has(group)), ...last]) {
    const ended = await importGroup(d, job, scope, taxoGroup, new Tries(before), progress);
    if (ended === "absent") absent.add(taxoGroup);
    inARow = ended === "incomplete" ? inARow + 1 : 0;
    if (inARow === GIVE_UP_AFTER) break;
  }
  all = (await state()).filter((one) => !absent.has(one.taxoGroup));
  await keepParts(d.db, scope.site, "import", undone(all, since));
  const left = undone(all, since).length;
  if (left === 0) {
    const extras = extrasOf(d.evn, firstSite);
    // One that fails does not hold the import up: the next daily run asks for it again.
    if (extras.length > 0) {
      const extrasFailed = await controllers(d, job, scope, extras);
      await siteEnded(d.db, job, scope.site, { updated: null, extrasFailed });
    }
  }
  return { done: all.length - left, expected: Math.max(all.length, 1), worked: true };
}

/** @returns those that failed in every try */
async function controllers(
  d: Downloading,
  job: number,
  scope: Scope,
  names: readonly string[],
): Promise<string[]> {
  const { site } = scope;
  let left = [...names];
  const whole = await withRetries(d, async () => {
    const { overallSeconds } = d.limits;
    const result = await runClient(d, { site, mode: "full", controllers: left, overallSeconds });
    left = left.filter((name) => !result.ended.includes(name));
    await partsEnded(d.db, job, site, "import", result);
    return left.length === 0;
  });
  if (!whole) d.say({ fact: "extrasFailed", site, controllers: left });
  return left;
}

async function importGroup(
  d: Downloading,
  job: number,
  scope: Scope,
  taxoGroup: number,
  tries: Tries,
  progress: (at: Progress) => Promise<void>,
): Promise<"complete" | "absent" | "refused" | "incomplete"> {
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
  let refused = false;
  const whole = await withRetries(d, async () => {
    const { all, ours } = now;
    const left = tries.left(now.left);
    const done = all.length - undone(all, since).length;
    let came = true;
    // Each unit goes on from where it stopped; a day's are asked for by one process.
    for (const reached of new Set(left.map((one) => one.reached))) {
      const at = { site, group, done, expected: all.length };
      d.say({ fact: "importGroup", progress: at, from: reached ?? localDay(new Date()) });
      await progress(at);
      const parts = left.filter((one) => one.reached === reached);
      const dates = { startDate: since, stepDays: stepDays || null, ...(reached && { endDate: reached }) };
      const result = await askFor(d, scope, parts, tries.last(), dates, firstImportSeconds);
      tries.took(result.parts);
      await partsEnded(d.db, job, site, "import", result);
      came &&= result.outcome === "done";
    }
    now = await state();
    absent =
      came && ours.every((one) => one.reached === null) && now.ours.every((one) => one.reached === null);
    refused = !absent && tries.left(now.left).length === 0;
    if (absent || now.left.length === 0) return true;
    return refused ? "enough" : false;
  });
  if (!whole) d.say({ fact: "importGroupFailed", site, group });
  return absent ? "absent" : whole ? "complete" : refused ? "refused" : "incomplete";
}
