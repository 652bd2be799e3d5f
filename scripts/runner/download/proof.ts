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
  const [row] = await db.rows<{ proof: Proof }>(`select ${db.repair}.prove($1, $2, $3, $4) as proof`, [
    job,
    site,
    missing,
    accept,
  ]);
  if (!row) throw new Error(`${site}: no proof`);
  return row.proof;
}

/** The site's download is made anew as a whole: nothing that an earlier job brought counts any more. */
export async function beginAgain(db: Database, job: number, scope: Scope): Promise<void> {
  await db.rows(`select ${db.repair}.begin_site($1, $2, $3, $4, true)`, [
    job,
    scope.site,
    scope.taxoExclude,
    scope.units,
  ]);
}

/** Writes down what else became of a site. */
export async function siteEnded(
  db: Database,
  job: number,
  site: string,
  ended: { updated: boolean; extrasFailed: readonly string[] },
): Promise<void> {
  await db.rows(`select ${db.repair}.site_ended($1, $2, $3, $4)`, [
    job,
    site,
    ended.updated,
    ended.extrasFailed,
  ]);
}
