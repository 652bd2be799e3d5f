import { createHash } from "node:crypto";
import { type Covered, coverage, covers, type Pair, type Scope } from "./coverage";
import type { Database } from "./database";

/** The reference controllers without which nobody knows which groups and units there are. */
export const REFERENCES = ["taxo_groups", "territorial_units"];

/** How complete a download of one site is. */
export interface SiteProof {
  site: string;
  /** Since when pieces count: timestamp of the sync's own login, before the first try. */
  t0: string;
  /** Says when two proofs may be compared: the filters they were made with. */
  scope: string;
  expected: number;
  unproven: Pair[];
  /** Reference controllers that have not ended well since t0. */
  references: string[];
  /** Observations received. */
  rows: number;
  /** Fewer pairs than last time, or far fewer observations than usual: what the client cannot see. */
  doubts: Doubt[];
  proven: boolean;
}

export type Doubt =
  | { kind: "fewer pairs"; got: number; before: number }
  | { kind: "few rows"; got: number; usual: number };

/** How complete a download is, kept in job_run.proof. */
export interface Proof {
  window_from: string;
  window_to: string;
  proven: boolean;
  sites: SiteProof[];
}

/** Earlier proven downloads of the site: same filters, same length of window; the newest first. */
export interface History {
  expected: number;
  rows: number;
}

/** Below this part of the usual number of observations a download is not believed. */
const PLAUSIBLE = 0.4;
/** Earlier runs that make "usual", once there are at least so many. */
const USUAL_OF = 8;
const USUAL_FROM = 3;

export function doubtsOf(now: History, earlier: readonly History[]): Doubt[] {
  const doubts: Doubt[] = [];
  const last = earlier[0];
  if (last && now.expected < last.expected)
    doubts.push({ kind: "fewer pairs", got: now.expected, before: last.expected });
  const recent = earlier.slice(0, USUAL_OF).map((run) => run.rows);
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

/** What is known before anything was downloaded: nothing is proven. A run killed early leaves just this. */
export function nothingYet(
  scopes: readonly Scope[],
  t0: string,
  window: { from: string; to: string },
): Proof {
  return {
    window_from: window.from,
    window_to: window.to,
    proven: false,
    sites: scopes.map((scope) => ({
      site: scope.site,
      t0,
      scope: fingerprint(scope),
      expected: 0,
      unproven: [],
      references: REFERENCES,
      rows: 0,
      doubts: [],
      proven: false,
    })),
  };
}

/**
 * How complete the site's download is since t0. To be called only when no client process is left.
 * @param missingReferences reference controllers that have not ended well since t0
 * @param believe take doubts as settled: a person has looked
 */
export async function proveSite(
  db: Database,
  scope: Scope,
  t0: string,
  window: { from: string; to: string },
  missingReferences: readonly string[],
  believe = false,
): Promise<SiteProof> {
  const pairs: Covered[] = await coverage(db, scope, t0);
  const unproven = pairs.filter((pair) => !covers(pair, window.from, window.to));
  const rows = pairs.reduce((sum, pair) => sum + pair.rows, 0);
  const expected = pairs.length;
  const earlier = believe ? [] : await history(db, scope, t0, window);
  const doubts = unproven.length === 0 && expected > 0 ? doubtsOf({ expected, rows }, earlier) : [];
  return {
    site: scope.site,
    t0,
    scope: fingerprint(scope),
    expected,
    unproven: unproven.map(({ site, taxo, group, unit, short }) => ({ site, taxo, group, unit, short })),
    references: [...missingReferences],
    rows,
    doubts,
    // At least one pair: empty reference tables, or a filter that matches nothing, prove nothing.
    proven: expected > 0 && unproven.length === 0 && missingReferences.length === 0 && doubts.length === 0,
  };
}

async function history(
  db: Database,
  scope: Scope,
  t0: string,
  window: { from: string; to: string },
): Promise<History[]> {
  return await db.rows<History>(
    `select (p->>'expected')::int as expected, (p->>'rows')::int as rows
       from (select distinct on (p->>'t0') p, r.id
               from ${db.schema}.job_run r, jsonb_array_elements(r.proof->'sites') as p
              where r.window_to - r.window_from = $3::date - $4::date and p->>'site' = $1 and p->>'scope' = $2
                and (p->>'proven')::boolean and p->>'t0' <> $5
              order by p->>'t0', r.id desc) as runs
      order by id desc limit ${USUAL_OF}`,
    [scope.site, fingerprint(scope), window.to, window.from, t0],
  );
}

function fingerprint(scope: Scope): string {
  const text = JSON.stringify([[...scope.taxoExclude].sort(), [...scope.units].sort()]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
