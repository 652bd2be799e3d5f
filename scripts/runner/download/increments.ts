import { escapeLiteral } from "pg";
import type { Database } from "../account/database";
import type { Day, Scope } from "../facts";

/** The portal's list of changes reaches ten weeks back; a day less is on the safe side of time zones. */
const REACH_DAYS = 69;
/** Beyond this age of the last update the updates alone do not reach: download by date as well. */
const GAP_DAYS = 60;

/** Rows of increment_log that the site's updates use: its allowed groups (the client keeps places at -1). */
function used(db: Database): string {
  return `i.site = $1 and i.taxo_group >= 0 and not exists (
            select from ${db.check}.taxo_groups_json g
             where g.site = i.site and g.id = i.taxo_group
               and (g.item->>'access_mode' = 'none' or g.item->>'name_constant' = any($2::text[])))`;
}

/**
 * Makes a site's next update unable to lose a window: the client moves last_ts on before it asks the
 * portal, and asks for all groups from the first group's date. So all groups are set to the smallest date
 * less an overlap, groups without a row get one, and what was there is kept beside the job, in the
 * same transaction: `putBack` undoes it if the update fails, also after a kill.
 */
export async function prepareUpdate(
  db: Database,
  job: number,
  scope: Scope,
  overlapDays: number,
  windowDays: number,
): Promise<void> {
  await db.session(async (client) => {
    await client.query("begin");
    // Where an earlier try's could not be put back, that one's are the dates to keep.
    await client.query(
      `with kept as (select * from ${db.check}.increment_log i where ${used(db)} for update)
       insert into ${db.repair}.increment_backup (job, site, taxo_group, last_ts)
       select $3, site, taxo_group, last_ts from kept on conflict do nothing`,
      [scope.site, scope.taxoExclude, job],
    );
    const { rows } = await client.query(
      `select to_char(greatest(coalesce(min(i.last_ts) - $3::int * interval '1 day',
                                        localtimestamp - $4::int * interval '1 day'),
                               localtimestamp - interval '${REACH_DAYS} days'), 'YYYY-MM-DD HH24:MI:SS.US') as since
         from ${db.check}.increment_log i where ${used(db)}`,
      [scope.site, scope.taxoExclude, overlapDays, windowDays],
    );
    const since = escapeLiteral((rows[0] as { since: string }).since);
    await client.query(`update ${db.check}.increment_log i set last_ts = ${since} where ${used(db)}`, [
      scope.site,
      scope.taxoExclude,
    ]);
    await client.query(
      `insert into ${db.check}.increment_log (site, taxo_group, last_ts)
       select g.site, g.id, ${since} from ${db.check}.taxo_groups_json g
        where g.site = $1 and g.item->>'access_mode' is distinct from 'none'
          and not coalesce(g.item->>'name_constant' = any($2::text[]), false)
          and not exists (select from ${db.check}.increment_log i where i.site = g.site and i.taxo_group = g.id)`,
      [scope.site, scope.taxoExclude],
    );
    await client.query("commit");
  });
}

/** The update of a site has ended well: what was kept is no longer needed. */
export async function updateEnded(db: Database, job: number, site: string): Promise<void> {
  await db.rows(`delete from ${db.repair}.increment_backup where job = $1 and site = $2`, [job, site]);
}

/**
 * Puts the dates back as they were before updates that failed or were killed, of this job and of earlier ones: of
 * several that were kept for a group, the earliest.
 * @returns the sites concerned
 */
export async function putBack(db: Database): Promise<string[]> {
  const rows = await db.rows<{ site: string }>(
    `with kept as (
       delete from ${db.repair}.increment_backup returning site, taxo_group, last_ts
     ), back as (
       update ${db.check}.increment_log i set last_ts = k.last_ts
         from (select site, taxo_group, min(last_ts) as last_ts from kept group by site, taxo_group) k
        where i.site = k.site and i.taxo_group = k.taxo_group
     )
     select distinct site from kept order by site`,
  );
  return rows.map((row) => row.site);
}

/** The day of the oldest last update among the sites, if it is too long ago for updates alone; else null. */
export async function gapSince(db: Database, scopes: readonly Scope[]): Promise<Day | null> {
  let oldest: Day | null = null;
  for (const scope of scopes) {
    const [row] = await db.rows<{ day: string | null }>(
      `select to_char(min(i.last_ts), 'YYYY-MM-DD') as day from ${db.check}.increment_log i
        where ${used(db)} and i.last_ts < localtimestamp - interval '${GAP_DAYS} days'`,
      [scope.site, scope.taxoExclude],
    );
    if (row?.day && (oldest === null || row.day < oldest)) oldest = row.day;
  }
  return oldest;
}
