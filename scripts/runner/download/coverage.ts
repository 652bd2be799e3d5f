import type { Database } from "../account/database";
import type { GroupUnit, Window } from "../facts";
import type { Scope } from "./evnFile";

/** What is known of the downloads of a group in a unit. */
export interface Covered extends GroupUnit {
  /** Days without a hole. */
  islands: Window[];
  /** Last day of the very first piece that was ever stored; null: none yet. */
  firstTop: string | null;
  /** Observations received, each piece counted once. */
  rows: number;
}

/**
 * Each group and unit of the scope with the days that were fetched *and stored* since `since` (a timestamp of
 * the sync's own login, or `-infinity`). A row of download_log is written only after all rows of its piece
 * are stored, so its presence proves the piece; failures leave no row. The comment's format and that
 * claim: tried with Client-API-VN 2.12.0 in 184 provoked failures. Pieces whose days touch are one island.
 */
export async function coverage(db: Database, scope: Scope, since: string): Promise<Covered[]> {
  const s = db.schema;
  type Row = Pick<GroupUnit, "site" | "group" | "unit"> & {
    taxo: number;
    short: string;
    first_top: string | null;
    rows: string;
    islands: [string, string][] | null;
  };
  const rows = await db.rows<Row>(
    `with want as (
       select g.site, g.id::int as taxo, g.item->>'name_constant' as "group",
              (u.item->>'id_country') || (u.item->>'short_name') as unit, u.item->>'short_name' as short
         from ${s}.taxo_groups_json g join ${s}.territorial_units_json u on u.site = g.site
        where g.site = $1
          and g.item->>'access_mode' is distinct from 'none'
          and not coalesce(g.item->>'name_constant' = any($2::text[]), false)
          and (cardinality($3::text[]) = 0 or u.item->>'short_name' = any($3::text[]))
     ), piece as (
       select l.id, m[1]::int as n, m[2]::int as taxo, m[3] as unit, to_date(m[4], 'DD/MM/YYYY') as d1,
              to_date(m[4], 'DD/MM/YYYY') + m[5]::int as d2
         from ${s}.download_log l,
              regexp_match(l.comment, ', (\\d+) obs, taxo_group ?: (\\d+), territorial_unit ?: (\\S+), date ?: (\\d\\d/\\d\\d/\\d{4}), interval\\w* ?: (\\d+)$') as m
        where l.controler = 'observations' and l.site = $1 and l.download_ts >= $4::timestamp and m is not null
     ), once as (
       select distinct on (taxo, unit, d1, d2) * from piece order by taxo, unit, d1, d2, id desc
     ), mark as (
       select *, case when d1 > max(d2) over (partition by taxo, unit order by d1, d2
                   rows between unbounded preceding and 1 preceding) + 1 then 1 else 0 end as begins
         from once
     ), numbered as (
       select *, sum(begins) over (partition by taxo, unit order by d1, d2 rows unbounded preceding) as island
         from mark
     ), island as (
       select taxo, unit, min(d1) as d1, max(d2) as d2, sum(n) as n from numbered group by taxo, unit, island
     ), got as (
       select taxo, unit, json_agg(json_build_array(d1::text, d2::text) order by d1) as islands, sum(n) as n
         from island group by taxo, unit
     ), first as (
       select distinct on (taxo, unit) taxo, unit, d2 from piece order by taxo, unit, id
     )
     select w.*, first.d2::text as first_top, coalesce(got.n, 0)::text as rows, got.islands
       from want w left join got using (taxo, unit) left join first using (taxo, unit)
      order by w.taxo, w.unit`,
    [scope.site, scope.taxoExclude, scope.units, since],
  );
  return rows.map(({ site, taxo, group, unit, short, first_top, rows: n, islands }) => ({
    site,
    taxoGroup: taxo,
    group,
    unit,
    shortName: short,
    firstTop: first_top,
    rows: Number(n),
    islands: (islands ?? []).map(([from, to]) => ({ from, to })),
  }));
}

/** Whether the days of the window are there without a hole. */
export function covers(one: Covered, window: Window): boolean {
  return one.islands.some((island) => island.from <= window.from && island.to >= window.to);
}

/**
 * How far back the first import of a group in a unit has come without a hole, counted from the first piece stored
 * (later changes come by the updates, that begin with it); null: nothing yet.
 */
export function reached(one: Covered): string | null {
  const top = one.firstTop;
  if (top === null) return null;
  return one.islands.find((island) => island.from <= top && top <= island.to)?.from ?? null;
}
