import { createHash } from "node:crypto";
import type { Database } from "../account/database";
import type { Doubt, Proof, Window } from "../facts";
import { coverage, covers } from "./coverage";
import { PROOF_CONTROLLERS, type Scope } from "./evnFile";
import { days } from "./window";

/** An earlier proven download of the site: same filters, same length of window. */
export interface Earlier {
  expected: number;
  rows: number;
}

/** Below this part of the usual number of observations a download is not believed. */
const PLAUSIBLE = 0.4;
/** Earlier downloads that make "usual", once there are at least so many. */
const USUAL_OF = 8;
const USUAL_FROM = 3;

/** @param earlier the newest first */
export function doubtsOf(now: Earlier, earlier: readonly Earlier[]): Doubt[] {
  const doubts: Doubt[] = [];
  const last = earlier[0];
  if (last && now.expected < last.expected)
    doubts.push({ kind: "fewer downloads", got: now.expected, usual: last.expected });
  const recent = earlier.slice(0, USUAL_OF).map((one) => one.rows);
  if (recent.length >= USUAL_FROM) {
    const usual = median(recent);
    if (now.rows < PLAUSIBLE * usual) doubts.push({ kind: "few rows", got: now.rows, usual });
  }
  return doubts;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}

/** What is known before anything was downloaded: nothing is proven. A job killed early leaves just this. */
export function nothingYet(scope: Scope, since: string, window: Window): Proof {
  return {
    site: scope.site,
    since,
    scope: fingerprint(scope),
    window,
    expected: 0,
    rows: 0,
    unproven: [],
    missing: PROOF_CONTROLLERS,
    doubts: [],
    proven: false,
  };
}

/**
 * How complete the site's download is since then. To be called only when no client process is left.
 * @param missing controllers of the proof that have not ended well since then
 * @param accept take doubts as settled: a person has looked
 */
export async function proveSite(
  db: Database,
  scope: Scope,
  since: string,
  window: Window,
  missing: readonly string[],
  accept: boolean,
): Promise<Proof> {
  const covered = await coverage(db, scope, since);
  const unproven = covered.filter((one) => !covers(one, window));
  const rows = covered.reduce((sum, one) => sum + one.rows, 0);
  const expected = covered.length;
  const earlier = accept ? [] : await earlierOf(db, scope, since, window);
  const doubts = unproven.length === 0 && expected > 0 ? doubtsOf({ expected, rows }, earlier) : [];
  return {
    site: scope.site,
    since,
    scope: fingerprint(scope),
    window,
    expected,
    rows,
    unproven: unproven.map(({ site, taxoGroup, group, unit, shortName }) => ({
      site,
      taxoGroup,
      group,
      unit,
      shortName,
    })),
    missing: [...missing],
    doubts,
    // At least one group and unit: empty reference tables, or a filter that matches nothing, prove nothing.
    proven: expected > 0 && unproven.length === 0 && missing.length === 0 && doubts.length === 0,
  };
}

/** The newest first. */
async function earlierOf(db: Database, scope: Scope, since: string, window: Window): Promise<Earlier[]> {
  return await db.rows<Earlier>(
    `select (p->>'expected')::int as expected, (p->>'rows')::int as rows
       from (select distinct on (p->>'t0') p, r.id
               from ${db.schema}.job_run r, jsonb_array_elements(r.proof->'sites') as p
              where r.window_to - r.window_from + 1 = $3 and p->>'site' = $1 and p->>'scope' = $2
                and (p->>'proven')::boolean and p->>'t0' <> $4
              order by p->>'t0', r.id desc) as runs
      order by id desc limit ${USUAL_OF}`,
    [scope.site, fingerprint(scope), days(window), since],
  );
}

function fingerprint(scope: Scope): string {
  const text = JSON.stringify([[...scope.taxoExclude].sort(), [...scope.units].sort()]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
