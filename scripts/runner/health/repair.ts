import type { CauseFact } from "../text";
import type { Look } from "./seen";

/**
 * What the database tells of its own surroundings: triggers of ours that are off, times in which nobody watched, views
 * that could not be refreshed.
 */
export const surroundingsLook: Look = async ({ home: { db } }) => {
  const faults = await db.rows<{ problem: string; remedy: string }>(
    `select problem, remedy from ${db.repair}.watch_faults()`,
  );
  const spells = await db.rows<{
    id: number;
    of_main: boolean;
    reason: string;
    since: string;
    until: string;
    held: number;
  }>(
    `select b.id::int, b.of_main, b.reason, to_char(b.since, 'YYYY-MM-DD HH24:MI') as since,
            to_char(b.until, 'YYYY-MM-DD HH24:MI') as until, h.held
       from ${db.repair}.blind_spell as b
       cross join (select count(*)::int as held from ${db.repair}.held_back where cause = 'unseen') as h
      where b.released_at is null and b.until is not null
        and (b.lasts or b.run = (select max(id) from ${db.repair}.run where status <> 'running')
             or b.of_main and exists (select from ${db.repair}.held_back
                                       where cause = 'unseen' and message like '%(blind_spell %'))
      order by b.id`,
  );
  const runs = await db.rows<{ views_error: string | null }>(
    `select views_error from ${db.repair}.run where status not in ('running', 'failed') order by id desc limit 1`,
  );
  const cause = runs[0]?.views_error;
  return [
    ...faults.map(({ problem, remedy }): CauseFact => ({ fact: "watchOff", problem, remedy })),
    ...spells.map(
      ({ id, of_main: ofMain, reason, since, until, held }): CauseFact => ({
        fact: "blindSpell",
        id,
        ofMain,
        reason,
        since,
        until,
        held,
        release: `SELECT ${db.repair}.nothing_was_deleted(${id})`,
      }),
    ),
    ...(cause ? [{ fact: "viewsNotRefreshed", cause } as const] : []),
  ];
};

/** What people have to see to after the last repair, where no failed job says it already. */
export const repairLook: Look = ({ jobs }) => {
  const last = Object.values(jobs)
    .filter((job) => job.repair)
    .sort((a, b) => a.id - b.id)
    .pop();
  if (!last?.repair || (last.verb !== "repair" && last.status === "failed")) return [];
  return last.repair.problems
    .filter(({ problem }) => problem !== "no day of entry")
    .map((problem) => ({ fact: "repairProblem", problem }));
};
