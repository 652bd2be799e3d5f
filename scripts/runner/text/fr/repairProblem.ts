import type { RepairProblem } from "../../facts";
import { list } from "../common/texts";
import { count } from "./count";

const notCompared = {
  outside: "ils agissent hors de la transaction",
  login: "ils se règlent sur qui est connecté",
  superuser: "son propriétaire est superutilisateur",
  "no right": "l'administrateur ne peut agir pour son propriétaire",
  refused: "la copie principale refuse à son propriétaire chaque ligne essayée",
};

/** What people have to see to, as the database has found it, in French. */
export function repairProblem(problem: RepairProblem): string {
  switch (problem.problem) {
    case "unknown site":
      return problem.other === null
        ? `${problem.site} : la copie principale n'a aucun site de ce nom ; les siens sont : ${list(problem.main)}. Rien n'a été écrit pour lui (${count(problem.rows, "ligne")}). Le nommer sous sites comme le evn.yaml de la copie principale ; si elle va le recevoir, mettre sites.${problem.site}.newInMain: true`
        : `${problem.site} : la copie principale a ces observations sous le nom ${problem.other}. Rien n'a été écrit pour lui (${count(problem.rows, "ligne")}). Nommer le site ${problem.other} sous sites`;
    case "site too long":
      return `${count(problem.rows, "observation laissée", "observations laissées")} de côté : le nom de leur site dépasse 1000 octets`;
    case "no day of entry":
      return `${count(problem.rows, "observation", "observations")} de la copie principale sans date de saisie (dont ${problem.id}) : impossible de dire ce qui en a été supprimé`;
    case "no unit":
      return `${count(problem.rows, "observation")} de la copie principale, saisies ces jours-là, ne sont pas venues (dont ${problem.id}), et leur unité territoriale ne peut être reconnue : impossible de dire si elles ont été supprimées ou seulement pas téléchargées`;
    case "all refused":
      return `la copie principale a refusé toutes les lignes, ${problem.rows} au total : ${problem.said ?? `erreur ${problem.sqlstate}, voir src_vn_json_check.mv_data_missing_or_not_updated`}`;
    case "rights":
      return `les déclencheurs de la copie principale demandent des droits que la réparation n'a pas. En tant que propriétaire, ou dans repair.extraGrants :\n  ${problem.statements.join(";\n  ")};\nAvec repair.runAs: ${problem.owner}, aucun n'est nécessaire`;
    case "trial refused":
      return `une ligne essayée dans ${problem.table} a été refusée (${problem.said ?? problem.sqlstate}) ; SELECT * FROM src_vn_json_repair.preflight() dit que faire`;
    case "other outcome":
      return `les déclencheurs de la copie principale font autre chose pour ${problem.role} que pour son propriétaire, dans : ${list(problem.where)}. Mettre repair.runAs: ${problem.owner}, puis pulumi up`;
    case "not compared":
      return `ce que les déclencheurs de la copie principale font pour la réparation n'a pas été comparé à ce qu'ils font pour son propriétaire ${problem.owner} (${notCompared[problem.why]} : ${list(problem.names)}) ; SELECT * FROM src_vn_json_repair.preflight() dit que faire`;
    case "locked by":
      return `le verrou de la réparation est tenu par le processus ${problem.pid} du rôle ${problem.role ?? "?"}, depuis ${problem.since ?? "?"}${problem.run === null ? " ; ce n'est pas une réparation : le chercher dans pg_stat_activity" : ` (réparation ${problem.run})`}`;
  }
}
