import type { ClientFailure, PartCause } from "../facts";
import type { Downloading } from "./downloading";

/** As `settledLogin` has it. */
const WAITED = "5 minutes";

interface Caused {
  cause: PartCause | null;
}

/** Says of each statement of the client's that has waited for a lock in vain who was in the way. */
export async function nameHolders(
  { db }: Downloading,
  { parts, lists }: { parts: readonly Caused[]; lists: readonly Caused[] },
  failures: readonly ClientFailure[],
): Promise<void> {
  const waited: { said: string }[] = [];
  for (const { cause } of [...parts, ...lists])
    if (cause?.kind === "database" && cause.sqlstate === "55P03") waited.push(cause);
  for (const failure of failures)
    if (failure.kind === "controller" && /LockNotAvailable/.test(failure.said)) waited.push(failure);
  if (waited.length === 0) return;
  const holders = await db.call<string | null>("holders", null, WAITED).catch(() => null);
  if (holders !== null) for (const one of waited) one.said += `; ${holders}`;
}
