import { lastLimits } from "../account/failure";
import type { Fact, Job } from "../facts";
import type { Home } from "./run";

/** What of the last download is not proven, and what of it the portals' limits are the cause of. */
export function unprovenOf(home: Home, download: Job | undefined): Fact[] {
  const brokenOff = download?.status === "failed" || download?.status === "running";
  const limits = lastLimits(home.paths);
  return (download?.sites ?? []).flatMap(({ site, proof }): Fact[] => {
    if (!proof || proof.proven) return [];
    // Nobody has looked which groups and units there are.
    if (brokenOff && proof.expected === 0) return [{ fact: "brokenOff", site }];
    const limit = limits[site];
    return [
      { fact: "siteUnproven", proof },
      ...(limit ? [{ fact: "portalLimits" as const, site, ...limit }] : []),
    ];
  });
}
