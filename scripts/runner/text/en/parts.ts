import type { PartCause, PartsFailed, RowFault, RowsNotStored } from "../../facts";
import { list } from "../common/texts";

/** What the portal means by a status. */
function meaning(status: number, site: string): string {
  if (status === 401)
    return ` (the account's password or key is refused: look at sites.${site}.userEmail and clientKey, and pulumi config set --secret --path vn-sync-check:sites.${site}.userPassword, or clientSecret; then pulumi up. Or this machine's clock is wrong: timedatectl)`;
  if (status === 403) return " (this account has no right to it)";
  if (status === 404) return " (not there)";
  return status >= 500 ? " (its own fault)" : "";
}

function cause(one: PartCause, site: string): string {
  switch (one.kind) {
    case "http":
      return `the portal answers ${one.status}${meaning(one.status, site)}`;
    case "body":
      return `the portal answers with something else than what was asked for: no list: ${one.body}`;
    case "network":
      return `the portal does not answer: ${one.said}`;
    case "database":
      return `the database refuses: ${one.said}`;
    case "stopped":
      return one.why === "silence"
        ? `the portal gave no answer for ${one.seconds} s`
        : `it was not through after ${one.seconds} s`;
    case "rows":
      return `rows that cannot be stored: ${one.said}`;
    case "other":
      return one.said;
  }
}

const faults: Record<RowFault, (detail: string) => string> = {
  "null character": () => "a null character (\\u0000) in it",
  "lone surrogate": () => "half of a character (a lone surrogate) in it",
  lacks: (detail) => `it lacks ${detail}`,
  "out of range": () => "a number in it is too large",
  malformed: (detail) => `it is not of the expected form (${detail})`,
  refused: (detail) => `the database refuses it (${detail})`,
};

const groupOf = (name: string | null, id: number) =>
  name === null ? `group ${id}` : `${name} (group ${id})`;

/** Parts of a download that do not come, in English. */
export function partsFailed(parts: PartsFailed): string {
  const { site, kinds, groupName, taxoGroup, units, since } = parts;
  if (kinds.includes("list")) return `${site}, ${list(units)}: ${cause(parts.cause, site)}, since ${since}`;
  const what = kinds.every((kind) => kind === "update") ? "changes of " : "";
  const where = units.length > 0 ? `, unit ${list(units)}` : "";
  return `${site}, ${what}${groupOf(groupName, taxoGroup)}${where}: ${cause(parts.cause, site)}, since ${since}; everything else goes on, and it is asked for again by each run`;
}

/** Rows that could not be stored, in English. */
export function rowsNotStored({
  site,
  table,
  groupName,
  taxoGroup,
  ids,
  fault,
  detail,
}: RowsNotStored): string {
  const where = taxoGroup === null ? table : `${groupOf(groupName, taxoGroup)}, ${table}`;
  const names = list(ids.slice(0, 10)) + (ids.length > 10 ? ` … (${ids.length})` : "");
  return `${site}, ${where}: cannot be stored: ${names}: ${faults[fault](detail)}. Have it corrected on the portal; it is asked for again by each run`;
}
