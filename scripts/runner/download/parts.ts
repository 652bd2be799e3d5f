import { readFileSync, rmSync } from "node:fs";
import type { Database } from "../account/database";
import { writePrivate } from "../account/files";
import type { Part, PartCause, PartEnded, PartKind, Scope } from "../facts";
import { type ClientResult, keyOf, runClient } from "./client";
import type { Downloading } from "./downloading";
import { type SliceDates, sliceOf } from "./evnFile";

/** So often the process that asks for parts is begun again behind one at which it hung. */
const BEGUN_AGAIN = 2;

/** Whether the portal has answered well and says no, or gives what cannot be used: asking again at once is of no use. */
function isRefusal(cause: PartCause): boolean {
  if (cause.kind === "rows") return true;
  return (
    cause.kind === "http" &&
    cause.status >= 400 &&
    cause.status < 500 &&
    ![401, 408, 425, 429].includes(cause.status)
  );
}

/** Parts that failed in earlier jobs and have not come since; the one that was tried longest ago first. */
export async function failedBefore(db: Database, job: number, site: string, kind: PartKind): Promise<Part[]> {
  return await db.rows<Part>(
    `select taxo_group as "taxoGroup", unit from ${db.repair}.part_failure
      where kind = $1 and site = $2 and job is distinct from $3 order by last_at`,
    [kind, site, job],
  );
}

/** Writes down what became of parts, and of lists. */
export async function partsEnded(
  db: Database,
  job: number,
  site: string,
  kind: PartKind,
  { parts, lists }: Pick<ClientResult, "parts" | "lists">,
): Promise<void> {
  if (parts.length > 0) await db.call("parts_ended", job, site, kind, JSON.stringify(parts));
  const controllers = lists.map(({ name, cause }) => ({ taxoGroup: 0, unit: name, cause }));
  if (controllers.length > 0) await db.call("parts_ended", job, site, "list", JSON.stringify(controllers));
}

/** Forgets failures of other parts: they are no longer asked for. */
export async function keepParts(
  db: Database,
  site: string,
  kind: PartKind,
  parts: readonly Part[],
): Promise<void> {
  const kept = parts.map(({ taxoGroup, unit }) => ({ taxoGroup, unit }));
  await db.call("keep_parts", site, kind, JSON.stringify(kept));
}

/** Which parts a job still asks for, and after which others: one that fails costs nobody else anything. */
export class Tries {
  /** Those that failed in an earlier job are asked once in each, last. */
  private readonly once: Map<string, Part>;
  private readonly failed = new Map<string, PartEnded>();

  constructor(before: readonly Part[]) {
    this.once = new Map(before.map((part) => [keyOf(part), part]));
  }

  /** Those that are asked for after all others. */
  last(): Part[] {
    return [...this.once.values(), ...this.failed.values()];
  }

  took(parts: readonly PartEnded[]): void {
    for (const part of parts) {
      if (part.cause === null) this.failed.delete(keyOf(part));
      else this.failed.set(keyOf(part), part);
    }
  }

  /** Of these, what is worth asking for (again) in this job. */
  left<P extends Part>(parts: readonly P[]): P[] {
    return parts.filter((part) => {
      const failed = this.failed.get(keyOf(part));
      return !failed || !(this.once.has(keyOf(part)) || (failed.cause && isRefusal(failed.cause)));
    });
  }
}

/**
 * Asks for parts by date, by a configuration that lives only meanwhile. Where the client hangs at one, it is asked for the
 * others behind it by another process.
 */
export async function askFor(
  d: Downloading,
  scope: Scope,
  parts: readonly Part[],
  last: readonly Part[],
  dates: SliceDates,
  overallSeconds: number = d.limits.overallSeconds,
): Promise<ClientResult> {
  const end = Date.now() + overallSeconds * 1000;
  const behind = new Set(last.map(keyOf));
  let left = [
    ...parts.filter((part) => !behind.has(keyOf(part))),
    ...parts.filter((part) => behind.has(keyOf(part))),
  ];
  const all: ClientResult = { outcome: "done", ended: [], parts: [], lists: [] };
  writePrivate(d.paths.slice, sliceOf(readFileSync(d.paths.evn, "utf8"), dates));
  try {
    for (let begun = 0; left.length > 0 && begun <= BEGUN_AGAIN; begun++) {
      const seconds = Math.ceil((end - Date.now()) / 1000);
      if (seconds <= 0) break;
      const result = await runClient(d, {
        site: scope.site,
        mode: "full",
        controllers: ["observations"],
        config: d.paths.slice,
        parts: left,
        overallSeconds: seconds,
      });
      if (result.outcome !== "done") all.outcome = result.outcome;
      all.parts.push(...result.parts);
      all.lists.push(...result.lists);
      const hung = result.outcome === "silence" ? result.parts.at(-1) : undefined;
      const at = hung ? left.findIndex((part) => keyOf(part) === keyOf(hung)) : -1;
      left = at < 0 ? [] : left.slice(at + 1);
    }
    return all;
  } finally {
    rmSync(d.paths.slice, { force: true });
  }
}
