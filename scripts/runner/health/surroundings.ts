import type { CauseFact } from "../text";
import type { Look } from "./seen";

/** Without these no job comes to its end. */
const NEEDED = [
  "repair",
  "next_step",
  "next_transaction",
  "begin_job",
  "begin_site",
  "prove",
  "site_ended",
  "end_job",
];

/**
 * What the database tells of its own surroundings: whether it may be written, triggers of ours that are off, times in
 * which nobody watched, rights and tables that no run can begin without.
 */
export const surroundingsLook: Look = async ({ home: { db } }) => {
  // A number that only whoever writes is given: a standby has none.
  await db.rows("select pg_catalog.pg_current_xact_id()");
  const [rights] = await db.rows<{ names: string[] | null }>(
    `select to_json(array_agg(o.name order by o.name)) as names
       from (select c.relname as name from pg_class as c
              where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p')
                and (c.relname like '%\\_json' or c.relname in ('download_log', 'increment_log'))
                and not (has_table_privilege(c.oid, 'SELECT') and has_table_privilege(c.oid, 'INSERT')
                         and has_table_privilege(c.oid, 'UPDATE') and has_table_privilege(c.oid, 'DELETE'))
              union all
             select p.proname from pg_proc as p
              where p.pronamespace = to_regnamespace($2) and p.proname = any($3) and not has_function_privilege(p.oid, 'EXECUTE')) as o`,
    [db.check, db.repair, NEEDED],
  );
  const names = rights?.names ?? [];
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
  const impossible = await db.rows<{ problem: string; remedy: string }>(
    `select problem, remedy from ${db.repair}.run_faults()`,
  );
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
    ...(names.length > 0 ? [{ fact: "rightsGone" as const, names }] : []),
    ...impossible.map((one): CauseFact => ({ fact: "runFault", ...one })),
  ];
};
