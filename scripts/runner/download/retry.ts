import { setTimeout as sleep } from "node:timers/promises";
import type { Downloading } from "./downloading";

/**
 * Tries until `work` has succeeded or the tries are used up, with a pause before each further one.
 * @param work is given the number of the try, from 1
 * @returns whether it has succeeded
 */
export async function withRetries(
  { db, limits, stop }: Pick<Downloading, "db" | "limits" | "stop">,
  work: (attempt: number) => Promise<boolean>,
): Promise<boolean> {
  for (let attempt = 1; attempt <= limits.attempts; attempt++) {
    if (attempt > 1) {
      await sleep(limits.retryDelaySeconds * 1000, undefined, { signal: stop });
      // A server that restarts would fail the next try as well: it is waited for.
      await db.rows("select");
    }
    if (await work(attempt)) return true;
  }
  return false;
}
