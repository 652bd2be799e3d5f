import type { Proof } from "../facts";

/** The proofs of a job as `job_run.proof` and `status --json` have them. */
export interface ProofReport {
  window_from: string;
  window_to: string;
  proven: boolean;
  sites: {
    site: string;
    t0: string;
    scope: string;
    expected: number;
    unproven: { site: string; taxo: number; group: string; unit: string; short: string }[];
    references: string[];
    rows: number;
    doubts: Proof["doubts"];
    proven: boolean;
  }[];
}

export function proofReport(proofs: readonly Proof[]): ProofReport | null {
  const window = proofs[0]?.window;
  if (!window) return null;
  return {
    window_from: window.from,
    window_to: window.to,
    proven: proofs.every((one) => one.proven),
    sites: proofs.map(({ site, since, scope, expected, unproven, missing, rows, doubts, proven }) => ({
      site,
      t0: since,
      scope,
      expected,
      unproven: unproven.map(({ site, taxoGroup, group, unit, shortName }) => ({
        site,
        taxo: taxoGroup,
        group,
        unit,
        short: shortName,
      })),
      references: missing,
      rows,
      doubts,
      proven,
    })),
  };
}

export function proofsOf(report: ProofReport | null): Proof[] {
  return (report?.sites ?? []).map(({ t0, references, unproven, ...same }) => ({
    ...same,
    since: t0,
    window: { from: report?.window_from ?? "", to: report?.window_to ?? "" },
    missing: references,
    unproven: unproven.map(({ site, taxo, group, unit, short }) => ({
      site,
      taxoGroup: taxo,
      group,
      unit,
      shortName: short,
    })),
  }));
}
