import type { Doubt, Proof } from "../../facts";
import { doubted, partOf } from "../common/doubts";
import { count } from "./count";

/** Why a download is not believed, with figures, and what to do, in French. */
export function notBelieved(proof: Proof): string {
  const { usual, ofGroups, notListed, accepts } = doubted(proof);
  const parts = [
    ...(usual === undefined ? [] : [`${count(proof.rows, "observation")}, d'habitude ${usual}`]),
    ...ofGroups.map(inGroup),
    ...notListed.map(unlisted),
  ];
  const waits =
    notListed.length > 0
      ? " (une liste que le téléchargement de la semaine suivante trouve aussi courte est crue)"
      : "";
  return `${proof.site} : peu crédible : ${parts.join(" ; ")}. Vérifiez sur le portail${waits} ; si c'est juste : vn-check weekly --accept-download ${accepts}`;
}

function inGroup(doubt: Doubt): string {
  const { kind, got, usual, from, to } = doubt;
  return kind === "not brought"
    ? `${partOf(doubt)} : ${got} reçues pour ${usual} connues, il en manque parmi celles saisies du ${from} au ${to}`
    : `${partOf(doubt)} : ${got}, d'habitude ${usual}`;
}

function unlisted(doubt: Doubt): string {
  const counts = `${count(doubt.got, "téléchargement attendu", "téléchargements attendus")}, ${doubt.usual} la dernière fois`;
  if (doubt.taxoGroup === undefined && doubt.unit === undefined) return counts;
  const what = doubt.taxoGroup === undefined ? "l'unité territoriale" : "le groupe taxonomique";
  return `le portail n'annonce plus ${what} ${partOf(doubt)} (${counts})`;
}
