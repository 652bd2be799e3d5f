import type { RunnerAccount } from "./runnerAccount";
import type { RunnerAccounts } from "./runnerAccounts";

/** Rows that a table has otherwise than the portal, as `site group/unit id`; those of the portal only. */
export async function lacking(
  accounts: RunnerAccounts,
  account: RunnerAccount,
  table: string,
  site?: string,
): Promise<string[]> {
  const { rows } = await account.sql.query(`select site, id, update_ts from ${table}`);
  const have = new Map(rows.map((row) => [`${row.site} ${row.id}`, row.update_ts]));
  return [...accounts.emulator.world.truth(site ? { site } : {})]
    .filter((row) => have.get(`${row.site} ${row.id}`) !== row.update_ts)
    .map((row) => `${row.site} ${row.taxo_group}/${row.territorial_unit} ${row.id}`)
    .sort();
}

/** Since when each group's changes are asked for next, by group. */
export async function lastUpdates(account: RunnerAccount, site: string): Promise<Record<string, string>> {
  const { rows } = await account.sql.query(
    "select taxo_group, last_ts::text from src_vn_json_check.increment_log where site = $1",
    [site],
  );
  return Object.fromEntries(rows.map((row) => [row.taxo_group, row.last_ts]));
}
