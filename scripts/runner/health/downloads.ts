import { lastSites } from "../run/job";
import { type CauseFact, isCause } from "../text";
import { type Look, lastRun, type Seen } from "./seen";

/** What a download by date, and the last updates, lack at each enabled site, and what lies behind it. */
export const downloadsLook: Look = async (seen) => {
  const lacks = [...unproven(seen), ...(await updates(seen)), ...(await oldUpdates(seen))];
  const sites = new Set(lacks.map(siteOf));
  const causes = (lastRun(seen)?.causes ?? [])
    .filter(isCause)
    .filter((one) => sites.has(siteOf(one)) && one.fact !== "extrasFailed");
  return [...lacks, ...causes];
};

function siteOf(one: CauseFact): string | undefined {
  if (one.fact === "siteUnproven") return one.proof.site;
  return "site" in one ? one.site : undefined;
}

function isEnabled({ scopes }: Seen, site: string): boolean {
  return scopes === null || scopes.some((one) => one.site === site);
}

function unproven(seen: Seen): CauseFact[] {
  const { download } = seen;
  const brokenOff = download?.status === "failed" || download?.status === "running";
  return (download?.sites ?? []).flatMap(({ site, proof }): CauseFact[] => {
    if (!proof || proof.proven || !isEnabled(seen, site)) return [];
    // Nobody has looked which groups and units there are.
    return brokenOff && proof.expected === 0
      ? [{ fact: "brokenOff", site }]
      : [{ fact: "siteUnproven", proof }];
  });
}

/** Changes, and other controllers, that failed when they were last asked for. */
async function updates(seen: Seen): Promise<CauseFact[]> {
  const sites = (await lastSites(seen.home.db)).filter(({ site }) => isEnabled(seen, site));
  return sites.flatMap(({ site, updated, extrasFailed: controllers }): CauseFact[] => [
    ...(updated === false ? [{ fact: "updateFailed" as const, site }] : []),
    ...(controllers.length > 0 ? [{ fact: "extrasFailed" as const, site, controllers }] : []),
  ]);
}

/** Groups whose last update is more than two days old. One under way, or killed, has moved the dates: what it kept counts. */
async function oldUpdates({ home: { db }, scopes }: Seen): Promise<CauseFact[]> {
  const found: CauseFact[] = [];
  for (const { site, taxoExclude, units } of scopes ?? []) {
    const [row] = await db.rows<{ groups: number[] | null; since: string | null }>(
      `select array_agg(g.taxo_group order by g.taxo_group) as groups, to_char(min(l.at), 'YYYY-MM-DD') as since
         from (select distinct taxo_group from ${db.repair}.coverage($1, $2, $3, '-infinity')
                where ${db.repair}.is_listed($1, taxo_group)) as g
         left join lateral (
           select coalesce((select min(b.last_ts) from ${db.repair}.increment_backup as b
                             where b.site = $1 and b.taxo_group = g.taxo_group),
                           (select i.last_ts from ${db.check}.increment_log as i
                             where i.site = $1 and i.taxo_group = g.taxo_group)) as at) as l on true
        where coalesce(l.at < localtimestamp - interval '2 days', true)`,
      [site, taxoExclude, units],
    );
    const { groups, since } = row ?? { groups: null, since: null };
    if (groups !== null) found.push({ fact: "updateOld", site, groups, since });
  }
  return found;
}
