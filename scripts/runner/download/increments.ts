import type { Limits } from "../../../config/host";
import type { Database } from "../account/database";
import type { Day, Part, Scope } from "../facts";

/** The portal's list of changes reaches ten weeks back; a day less is on the safe side of time zones. */
const REACH_DAYS = 69;
/** Beyond this age of the last update the updates alone do not reach: download by date as well. */
const GAP_DAYS = 60;
/** A group's date stays before a row that could not be stored, but no longer than so: the row is asked for by its own id. */
const HELD_DAYS = 50;

/** Rows of increment_log that the site's updates use: its allowed groups (the client keeps places at -1). */
function used(db: Database): string {
  return `i.site = $1 and i.taxo_group >= 0 and not exists (
            select from ${db.check}.taxo_groups_json g
             where g.site = i.site and g.id = i.taxo_group
               and (g.item->>'access_mode' = 'none' or g.item->>'name_constant' = any($2::text[])))`;
}

/**
 * Makes a site's next update unable to lose a window: the client moves last_ts on before it asks the
 * portal. So each group is set to its own date less an overlap, groups without a row get one, and what was there is kept
 * beside the job, in the same transaction: `putBack` undoes it if the update fails, also after a kill.
 * @param parts the groups that are asked for; undefined: all
 */
export async function prepareUpdate(
  db: Database,
  job: number,
  scope: Scope,
  { overlapDays, windowDays }: Pick<Limits, "overlapDays" | "windowDays">,
  parts: readonly Part[] | undefined,
): Promise<void> {
  const groups = parts?.map(({ taxoGroup }) => taxoGroup) ?? null;
  const asked = (column: string) => `($3::int[] is null or ${column} = any($3))`;
  const filters = [scope.site, scope.taxoExclude, groups];
  await db.session(async (client) => {
    await client.query("begin");
    // Where an earlier try's could not be put back, that one's are the dates to keep.
    await client.query(
      `with kept as (select * from ${db.check}.increment_log i where ${used(db)} and ${asked("i.taxo_group")} for update)
       insert into ${db.repair}.increment_backup (job, site, taxo_group, last_ts)
       select $4, k.site, k.taxo_group,
              case when exists (select from ${db.repair}.not_stored n where n.site = k.site and n.taxo_group = k.taxo_group)
                   then greatest(k.last_ts, localtimestamp - interval '${HELD_DAYS} days') else k.last_ts end
         from kept k on conflict do nothing`,
      [...filters, job],
    );
    const earliest = `localtimestamp - interval '${REACH_DAYS} days'`;
    await client.query(
      `update ${db.check}.increment_log i set last_ts = greatest(i.last_ts - $4::int * interval '1 day', ${earliest})
        where ${used(db)} and ${asked("i.taxo_group")}`,
      [...filters, overlapDays],
    );
    await client.query(
      `insert into ${db.check}.increment_log (site, taxo_group, last_ts)
       select g.site, g.id, greatest(localtimestamp - $4::int * interval '1 day', ${earliest}) from ${db.check}.taxo_groups_json g
        where g.site = $1 and g.item->>'access_mode' is distinct from 'none'
          and not coalesce(g.item->>'name_constant' = any($2::text[]), false) and ${asked("g.id")}
          and not exists (select from ${db.check}.increment_log i where i.site = g.site and i.taxo_group = g.id)`,
      [...filters, windowDays],
    );
    await client.query("commit");
  });
}

/**
 * The updates of these groups have ended well: what was kept of them is no longer needed. But not where a group's date is so
 * old that changes alone do not reach it, and the job has not downloaded from there: its date stays, and is a gap.
 */
export async function updateEnded(
  db: Database,
  job: number,
  site: string,
  groups: readonly Part[],
): Promise<void> {
  await db.rows(
    `delete from ${db.repair}.increment_backup b
      where b.job = $1 and b.site = $2 and b.taxo_group = any($3::int[])
        and (b.last_ts >= localtimestamp - interval '${GAP_DAYS} days'
             or b.last_ts >= (select j.window_from from ${db.repair}.job j where j.id = b.job and j.verb = 'weekly'))`,
    [job, site, groups.map(({ taxoGroup }) => taxoGroup)],
  );
}

/**
 * Puts the dates back that failed or killed updates have moved on, of this job and of earlier ones.
 * Never forward: of several that were kept, the earliest is put back.
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

/**
 * The day of the oldest last update among the sites, if it is too long ago for updates alone; else null. A group whose
 * changes are refused keeps its date, and so does one that the portal lists no more: each is a gap once it comes again, and
 * costs the others nothing until then.
 */
export async function gapSince(db: Database, scopes: readonly Scope[]): Promise<Day | null> {
  let oldest: Day | null = null;
  for (const scope of scopes) {
    const [row] = await db.rows<{ day: string | null }>(
      `select to_char(min(i.last_ts), 'YYYY-MM-DD') as day from ${db.check}.increment_log i
        where ${used(db)} and i.last_ts < localtimestamp - interval '${GAP_DAYS} days'
          and ${db.repair}.is_listed(i.site, i.taxo_group)
          and not exists (select from ${db.repair}.part_failure f
                           where f.kind = 'update' and f.site = i.site and f.taxo_group = i.taxo_group)`,
      [scope.site, scope.taxoExclude],
    );
    if (row?.day && (oldest === null || row.day < oldest)) oldest = row.day;
  }
  return oldest;
}
