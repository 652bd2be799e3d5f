import type { AsideCause, HeldCause, Problem } from "../../facts";
import { list, type StatusWords } from "../common/texts";
import { count } from "./count";
import { problems } from "./problems";

const aside: Record<AsideCause, string> = {
  refused: "refusées par la copie principale",
  dropped: "écartées sans un mot par un déclencheur de la copie principale",
  locked: "verrouillées par d'autres sessions",
};

const held: Record<HeldCause, string> = {
  "deleted in main":
    "supprimées par la synchronisation principale. Chaque tâche quotidienne les demande au portail et remet celles qu'il donne. Celles qu'il ne donne plus : les supprimer de la seconde copie",
  "lost by others":
    "supprimées par un autre compte que celui de la synchronisation principale. Pour les remettre : pulumi config set --path vn-sync-check:repair.lossesByOthers repair, pulumi up",
  "deleted by a run":
    "supprimées par une réparation, un téléchargement complet ne les ayant pas. Pour en remettre une : SELECT src_vn_json_repair.restore(id), avec son id dans deleted_row",
  unseen:
    "peut-être supprimées de la copie principale quand rien n'était surveillé. Chaque tâche quotidienne les demande au portail et remet celles qu'il donne. Celles qu'il ne donne plus : les supprimer de la seconde copie",
  "deletion reported":
    "supprimées sur le portail et encore dans la copie principale. Pour qu'elles en soient supprimées : pulumi config set --path vn-sync-check:repair.deletions apply, pulumi up ; sinon, les supprimer à la main",
  "newer in main":
    "plus récentes dans la copie principale que sur le portail. Voir qui écrit dans la copie principale",
  "deleted by hand":
    "supprimées à la main de la seconde copie. La prochaine tâche quotidienne les demande au portail. Celles qu'il ne donne plus : les supprimer de la copie principale",
  "over the cap":
    "à supprimer, plus que permis en une fois. Les regarder ; si c'est juste : pulumi config set --path vn-sync-check:repair.maxDeletes N, pulumi up",
  "unknown site":
    "d'un site que la copie principale ne connaît pas. Le nommer comme elle, ou mettre sites.<nom>.newInMain: true",
  "site too long": "dont le nom de site dépasse 1000 octets. Les supprimer de la seconde copie",
};

const problem = (cause: Problem | string) =>
  typeof cause === "string" ? cause : (problems[cause.key] as (one: Problem) => string)(cause);

/** What only `status` says, in French. */
export const lacks: StatusWords = {
  clientFaulty: ({ site, said }) =>
    `${site} : Client-API-VN en échec : ${said}. Le journal en dit plus (~/log)`,
  importRuns: ({ done, expected }) =>
    `le premier import est en cours (${count(done, "téléchargement")} sur ${expected}) : rien n'est assuré complet avant sa fin`,
  updateOld: ({ site, groups, since }) =>
    `${site} : les changements ne sont pas venus depuis ${since === null ? "le premier import" : `le ${since}`} (groupes ${list(groups.map(String))}) : deux jours au plus. Tout de suite : vn-check daily`,
  neverCompared: () =>
    "la copie principale n'a pas encore été comparée : la prochaine tâche quotidienne le fera ; tout de suite : vn-check repair",
  repairStands: ({ status, message }) =>
    ({
      refused: `la réparation a été refusée : ${message ?? ""}`,
      failed: `la dernière réparation a échoué : ${message ?? ""}. Pour recommencer : vn-check repair`,
      interrupted:
        "la dernière réparation n'est pas allée à son terme. La prochaine tâche y remédiera ; tout de suite : vn-check repair",
    })[status],
  rowsAside: ({ cause, rows, table, sqlstate }) =>
    `${count(rows, "ligne mise de côté", "lignes mises de côté")}, ${aside[cause]} (${table}${sqlstate ? `, erreur ${sqlstate}` : ""}). Chaque tâche réessaie ; lesquelles : SELECT * FROM src_vn_json_check.mv_data_missing_or_not_updated`,
  rowsHeld: ({ cause, rows }) => `${count(rows, "ligne retenue", "lignes retenues")}, ${held[cause]}`,
  runFault: ({ problem: what, remedy }) =>
    `aucune réparation ne peut commencer : ${what}. À faire : ${remedy}`,
  scheduleOff: ({ path, lines }) =>
    `cron ne lance pas toutes les tâches : en tant que root, mettre dans ${path} (à root, mode 644) :\n    ${lines.join("\n    ")}`,
  rightsGone: ({ names }) => `des droits du compte n'existent plus, sur ${list(names)} : pulumi up les rend`,
  homeUnwritable: ({ cause }) =>
    `rien ne peut être noté sur cette machine, ce qui est connu peut donc dater : ${problem(cause)}`,
  configUnusable: ({ cause }) => problem(cause),
};
