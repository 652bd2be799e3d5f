import { setTimeout as sleep } from "node:timers/promises";
import type { Downloading } from "./downloading";

/**
 * Tries until `work` has succeeded or the tries are used up, with a pause before each further one. "enough": it has not, and
 * another try is of no use now.
 * @param work is given the number of the try, from 1
 * @returns whether it has succeeded
 */
export async function withRetries(
  { db, limits, stop }: Pick<Downloading, "db" | "limits" | "stop">,
  work: (attempt: number) => Promise<boolean | "enough">,
): Promise<boolean> {
  for (let attempt = 1; attempt <= limits.attempts; attempt++) {
    if (attempt > 1) {
      await sleep(limits.retryDelaySeconds * 1000, undefined, { signal: stop });
      // A server that restarts would fail the next try as well: it is waited for.
      await db.rows("select");
    }
    const ended = await work(attempt);
    if (ended !== false) return ended === true;
  }
  return false;
}
