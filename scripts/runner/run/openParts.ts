import { CONTROLLERS } from "../../../config/values/controllers";
import type { Database } from "../account/database";
import type { Fact, PartKind, PartsFailed, RowsNotStored } from "../facts";
import type { CauseFact } from "../text";

type Open = Extract<CauseFact, { fact: "partsFailed" | "rowsNotStored" }>;

/** A group's name in the client's own table. */
function nameOf(db: Database, alias: string): string {
  return `(select g.item->>'name_constant' from ${db.check}.taxo_groups_json g
            where g.site = ${alias}.site and g.id = ${alias}.taxo_group limit 1)`;
}

/**
 * What does not come, part by part, and rows that could not be stored, each with its cause. A download by date counts as far
 * as its proof lacks it.
 * @param sites those that are enabled; others are not asked for any more
 */
export async function openParts(db: Database, sites: readonly string[]): Promise<Open[]> {
  const parts = await db.rows<PartsFailed>(
    `with open as (
       select f.* from ${db.repair}.part_failure f
        where f.site = any($1)
          and (f.kind <> 'download' or exists (
                 select from ${db.repair}.job_gap g
                  where g.job = ${db.repair}.last_download() and g.site = f.site
                    and g.taxo_group = f.taxo_group and g.unit = f.unit))
     )
     select o.site, o.taxo_group as "taxoGroup", ${nameOf(db, "o")} as "groupName", o.cause,
            array_agg(distinct cast(o.kind as text) order by cast(o.kind as text)) as kinds,
            coalesce(array_agg(distinct o.unit order by o.unit) filter (where o.unit <> ''), '{}') as units,
            to_char(min(o.since), 'YYYY-MM-DD') as since
       from open o group by o.site, o.taxo_group, o.cause order by 1, 2, 4`,
    [sites],
  );
  const rows = await db.rows<RowsNotStored>(
    `select n.site, n.table_name as "table", n.taxo_group as "taxoGroup", ${nameOf(db, "n")} as "groupName", n.fault, n.detail,
            array_agg(n.id order by n.id) as ids
       from ${db.repair}.not_stored n where n.site = any($1)
      group by n.site, n.table_name, n.taxo_group, n.fault, n.detail order by 1, 2, 3`,
    [sites],
  );
  return [
    ...parts.map((part): Open => ({ fact: "partsFailed", ...part })),
    ...rows.map((row): Open => ({ fact: "rowsNotStored", ...row })),
  ];
}

/** Controllers of which rows could not be stored, by site: they are asked for again. */
export async function listsLeft(db: Database): Promise<Map<string, string[]>> {
  const rows = await db.rows<{ site: string; tables: string[] }>(
    `select site, array_agg(distinct table_name) as tables from ${db.repair}.not_stored where taxo_group is null group by site`,
  );
  const controllersOf = (tables: readonly string[]) =>
    CONTROLLERS.filter((one) => one.tables.some((table) => tables.includes(table))).map(
      (one) => one.controller,
    );
  return new Map(rows.map(({ site, tables }) => [site, controllersOf(tables)]));
}

/** These facts and what is open, without what says less of the same: an update whose groups are named. */
export function withParts<F extends Fact>(facts: readonly F[], open: readonly Open[]): (F | Open)[] {
  const named = new Set(
    open.flatMap((one) => (one.fact === "partsFailed" ? one.kinds.map((kind) => `${one.site} ${kind}`) : [])),
  );
  return [...facts.filter((one) => one.fact !== "updateFailed" || !named.has(`${one.site} update`)), ...open];
}

/** The same, without figures of downloads, and groups of a first import, of which each part that lacks is named. */
export function byParts(facts: readonly CauseFact[], open: readonly Open[]): CauseFact[] {
  const parts = open.filter((one) => one.fact === "partsFailed");
  const of = (kind: PartKind) => parts.filter(({ kinds }) => kinds.includes(kind));
  const downloads = new Set(
    of("download").flatMap(({ site, taxoGroup, units }) =>
      units.map((unit) => `${site} ${taxoGroup}/${unit}`),
    ),
  );
  const imports = new Set(of("import").map(({ site, groupName }) => `${site} ${groupName}`));
  const isNamed = (one: CauseFact) => {
    if (one.fact === "importGroupFailed") return imports.has(`${one.site} ${one.group}`);
    if (one.fact !== "siteUnproven") return false;
    const { site, unproven, missing } = one.proof;
    return (
      unproven.length > 0 &&
      missing.length === 0 &&
      unproven.every(({ taxoGroup, unit }) => downloads.has(`${site} ${taxoGroup}/${unit}`))
    );
  };
  return withParts(
    facts.filter((one) => !isNamed(one)),
    open,
  );
}
