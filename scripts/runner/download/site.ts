import { PROOF_CONTROLLERS } from "../../../config/values/controllers";
import type { Part, Proof, Scope, Window } from "../facts";
import { type ClientResult, runClient } from "./client";
import type { Downloading } from "./downloading";
import { extrasOf } from "./evnFile";
import { prepareUpdate, putBack, updateEnded } from "./increments";
import { askFor, failedBefore, keepParts, partsEnded, Tries } from "./parts";
import { prove, siteEnded } from "./proof";
import { withRetries } from "./retry";
import { days } from "./window";

/** The job that a download belongs to. */
export interface ForJob {
  id: number;
  window: Window;
}

/** Downloads all sites by date, proves each, and brings the changes of each since its last update. */
export async function downloadSites(
  d: Downloading,
  job: ForJob,
  scopes: readonly Scope[],
  accept: boolean,
): Promise<void> {
  for (const [i, scope] of scopes.entries()) {
    const extrasFailed = await downloadSite(d, job, scope, extrasOf(d.evn, i === 0), { accept });
    const updated = await updateSite(d, job.id, scope);
    await siteEnded(d.db, job.id, scope.site, { updated, extrasFailed });
  }
}

/** Where a site's download stands when it begins: at nothing, if not at what an earlier job left. */
export interface Beginning {
  /** What the earlier job proved: only the rest is asked for. */
  left?: Proof;
  /** Take a download that is smaller than usual as it is: a person has looked. */
  accept?: boolean;
}

/**
 * Downloads a site by date until it is proven complete or the tries are used up. After a failure only
 * what is unproven is asked for again, each part by itself and those that failed last. Extra controllers (species,
 * places …) come after the observations.
 * @returns extra controllers that failed in every try
 */
export async function downloadSite(
  d: Downloading,
  job: ForJob,
  scope: Scope,
  extras: readonly string[],
  { left, accept = false }: Beginning,
): Promise<string[]> {
  const { site } = scope;
  const { overallSeconds } = d.limits;
  const tries = new Tries(await failedBefore(d.db, job.id, site, "download"));
  let missing: readonly string[] = left ? left.missing : PROOF_CONTROLLERS;
  let extrasLeft = [...extras];
  const proveSite = async () => {
    const proof = await prove(d.db, job.id, site, missing, accept);
    missing = proof.missing;
    return proof;
  };
  let proof = left;
  const took = async (result: ClientResult) => {
    missing = missing.filter((name) => !result.ended.includes(name));
    extrasLeft = extrasLeft.filter((name) => !result.ended.includes(name));
    tries.took(result.parts);
    await partsEnded(d.db, job.id, site, "download", result);
  };
  const full = async (controllers: string[]) =>
    await took(await runClient(d, { site, mode: "full", controllers, last: tries.last(), overallSeconds }));
  await withRetries(d, async (attempt) => {
    if (!proof || proof.expected === 0) {
      // The proof's controllers first: the client reads the units from the table, so a new one counts at once.
      await full([...missing, "observations", ...extrasLeft]);
    } else {
      if (missing.length + extrasLeft.length > 0) {
        await full([...missing, ...extrasLeft]);
        proof = await proveSite(); // there may be other groups or units now
      }
      // One step for the whole window, from now back: its last day and one more.
      const dates = { startDate: job.window.from, stepDays: days(job.window) };
      await took(await askFor(d, scope, tries.left(proof.unproven), tries.last(), dates));
    }
    proof = await proveSite();
    const { unproven, expected } = proof;
    const whole = expected > 0 && missing.length + extrasLeft.length === 0;
    if (unproven.length === 0 && whole) return true;
    const of = d.limits.attempts;
    d.say({ fact: "attemptIncomplete", site, attempt, of, unproven: unproven.length, expected });
    return whole && tries.left(unproven).length === 0 ? "enough" : false;
  });
  if (proof && proof.expected > 0) await keepParts(d.db, site, "download", proof.unproven);
  const lists = d.evn.controllers.map((unit) => ({ taxoGroup: 0, unit }));
  await keepParts(d.db, site, "list", lists);
  return extrasLeft;
}

/**
 * Brings a site's changes and deletions since its last update, with an overlap, group by group.
 * @returns whether all of them ended well; the dates of the others are as they were
 */
export async function updateSite(d: Downloading, job: number, scope: Scope): Promise<boolean> {
  const { site } = scope;
  const { overallSeconds } = d.limits;
  const tries = new Tries(await failedBefore(d.db, job, site, "update"));
  let parts: Part[] | undefined;
  return await withRetries(d, async () => {
    await prepareUpdate(d.db, job, scope, d.limits, parts);
    const controllers = ["observations"];
    const work = { site, mode: "update", controllers, parts, last: tries.last(), overallSeconds } as const;
    const result = await runClient(d, work);
    tries.took(result.parts);
    await partsEnded(d.db, job, site, "update", result);
    // A row that could not be stored: the group's date stays before it.
    const moved = result.parts.filter(({ cause, rows }) => cause === null && !rows);
    await updateEnded(d.db, job, site, moved);
    await putBack(d.db);
    const groups = result.groups?.map((taxoGroup) => ({ taxoGroup, unit: "" }));
    if (groups) await keepParts(d.db, site, "update", groups);
    if (result.outcome === "done") return true;
    const ended = new Set(
      result.parts.filter(({ cause }) => cause === null).map(({ taxoGroup }) => taxoGroup),
    );
    const left = (parts ?? groups)?.filter(({ taxoGroup }) => !ended.has(taxoGroup));
    parts = left && tries.left(left);
    return parts?.length === 0 ? "enough" : false;
  });
}

/**
 * Downloads controllers of a site that failed in an earlier job, or left rows, where nothing else of that is open.
 * @returns those that failed again in every try
 */
export async function fetchExtras(
  d: Downloading,
  job: number,
  { site }: Scope,
  controllers: readonly string[],
): Promise<readonly string[]> {
  let left = [...controllers];
  if (left.length === 0) return left;
  await withRetries(d, async () => {
    const { overallSeconds } = d.limits;
    const result = await runClient(d, { site, mode: "full", controllers: left, overallSeconds });
    left = left.filter((name) => !result.ended.includes(name));
    await partsEnded(d.db, job, site, "download", result);
    return left.length === 0;
  });
  return left;
}
