import { lastLimits } from "../account/failure";
import type { CauseFact } from "../text";
import type { Look } from "./seen";

/** What of the last download is not proven, and what of it the portals' limits are the cause of. */
export const proofLook: Look = ({ home, running, download }) => {
  if (running) return [];
  const brokenOff = download?.status === "failed" || download?.status === "running";
  const limits = lastLimits(home.paths);
  return (download?.sites ?? []).flatMap(({ site, proof }): CauseFact[] => {
    if (!proof || proof.proven) return [];
    // Nobody has looked which groups and units there are.
    if (brokenOff && proof.expected === 0) return [{ fact: "brokenOff", site }];
    const limit = limits[site];
    return [
      { fact: "siteUnproven", proof },
      ...(limit ? [{ fact: "portalLimits" as const, site, ...limit }] : []),
    ];
  });
};

/** What else the last daily or weekly run did not get: changes, other controllers. */
export const updatesLook: Look = ({ jobs }) => {
  const newest = [jobs.daily, jobs.weekly]
    .filter((job) => job?.endedAt)
    .sort((a, b) => (a?.id ?? 0) - (b?.id ?? 0))
    .pop();
  return (newest?.sites ?? []).flatMap(({ site, updated, extrasFailed: controllers }): CauseFact[] => [
    ...(updated === false ? [{ fact: "updateFailed" as const, site }] : []),
    ...(controllers.length > 0 ? [{ fact: "extrasFailed" as const, site, controllers }] : []),
  ]);
};
