import type { Database } from "./database";

/** One thing to download: a taxo group in a territorial unit of a site. */
export interface Pair {
  site: string;
  taxo: number;
  /** The group's name_constant, by which the client can be told to leave it out. */
  group: string;
  /** The unit as download_log writes it: id_country and short_name together. */
  unit: string;
  /** The unit's short_name, by which the client can be told to fetch only it. */
  short: string;
}

/** Days without a hole, both ends included, YYYY-MM-DD. */
export interface Island {
  from: string;
  to: string;
}

/** What is known of a pair's downloads. */
export interface Covered extends Pair {
  islands: Island[];
  /** Last day of the very first piece that was ever stored; null: none yet. */
  firstTop: string | null;
  /** Observations received, each piece counted once. */
  rows: number;
}

/** Which pairs a site has to bring. */
export interface Scope {
  site: string;
  taxoExclude: string[];
  /** short_name; empty: all. */
  units: string[];
}

/**
 * Each pair of the scope with the days that were fetched *and stored* since `since` (a timestamp of the
 * sync's own login, or `-infinity`). A row of download_log is written only after all rows of its piece
 * are stored, so its presence proves the piece; failures leave no row. The comment's format and that
 * claim: tried with Client-API-VN 2.12.0 in 184 provoked failures. Pieces whose days touch are one island.
 */
export async function coverage(db: Database, scope: Scope, since: string): Promise<Covered[]> {
  const s = db.schema;
  type Row = Pair & { first_top: string | null; rows: string; islands: [string, string][] | null };
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
  return rows.map(({ first_top, rows: n, islands, ...pair }) => ({
    ...pair,
    firstTop: first_top,
    rows: Number(n),
    islands: (islands ?? []).map(([from, to]) => ({ from, to })),
  }));
}

/** Whether the days from `from` to `to` are there without a hole. */
export function covers(pair: Covered, from: string, to: string): boolean {
  return pair.islands.some((island) => island.from <= from && island.to >= to);
}

/**
 * How far back the first import of a pair has come without a hole, counted from the first piece stored
 * (later changes come by the updates, that begin with it); null: nothing yet.
 */
export function reached(pair: Covered): string | null {
  const top = pair.firstTop;
  if (top === null) return null;
  return pair.islands.find((island) => island.from <= top && top <= island.to)?.from ?? null;
}

/** Pairs still to fetch, gathered into as few client runs as narrow them down without asking for more. */
export function slices(unproven: readonly Pair[]): { groups: string[]; units: string[] }[] {
  const unitsOf = new Map<string, Set<string>>();
  for (const pair of unproven) {
    const units = unitsOf.get(pair.group) ?? new Set();
    unitsOf.set(pair.group, units.add(pair.short));
  }
  const byUnits = new Map<string, { groups: string[]; units: string[] }>();
  for (const [group, units] of unitsOf) {
    const sorted = [...units].sort();
    const slice = byUnits.get(sorted.join("\n")) ?? { groups: [], units: sorted };
    slice.groups.push(group);
    byUnits.set(sorted.join("\n"), slice);
  }
  return [...byUnits.values()];
}
