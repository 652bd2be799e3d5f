import type { Doubt, Proof } from "../../facts";

/** What a doubt is about, as --accept-download takes it. */
function nameOf(site: string, { groupName, taxoGroup, unit }: Doubt): string {
  const part = groupName ?? taxoGroup ?? unit;
  return part === undefined ? site : `${site}/${part}`;
}

/** What is doubted of a download: its observations and as many as there usually are, each doubt, and what accepts them. */
export function doubted({ site, rows, doubts }: Proof) {
  const ofSite = doubts.find((one) => one.kind === "few rows" && one.taxoGroup === undefined);
  const ofGroups = doubts.filter((one) => one.kind !== "fewer downloads" && one !== ofSite);
  const lacking = ofGroups.reduce((sum, { got, usual }) => sum + usual - got, 0);
  return {
    /** undefined: as many as usual. */
    usual: ofSite?.usual ?? (ofGroups.length > 0 ? Math.round(rows + lacking) : undefined),
    ofGroups,
    notListed: doubts.filter((one) => one.kind === "fewer downloads"),
    accepts: [...new Set(doubts.map((one) => nameOf(site, one)))].join(" "),
  };
}

/** A group's or unit's name for people. */
export function partOf({ groupName, taxoGroup, unit }: Doubt): string {
  return groupName ?? String(taxoGroup ?? unit ?? "");
}
