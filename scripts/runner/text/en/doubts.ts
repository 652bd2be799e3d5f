import type { Doubt, Proof } from "../../facts";
import { doubted, partOf } from "../common/doubts";

/** Why a download is not believed, with figures, and what to do, in English. */
export function notBelieved(proof: Proof): string {
  const { usual, ofGroups, notListed, accepts } = doubted(proof);
  const parts = [
    ...(usual === undefined ? [] : [`${proof.rows} observations, usually ${usual}`]),
    ...ofGroups.map(inGroup),
    ...notListed.map(unlisted),
  ];
  const waits =
    notListed.length > 0 ? " (a list that next week's download finds as short again is believed)" : "";
  return `${proof.site}: not believed: ${parts.join("; ")}. Look at the portal${waits}; if it is right: vn-check weekly --accept-download ${accepts}`;
}

function inGroup(doubt: Doubt): string {
  const { kind, got, usual, from, to } = doubt;
  return kind === "not brought"
    ? `${partOf(doubt)}: ${got} came, though ${usual} are known, of those entered from ${from} to ${to} some are not among them`
    : `${partOf(doubt)}: ${got}, usually ${usual}`;
}

function unlisted(doubt: Doubt): string {
  if (doubt.taxoGroup === undefined && doubt.unit === undefined)
    return `${doubt.got} downloads expected, ${doubt.usual} last time`;
  const what = doubt.taxoGroup === undefined ? "territorial unit" : "taxo group";
  return `the portal does not list the ${what} ${partOf(doubt)} any more (${doubt.got} downloads expected, ${doubt.usual} last time)`;
}
