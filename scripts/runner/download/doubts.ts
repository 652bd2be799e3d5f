import type { Database } from "../account/database";

/** What is doubted of earlier downloads and has no answer yet, as `--accept-download` takes it: a site, or site/part. */
async function doubted(db: Database): Promise<{ site: string; names: string[] }[]> {
  return await db.rows(
    `select site, array_remove(array[(doubt).group_name, cast((doubt).taxo_group as text), (doubt).unit], null) as names
       from ${db.repair}.open_doubt order by site, part`,
  );
}

/**
 * A person has looked at the portal: what is doubted of these sites or parts (site/group by name or number, site/unit)
 * is none for the next download. All or nothing.
 * @returns the first that is not doubted, with what is; undefined: all are accepted
 */
export async function acceptDoubts(
  db: Database,
  named: readonly string[],
): Promise<{ named: string; doubted: string[] } | undefined> {
  const open = await doubted(db);
  const asked = named.map((name) => {
    const [site = "", ...part] = name.split("/");
    return { name, site, part: part.length > 0 ? part.join("/") : null };
  });
  const wrong = asked.find(
    ({ site, part }) => !open.some((one) => one.site === site && (part === null || one.names.includes(part))),
  );
  if (wrong)
    return {
      named: wrong.name,
      doubted: [...new Set(open.map(({ site, names }) => [site, ...names.slice(0, 1)].join("/")))],
    };
  for (const { site, part } of asked) await db.call("accept_doubts", site, part);
  return undefined;
}
