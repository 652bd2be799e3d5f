import type { PortalLimit, Problem } from "../../facts";
import { failureIn, limitIn, list, type Texts, unprovenList } from "../common/texts";
import { count } from "./count";
import { notBelieved } from "./doubts";
import { lacks } from "./lacks";
import { mail } from "./mail";
import { partsFailed, rowsNotStored } from "./parts";
import { problems } from "./problems";
import { repairProblem } from "./repairProblem";

const limited = ({ status, waited, asked }: PortalLimit) =>
  `le portail répond ${limitIn(status, "trop de requêtes", "indisponible")} et ${
    asked === null
      ? `le faisait encore après ${waited} s d'attente`
      : `demande d'attendre ${asked} s, plus qu'une tâche n'attend`
  }`;

const last = {
  init: "premier import",
  daily: "dernière tâche quotidienne",
  weekly: "dernière tâche hebdomadaire",
  repair: "dernière réparation",
};

const problem = (one: Problem) => (problems[one.key] as (one: Problem) => string)(one);

/** What is said while working, in French. */
export const facts: Texts["fact"] = {
  ...lacks,
  ...mail,
  followFailed: ({ cause }) =>
    `ce qui suit une tâche (l'envoi des courriels) n'a pas pu être fait : ${typeof cause === "string" ? cause : problem(cause)}`,
  clientStarts: ({ site, mode, controllers }) =>
    `${site} : ${{ full: "téléchargement complet", update: "mise à jour" }[mode]}, ${list(controllers)}`,
  clientFailed: ({ site, failure }) =>
    `${site} : ${failureIn(failure, { died: (code, said) => `arrêté ${code === null ? "par un signal" : `avec le code ${code}`} ; dernière ligne : ${said}`, portal: limited, controller: (name, said) => `${name} : ${said}` })}`,
  clientWithoutDatabase: ({ site, said }) =>
    `${site} : Client-API-VN n'a pas obtenu de connexion à la base (${said}). Il en a plusieurs à la fois : voyez la CONNECTION LIMIT du compte et de la base, et max_connections`,
  clientStopped: ({ site, why, seconds }) =>
    why === "silence"
      ? `${site} : Client-API-VN, muet depuis ${seconds} s, a été arrêté ; nouvel essai`
      : `${site} : Client-API-VN tournait encore après ${seconds} s et a été arrêté`,
  attemptIncomplete: ({ site, attempt, of, unproven, expected }) =>
    `${site} : essai ${attempt} sur ${of} : ${count(unproven, "téléchargement")} sur ${expected} sans preuve de complétude`,
  portalWaits: ({ site, status, seconds }) =>
    `${site} : le portail répond ${limitIn(status, "trop de requêtes", "indisponible")} : attente de ${seconds} s`,
  portalLimits: ({ site, ...limit }) =>
    `${site} : ${limited(limit)}. Il limite ce qu'un compte peut demander : choisissez une autre heure (schedule), ou voyez avec son administrateur`,
  databaseWaits: ({ cause, seconds }) => `${problem(cause)} ; nouvel essai dans ${seconds} s`,
  clientRebuilt: () => "Client-API-VN ne démarre pas avec le Python de ce serveur : il est refait",
  leftoverEnded: ({ pid }) =>
    `un processus client d'une exécution précédente tournait encore (pid ${pid}) et a été arrêté`,
  datesPutBack: ({ sites }) =>
    `dates de mise à jour rétablies après une mise à jour inachevée : ${list(sites)}`,
  window: ({ window }) => `fenêtre de téléchargement du ${window.from} au ${window.to}`,
  gap: ({ since }) =>
    `la dernière mise à jour date du ${since} : la fenêtre commence là, car les mises à jour ne remontent qu'à 60 jours`,
  siteProven: ({ proof }) =>
    `${proof.site} : complet (${count(proof.expected, "téléchargement")} sur ${proof.expected}, ${count(proof.rows, "observation")})`,
  siteUnproven: ({ proof }) => {
    if (proof.expected === 0)
      return `${proof.site} : rien de prouvé : aucun groupe taxonomique ni aucune unité territoriale connus`;
    if (proof.unproven.length > 0)
      return `${proof.site} : ${count(proof.unproven.length, "téléchargement")} sur ${proof.expected} sans preuve de complétude (groupe/unité) : ${unprovenList(proof)}`;
    if (proof.missing.length > 0)
      return `${proof.site} : complétude non prouvée, contrôleurs en échec : ${list(proof.missing)}`;
    return notBelieved(proof);
  },
  notDoubted: ({ named, doubted }) =>
    `aucun doute sur ${named} ; ${doubted.length === 0 ? "il n'y en a sur rien" : `il y en a sur : ${list(doubted)}`}. Rien n'a été fait`,
  brokenOff: ({ site }) =>
    `${site} : rien n'est prouvé, car la tâche s'est interrompue avant d'avoir pu vérifier ; la prochaine tâche quotidienne y remédiera`,
  updateFailed: ({ site }) =>
    `${site} : la mise à jour a échoué ; ses dates sont rétablies, la prochaine tâche refera la demande`,
  partsFailed,
  rowsNotStored,
  extrasFailed: ({ site, controllers }) => `${site} : non téléchargés : ${list(controllers)}`,
  nextDailyGoesOn: () =>
    "La réparation a été faite avec ce qui est arrivé ; la prochaine tâche quotidienne ne demandera que ce qui manque.",
  repaired: ({ result: r, dryRun }) =>
    `${dryRun ? "à réparer" : "réparé"} : ${count(r.inserted, "ajout")}, ${count(r.updated, "mise à jour", "mises à jour")}, ${count(r.deleted, "suppression")}, ${count(r.setAside, "ligne mise de côté", "lignes mises de côté")}` +
    (r.message ? ` (${r.message})` : ""),
  repairNotDone: ({ result }) =>
    `réparation ${{ refused: "refusée", busy: "déjà en cours", partial: "partielle", done: "faite", failed: "en échec" }[result.status]} : ${result.message ?? ""}`,
  repairProblem: ({ problem }) => repairProblem(problem),
  importUnderWay: () => "le premier import n'est pas terminé : rien à faire avant",
  importNothingToDo: () => "premier import : tout est déjà là",
  importInBackground: ({ logs }) =>
    `Premier import lancé en arrière-plan.\nPour le suivre : vn-check status\nSon journal : ${logs}/init-*.log`,
  importGroup: ({ progress: p, from }) =>
    `${p.site} : ${p.group} en remontant depuis ${from} (${count(p.done, "téléchargement fait", "téléchargements faits")} sur ${p.expected})`,
  importGroupFailed: ({ site, group }) => `${site} : ${group} n'est pas complet`,
  importEnded: ({ done }) => `premier import complet : ${count(done, "téléchargement")}`,
  importPartial: ({ done, expected }) =>
    `premier import : ${count(done, "téléchargement fait", "téléchargements faits")} sur ${expected} ; le reste sera retenté dans l'heure`,
  busy: () => "une autre tâche est en cours",
  importUnfinished: () =>
    "le premier import est inachevé et ne tourne pas. Il reprend de lui-même dans l'heure ; tout de suite : vn-check init --background",
  late: ({ verb }) =>
    `la tâche ${verb === "weekly" ? "hebdomadaire" : "quotidienne"} aurait dû démarrer et ne l'a pas fait : vérifiez que cron tourne sur cette machine et peut lancer les tâches de ce compte (journalctl -t CRON ; pam_access : /etc/security/access.conf)`,
  watchOff: ({ problem, remedy }) => `${problem} : ${remedy}`,
  blindSpell: ({ ofMain, reason, since, until, held, release }) =>
    ofMain
      ? `des suppressions dans la copie principale ont pu passer inaperçues du ${since} au ${until} (${reason}) : ${count(held, "ligne qui y manque est retenue", "lignes qui y manquent sont retenues")}. Si rien n'a été supprimé volontairement, en tant que propriétaire de la copie principale : ${release}`
      : `des changements de la seconde copie ont pu passer inaperçus du ${since} au ${until} (${reason}) : les tables entières ont été comparées, et aucune suppression n'a été déduite`,
  viewsNotRefreshed: ({ cause }) =>
    `les vues publiées n'ont pas pu être actualisées, elles montrent un état plus ancien : ${cause}`,
  lastFailed: ({ verb, cause }) =>
    cause === null
      ? `${last[verb]} : interruption, son processus ou la machine ayant été arrêté ; la prochaine exécution y remédiera`
      : `${last[verb]} : échec : ${typeof cause === "string" ? cause : problem(cause)}`,
  databaseDown: ({ cause }) =>
    typeof cause === "object" && cause.key === "noDatabase"
      ? `la base de données ne répond pas : ${problem(cause)}`
      : `la base de données ne peut pas être interrogée : ${typeof cause === "string" ? cause : problem(cause)}`,
  accountUnusable: ({ cause }) => (typeof cause === "string" ? cause : problem(cause)),
};
