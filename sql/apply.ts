import type { ClientBase } from "pg";
import {
  assumeSql,
  checkTablesSql,
  handoverSql,
  indexSql,
  installSql,
  type SqlSettings,
  uninstallSql,
} from "./index";

export interface ApplyReport {
  /** Statements that were run to make the covering indexes. */
  indexes: string[];
  /** SQL that only main's owner may run; the repair works without it, slower or with less. */
  handover: string[];
}

/**
 * Does the whole installation on an open connection, as the admin login: owner role, check tables, the repair's
 * objects, covering indexes. Doing it again changes nothing; over an older version, or the published procedure's
 * objects, it upgrades in place. Throws the server's error, whose message names what to do.
 */
export async function applyInstall(
  client: ClientBase,
  settings: SqlSettings,
  options: { checkTables?: boolean } = {},
): Promise<ApplyReport> {
  if (options.checkTables ?? true) await transaction(client, checkTablesSql(settings));
  await transaction(client, installSql(settings));
  return await assuming(client, settings, async () => {
    const { rows: statements } = await client.query<{ statement: string }>(indexSql(settings));
    for (const { statement } of statements) await client.query(statement);
    const { rows: left } = await client.query<{ statement: string }>(handoverSql(settings));
    return { indexes: statements.map((r) => r.statement), handover: left.map((r) => r.statement) };
  });
}

/** Does some work with the rights of the owners of our objects, which an admin login may lack of itself. */
export async function assuming<T>(
  client: ClientBase,
  settings: SqlSettings,
  work: () => Promise<T>,
): Promise<T> {
  const results = (await client.query(assumeSql(settings))) as unknown as { rows: { revoke?: string }[] }[];
  const revoke = results.flatMap((r) => r.rows).find((r) => r.revoke !== undefined)?.revoke ?? "";
  try {
    return await work();
  } finally {
    if (revoke !== "") await client.query(revoke);
  }
}

/** Removes what `applyInstall` made; with `data`, what holds data too. Doing it again changes nothing. */
export async function applyUninstall(
  client: ClientBase,
  settings: SqlSettings,
  options: { data: boolean },
): Promise<void> {
  await transaction(client, uninstallSql(settings, options));
}

/** Runs a text that is one transaction; after an error the connection is usable again. */
async function transaction(client: ClientBase, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}
