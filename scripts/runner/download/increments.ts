import { escapeLiteral } from "pg";
import type { Database } from "../account/database";
import type { Day } from "../facts";
import type { Scope } from "./evnFile";

/** The portal's list of changes reaches ten weeks back; a day less is on the safe side of time zones. */
const REACH_DAYS = 69;
/** Beyond this age of the last update the updates alone do not reach: download by date as well. */
const GAP_DAYS = 60;

/** Rows of increment_log that the site's updates use: its allowed groups (the client keeps places at -1). */
function used(db: Database): string {
  return `i.site = $1 and i.taxo_group >= 0 and not exists (
            select from ${db.schema}.taxo_groups_json g
             where g.site = i.site and g.id = i.taxo_group
               and (g.item->>'access_mode' = 'none' or g.item->>'name_constant' = any($2::text[])))`;
}

/**
 * Makes a site's next update unable to lose a window: the client moves last_ts on before it asks the
 * portal, and asks for all groups from the first group's date. So all groups are set to the smallest date
 * less an overlap, groups without a row get one, and what was there is kept in the job's record, in the
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
    const { rows: saved } = await client.query(
      `select taxo_group as taxo, last_ts::text as last from ${db.schema}.increment_log i where ${used(db)} order by 1 for update`,
      [scope.site, scope.taxoExclude],
    );
    await client.query(
      `update ${db.schema}.job_run
          set detail = jsonb_set(coalesce(detail, '{}') || jsonb_build_object('increments', coalesce(detail->'increments', '{}')),
                                 array['increments', $2], $3) where id = $1`,
      [job, scope.site, JSON.stringify(saved)],
    );
    const { rows } = await client.query(
      `select greatest(coalesce(min(i.last_ts) - $3::int * interval '1 day', localtimestamp - $4::int * interval '1 day'),
                       localtimestamp - interval '${REACH_DAYS} days')::text as since
         from ${db.schema}.increment_log i where ${used(db)}`,
      [scope.site, scope.taxoExclude, overlapDays, windowDays],
    );
    const since = escapeLiteral((rows[0] as { since: string }).since);
    await client.query(`update ${db.schema}.increment_log i set last_ts = ${since} where ${used(db)}`, [
      scope.site,
      scope.taxoExclude,
    ]);
    await client.query(
      `insert into ${db.schema}.increment_log (site, taxo_group, last_ts)
       select g.site, g.id, ${since} from ${db.schema}.taxo_groups_json g
        where g.site = $1 and g.item->>'access_mode' is distinct from 'none'
          and not coalesce(g.item->>'name_constant' = any($2::text[]), false)
          and not exists (select from ${db.schema}.increment_log i where i.site = g.site and i.taxo_group = g.id)`,
      [scope.site, scope.taxoExclude],
    );
    await client.query("commit");
  });
}

/** The update of a site has ended well: what was kept is no longer needed. */
export async function updateEnded(db: Database, job: number, site: string): Promise<void> {
  await db.rows(`update ${db.schema}.job_run set detail = detail #- array['increments', $2] where id = $1`, [
    job,
    site,
  ]);
}

/**
 * Puts the dates back that failed or killed updates have moved on, of this job and of earlier ones.
 * Never forward: a date is put back only where it is later than the one kept.
 * @returns the sites concerned
 */
export async function putBack(db: Database): Promise<string[]> {
  const rows = await db.rows<{ site: string }>(
    `with kept as (
       select r.id, s.key as site, (e->>'taxo')::int as taxo, (e->>'last')::timestamp as last
         from ${db.schema}.job_run r, jsonb_each(r.detail->'increments') s, jsonb_array_elements(s.value) e
        where r.detail ? 'increments'
     ), back as (
       update ${db.schema}.increment_log i set last_ts = k.last
         from (select site, taxo, min(last) as last from kept group by site, taxo) k
        where i.site = k.site and i.taxo_group = k.taxo
       returning i.site
     ), cleared as (
       update ${db.schema}.job_run set detail = detail - 'increments' where detail ? 'increments'
     )
     select distinct site from kept`,
  );
  return rows.map((row) => row.site);
}

/** The day of the oldest last update among the sites, if it is too long ago for updates alone; else null. */
export async function gapSince(db: Database, scopes: readonly Scope[]): Promise<Day | null> {
  let oldest: Day | null = null;
  for (const scope of scopes) {
    const [row] = await db.rows<{ day: string | null }>(
      `select min(i.last_ts)::date::text as day from ${db.schema}.increment_log i
        where ${used(db)} and i.last_ts < localtimestamp - interval '${GAP_DAYS} days'`,
      [scope.site, scope.taxoExclude],
    );
    if (row?.day && (oldest === null || row.day < oldest)) oldest = row.day;
  }
  return oldest;
}
