import type { Doubt, GroupUnit, Proof } from "../facts";

/** A group and a unit as the database names them. */
export interface GroupUnitRow {
  taxo_group: number;
  group_name: string;
  unit: string;
  short_name: string;
}

export function groupUnitOf(row: GroupUnitRow): GroupUnit {
  const { taxo_group: taxoGroup, group_name: groupName, unit, short_name: shortName } = row;
  return { taxoGroup, groupName, unit, shortName };
}

/** What `prove` and `site_proof` return. */
export interface ProofRow {
  site: string;
  since: string;
  window_from: string;
  window_to: string;
  expected: number;
  rows: number;
  unproven: GroupUnitRow[];
  missing: string[];
  doubts: Doubt[];
  proven: boolean;
}

export function proofOf(row: ProofRow): Proof {
  const { site, since, expected, rows, missing, doubts, proven } = row;
  return {
    site,
    since,
    window: { from: row.window_from, to: row.window_to },
    expected,
    rows,
    unproven: row.unproven.map(groupUnitOf),
    missing,
    doubts,
    proven,
  };
}
