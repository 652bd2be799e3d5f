import type { SimulateRequest } from "../emulator";
import { simulate } from "../emulator";
import { type Association, MAIN_SCHEMA, siteAccount } from "./association";

/** How the main copy differs from the portal at one site. */
export interface Difference {
  site: string;
  /** On the portal, not in main. */
  missing: number;
  /** In main with an older update_ts than the portal's. */
  stale: number;
  /** In main with a later update_ts than the portal's: nobody may touch these. */
  newer: number;
  /** In main, deleted on the portal. */
  deleted: number;
}

const COUNTS = { inserts: 60, updates: 40, deletes: 5, newer: 3 } as const;

/**
 * Lets the main synchronisation lose changes as it does in life. People enter, correct and delete
 * observations; just then the API fails: at the first site with HTTP 500, at the others with a page of
 * HTML that says 200. The client has moved its date on before it asked, and never asks again.
 */
export async function loseChanges(
  association: Association,
  begin: (part: "apiFails" | "apiWorks") => void = () => {},
): Promise<void> {
  const between: [number, number] = [Date.now() - 60_000, Date.now()];
  const fortnight = Date.now() - 13 * 86_400_000;
  for (const site of association.sites) {
    const wishes: SimulateRequest[] = [
      { site, action: "update", count: COUNTS.updates, enteredAfter: fortnight, between },
      { site, action: "delete", count: COUNTS.deletes, enteredAfter: fortnight, between },
      { site, action: "insert", count: COUNTS.inserts - 5, between },
      { site, action: "insert", count: 5, between, inForm: true, taxoGroup: 1 },
    ];
    for (const wish of wishes) simulate(association.emulator.world, wish);
  }
  association.sites.forEach((site, i) => {
    const { userEmail } = siteAccount(association.emulator, site, 0);
    const failing = { site, userEmail, endpoint: "observations/diff", times: "always" } as const;
    association.emulator.faults.add(
      i === 0 ? { ...failing, kind: "status", status: 500 } : { ...failing, kind: "html" },
    );
  });
  begin("apiFails");
  await association.main.update();
  association.emulator.faults.clear();
  begin("apiWorks");
  await association.main.update();
}

/** Makes a few of main's rows newer than what any download brings. Gives them as they must stay. */
export async function makeNewerRows(association: Association): Promise<string[]> {
  const rows: string[] = [];
  for (const site of association.sites) {
    const changed = await association.query<{ row: string }>(
      `UPDATE ${MAIN_SCHEMA}.observations_json o
          SET update_ts = extract(epoch FROM now())::int + 60, item = o.item || '{"kept": "main knows better"}'
        WHERE (o.id, o.site) IN (
              SELECT id, site FROM ${MAIN_SCHEMA}.observations_json
               WHERE site = $1 AND update_ts > extract(epoch FROM now()) - 10 * 86400
               ORDER BY id LIMIT ${COUNTS.newer})
       RETURNING to_jsonb(o)::text AS row`,
      [site],
    );
    // Of nothing it could be said that it stayed as it was.
    if (changed.length !== COUNTS.newer)
      throw new Error(`${site}: ${changed.length} rows could be made newer`);
    rows.push(...changed.map(({ row }) => row));
  }
  return rows;
}

/** Those of the given rows that are not in main as they were. */
export async function touchedRows(association: Association, rows: string[]): Promise<number> {
  const [found] = await association.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM unnest($1::text[]) AS kept(row)
      WHERE NOT EXISTS (SELECT FROM ${MAIN_SCHEMA}.observations_json o WHERE to_jsonb(o) = kept.row::jsonb)`,
    [rows],
  );
  return found?.count ?? rows.length;
}

/** Holds the main copy against the emulator's truth, site by site. */
export async function differences(association: Association): Promise<Difference[]> {
  const main = await association.query<{ id: number; site: string; update_ts: number }>(
    `SELECT id, site, update_ts FROM ${MAIN_SCHEMA}.observations_json`,
  );
  const key = (row: { id: number; site: string }) => `${row.site}/${row.id}`;
  const inMain = new Map(main.map((row) => [key(row), row.update_ts]));
  return association.sites.map((site) => {
    const world = association.emulator.world;
    const difference: Difference = { site, missing: 0, stale: 0, newer: 0, deleted: 0 };
    for (const row of world.truth({ site })) {
      const found = inMain.get(key(row));
      if (found === undefined) difference.missing++;
      else if (found < row.update_ts) difference.stale++;
      else if (found > row.update_ts) difference.newer++;
    }
    for (const row of world.truth({ site, deleted: true })) if (inMain.has(key(row))) difference.deleted++;
    return difference;
  });
}
