import type { Look } from "../config/checks";
import type { Installation } from "../sql/installation";
import { databaseFindings } from "../sql/look";
import { adminConnection } from "./adminConnection";
import type { DatabaseConfig } from "./secrets";

/**
 * All that is wrong with the database of a stack, and what is not there.
 * @param gone where it does not answer that is told, and stops nothing: `destroy` may be under way without it
 */
export async function lookAtDatabase(
  database: DatabaseConfig,
  installation: Installation,
  gone: boolean,
): Promise<Look> {
  const connection = await new Promise<Parameters<typeof databaseFindings>[0]>((resolve) => {
    adminConnection(database).apply(resolve);
  });
  const { connected, found, absent } = await databaseFindings(connection, installation);
  return { found: connected || !gone ? found : found.map((one) => ({ ...one, mild: true })), absent };
}
