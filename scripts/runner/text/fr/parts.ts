import type { PartCause, PartsFailed, RowFault, RowsNotStored } from "../../facts";
import { list } from "../common/texts";

/** What the portal means by a status. */
function meaning(status: number, site: string): string {
  if (status === 401)
    return ` (le mot de passe ou la clé du compte est refusé : vérifiez sites.${site}.userEmail et clientKey, et pulumi config set --secret --path vn-sync-check:sites.${site}.userPassword, ou clientSecret ; puis pulumi up. Ou l'horloge de cette machine est fausse : timedatectl)`;
  if (status === 403) return " (ce compte n'y a pas droit)";
  if (status === 404) return " (n'existe pas)";
  return status >= 500 ? " (une faute de sa part)" : "";
}

function cause(one: PartCause, site: string): string {
  switch (one.kind) {
    case "http":
      return `le portail répond ${one.status}${meaning(one.status, site)}`;
    case "body":
      return `le portail répond autre chose que ce qui est demandé : pas de liste : ${one.body}`;
    case "network":
      return `le portail ne répond pas : ${one.said}`;
    case "database":
      return `la base de données refuse : ${one.said}`;
    case "stopped":
      return one.why === "silence"
        ? `le portail n'a rien répondu pendant ${one.seconds} s`
        : `ce n'était pas terminé après ${one.seconds} s`;
    case "rows":
      return `lignes impossibles à enregistrer : ${one.said}`;
    case "other":
      return one.said;
  }
}

const faults: Record<RowFault, (detail: string) => string> = {
  "null character": () => "elle contient un caractère nul (\\u0000)",
  "lone surrogate": () => "elle contient une moitié de caractère (surrogate isolé)",
  lacks: (detail) => `il y manque ${detail}`,
  "out of range": () => "un nombre y est trop grand",
  malformed: (detail) => `elle n'a pas la forme attendue (${detail})`,
  refused: (detail) => `la base de données la refuse (${detail})`,
};

const groupOf = (name: string | null, id: number) =>
  name === null ? `groupe ${id}` : `${name} (groupe ${id})`;

/** Parts of a download that do not come, in French. */
export function partsFailed(parts: PartsFailed): string {
  const { site, kinds, groupName, taxoGroup, units, since } = parts;
  if (kinds.includes("list"))
    return `${site}, ${list(units)} : ${cause(parts.cause, site)}, depuis le ${since}`;
  const what = kinds.every((kind) => kind === "update") ? "changements de " : "";
  const where = units.length > 0 ? `, unité ${list(units)}` : "";
  return `${site}, ${what}${groupOf(groupName, taxoGroup)}${where} : ${cause(parts.cause, site)}, depuis le ${since} ; tout le reste continue, et chaque tâche refait la demande`;
}

/** Rows that could not be stored, in French. */
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
  return `${site}, ${where} : impossible à enregistrer : ${names} : ${faults[fault](detail)}. À faire corriger sur le portail ; chaque tâche refait la demande`;
}
