import { readFileSync, rmSync } from "node:fs";
import { writePrivate } from "../account/files";
import type { GroupUnit, Scope } from "../facts";
import { type ClientResult, runClient } from "./client";
import type { Downloading } from "./downloading";
import { type SliceDates, sliceOf } from "./evnFile";

/** Groups in units that one client process can be narrowed down to. */
export interface Slice {
  /** name_constant of each group. */
  groups: string[];
  /** short_name of each unit; empty: all that the configuration allows. */
  units: string[];
}

/** What is still to fetch, gathered into as few client processes as narrow it down without asking for more. */
export function slices(unproven: readonly GroupUnit[]): Slice[] {
  const unitsOf = new Map<string, Set<string>>();
  for (const { groupName, shortName } of unproven) {
    const units = unitsOf.get(groupName) ?? new Set();
    unitsOf.set(groupName, units.add(shortName));
  }
  const byUnits = new Map<string, Slice>();
  for (const [group, units] of unitsOf) {
    const sorted = [...units].sort();
    const slice = byUnits.get(sorted.join("\n")) ?? { groups: [], units: sorted };
    slice.groups.push(group);
    byUnits.set(sorted.join("\n"), slice);
  }
  return [...byUnits.values()];
}

/** Downloads a slice, by a configuration that lives only meanwhile. */
export async function downloadSlice(
  d: Downloading,
  scope: Scope,
  slice: Slice,
  dates: SliceDates,
  overallSeconds: number = d.limits.overallSeconds,
): Promise<ClientResult> {
  // The client knows no list of groups to fetch, only one of those to leave out.
  const known = await d.db.rows<{ name: string }>(
    `select distinct item->>'name_constant' as name from ${d.db.check}.taxo_groups_json
      where site = $1 and item->>'name_constant' is not null order by 1`,
    [scope.site],
  );
  const names = new Set([...known.map(({ name }) => name), ...scope.taxoExclude]);
  const exclude = [...names].filter((name) => !slice.groups.includes(name));
  writePrivate(
    d.paths.slice,
    sliceOf(readFileSync(d.paths.evn, "utf8"), { ...dates, exclude, units: slice.units }),
  );
  try {
    return await runClient(d, {
      site: scope.site,
      mode: "full",
      controllers: ["observations"],
      config: d.paths.slice,
      overallSeconds,
    });
  } finally {
    rmSync(d.paths.slice, { force: true });
  }
}
