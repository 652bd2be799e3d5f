import type { Texts } from "../common/texts";
import { count } from "./count";

const ACTIONS: Record<string, (rows: number) => string> = {
  inserted: (rows) => count(rows, "ajout"),
  updated: (rows) => count(rows, "mise à jour", "mises à jour"),
  deleted: (rows) => count(rows, "suppression"),
  set_aside: (rows) => count(rows, "ligne mise de côté", "lignes mises de côté"),
};

export const written: Texts["written"] = (table, counts) =>
  `${table} : ${counts.map(([action, rows]) => ACTIONS[action]?.(rows) ?? `${action} ${rows}`).join(", ")}`;

/** The screen of `status`, in French. */
export const status: Texts["status"] = {
  title: "Contrôle de la synchronisation VisioNature",
  ok: "OK",
  ko: "KO",
  unknown: "INCONNU",
  firstImport: "premier import",
  daily: "tâche quotidienne",
  weekly: "tâche hebdomadaire",
  repair: "dernière réparation",
  next: { daily: "prochaine quotidienne", weekly: "prochaine hebdomadaire" },
  never: "jamais",
  running: "en cours",
  todo: "À faire :",
  importState: {
    done: "complet",
    running: "en cours",
    unfinished: "inachevé",
    "not started": "pas commencé",
  },
  downloads: (done, expected) => `${count(done, "téléchargement")} sur ${expected}`,
  ended: { done: "fait", partial: "partiel", failed: "échec", running: "interrompu" },
};

/** What `--help` says. */
export const help: Texts["help"] = {
  program: "Tient une seconde copie des données VisioNature et répare la principale avec elle.",
  codes:
    "Codes de sortie : 0 fait ; 1 échec ; 2 partiel (réparé, mais une partie du téléchargement n'est pas prouvée complète, ou une mise à jour ou un autre contrôleur a échoué : la prochaine tâche ne demandera que cela) ; 75 une autre tâche ou une mise à jour du kit est en cours, ou le premier import n'est pas terminé ; 137, 143 tué (kill -9, mémoire épuisée), ou arrêté avant d'avoir commencé : la prochaine tâche y remédie. Pour status : 0 OK ; 1 KO ; 2 impossible à dire.",
  init: "premier import de la seconde copie ; reprend où il s'est arrêté",
  background: "le lancer en arrière-plan et rendre la main aussitôt",
  daily: "changements depuis la veille, reste de la dernière tâche hebdomadaire, réparation",
  weekly: "télécharger à nouveau les derniers jours, prouver la complétude, réparer",
  watch:
    "reprendre un premier import inachevé, envoyer les courriels en attente ; sinon ne rien faire, en silence",
  repair: "réparer la copie principale avec ce que contient la seconde",
  dryRun: "comparer et compter seulement, ne rien écrire",
  all: "aussi les formulaires, les tables de référence et les contenus",
  accept: "accepter une fois ce nombre de changements, au-delà de la limite habituelle",
  status: "OK, KO ou INCONNU (code 0, 1 ou 2), dernières et prochaines tâches, ce qui manque et que faire",
  json: "pour les outils de supervision",
  verbose: "montrer ce qui est fait, lignes du client comprises",
  acceptDownload:
    "accepter tel quel ce qui est mis en doute dans un téléchargement, d'un site, d'un groupe ou d'une unité, ou tout : vous avez vérifié sur le portail",
  fullTwoWeeks:
    "la tâche hebdomadaire sous son ancien nom, avec la configuration du client et le service de base de données",
  config: "configuration de Client-API-VN, relative au dossier du compte",
  service: "section de ~/.pg_service.conf",
};
