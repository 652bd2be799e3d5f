import { PROOF_CONTROLLERS } from "../../../config/values/controllers";
import type { Proof, Scope, Window } from "../facts";
import { type ClientResult, runClient } from "./client";
import type { Downloading } from "./downloading";
import { extrasOf } from "./evnFile";
import { prepareUpdate, putBack, updateEnded } from "./increments";
import { prove, siteEnded } from "./proof";
import { withRetries } from "./retry";
import { downloadSlice, slices } from "./slices";
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
 * what is unproven is asked for again. Extra controllers (species, places …) come after the observations.
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
  let missing: readonly string[] = left ? left.missing : PROOF_CONTROLLERS;
  let extrasLeft = [...extras];
  const proveSite = async () => {
    const proof = await prove(d.db, job.id, site, missing, accept);
    missing = proof.missing;
    return proof;
  };
  let proof = left;
  const took = (result: ClientResult) => {
    missing = missing.filter((name) => !result.ended.includes(name));
    extrasLeft = extrasLeft.filter((name) => !result.ended.includes(name));
  };
  const full = async (controllers: string[]) =>
    took(await runClient(d, { site, mode: "full", controllers, overallSeconds: d.limits.overallSeconds }));
  await withRetries(d, async (attempt) => {
    if (!proof || proof.expected === 0) {
      // The proof's controllers first: the client reads the units from the table, so a new one counts at once.
      await full([...missing, "observations", ...extrasLeft]);
    } else {
      if (missing.length + extrasLeft.length > 0) {
        await full([...missing, ...extrasLeft]);
        proof = await proveSite(); // there may be other groups or units now
      }
      for (const slice of slices(proof.unproven)) {
        // One step for the whole window, from now back: its last day and one more.
        const dates = { startDate: job.window.from, stepDays: days(job.window) };
        took(await downloadSlice(d, scope, slice, dates));
      }
    }
    proof = await proveSite();
    const { unproven, expected } = proof;
    if (unproven.length === 0 && expected > 0 && missing.length + extrasLeft.length === 0) return true;
    const of = d.limits.attempts;
    d.say({ fact: "attemptIncomplete", site, attempt, of, unproven: unproven.length, expected });
    return false;
  });
  return extrasLeft;
}

/**
 * Brings a site's changes and deletions since its last update, with an overlap.
 * @returns whether it ended well; if not, the dates are as they were
 */
export async function updateSite(d: Downloading, job: number, scope: Scope): Promise<boolean> {
  const { site } = scope;
  const { overlapDays, windowDays, overallSeconds } = d.limits;
  return await withRetries(d, async () => {
    await prepareUpdate(d.db, job, scope, overlapDays, windowDays);
    const controllers = ["observations"];
    const result = await runClient(d, { site, mode: "update", controllers, overallSeconds });
    if (result.outcome === "done") {
      await updateEnded(d.db, job, site);
      return true;
    }
    await putBack(d.db);
    return false;
  });
}
