import type { Database } from "../account/database";
import type { Proof, Scope } from "../facts";

/**
 * Lets the database look how complete the site's download is in this job, and write it down. To be called
 * only when no client process is left.
 * @param missing controllers of the proof that have not ended well in this download; null: as last said
 * @param accept take doubts as settled: a person has looked
 */
export async function prove(
  db: Database,
  job: number,
  site: string,
  missing: readonly string[] | null,
  accept: boolean,
): Promise<Proof> {
  return await db.call<Proof>("prove", job, site, missing, accept);
}

/** The site's download is made anew as a whole: nothing that an earlier job brought counts any more. */
export async function beginAgain(db: Database, job: number, scope: Scope): Promise<void> {
  await db.call("begin_site", job, scope.site, scope.taxoExclude, scope.units, true);
}

/** Writes down what else became of a site; updated null: nothing of it was asked for. */
export async function siteEnded(
  db: Database,
  job: number,
  site: string,
  ended: { updated: boolean | null; extrasFailed: readonly string[] },
): Promise<void> {
  await db.call("site_ended", job, site, ended.updated, ended.extrasFailed);
}
