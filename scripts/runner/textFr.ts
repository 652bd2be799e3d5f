import type { Problem } from "./errors";
import type { Doubt, SiteProof } from "./proof";
import type { RepairSummary } from "./repairCall";
import { pairList, type Texts } from "./text";

const list = (names: readonly string[]) => names.join(", ");

/** What the runner says in French. */
export const french: Texts = {
  jobStarts: (site, mode, controllers) => `${site} : ${mode}, ${list(controllers)}`,
  jobFailed: (site, failure) => `${site} : ${failure}`,
  died: (code, said) => `terminé avec ${code ?? "un signal"} ; dernière ligne : ${said}`,
  watchdog: (site, why, seconds) =>
    why === "silence"
      ? `${site} : Client-API-VN, muet depuis ${seconds} s, a été arrêté ; nouvel essai`
      : `${site} : Client-API-VN tournait encore après ${seconds} s et a été arrêté`,
  attemptIncomplete: (site, attempt, of, unproven, expected) =>
    `${site} : essai ${attempt} sur ${of} : ${unproven} téléchargements sur ${expected} sans preuve de complétude`,
  leftover: (pid) => `un processus client d'un passage précédent vivait encore (pid ${pid}) et a été arrêté`,
  putBack: (sites) => `dates de mise à jour rétablies après une mise à jour inachevée : ${list(sites)}`,
  window: (from, to) => `fenêtre de téléchargement du ${from} au ${to}`,
  gap: (since) =>
    `la dernière mise à jour date du ${since} : la fenêtre commence là, car les mises à jour ne remontent qu'à 60 jours`,
  siteProven: (site: SiteProof) =>
    `${site.site} : complet (${site.expected} téléchargements sur ${site.expected}, ${site.rows} observations)`,
  siteUnproven: (site: SiteProof) =>
    site.expected === 0
      ? `${site.site} : rien de prouvé : aucun groupe taxonomique ou unité territoriale connu`
      : site.unproven.length > 0
        ? `${site.site} : ${site.unproven.length} téléchargements sur ${site.expected} sans preuve de complétude (groupe/unité) : ${pairList(site)}`
        : site.references.length > 0
          ? `${site.site} : complétude non prouvée, mal terminés : ${list(site.references)}`
          : `${site.site} : peu crédible : ${site.doubts.map(french.doubt).join(" ; ")}. Vérifiez sur le portail ; si c'est juste : vn-check weekly --believe`,
  doubt: (doubt: Doubt) =>
    doubt.kind === "fewer pairs"
      ? `${doubt.got} téléchargements attendus, ${doubt.before} la dernière fois`
      : `${doubt.got} observations, d'habitude ${doubt.usual}`,
  updateFailed: (site) =>
    `${site} : la mise à jour a échoué ; ses dates sont rétablies, le prochain passage redemandera`,
  extrasFailed: (site, names) => `${site} : non téléchargés : ${list(names)}`,
  nextDailyGoesOn:
    "La réparation a été faite avec ce qui est arrivé ; le prochain passage quotidien ne demandera que ce qui manque.",
  repair: (r: RepairSummary, dry) =>
    `${dry ? "à réparer" : "réparé"} : ${r.inserted} ajouts, ${r.updated} mises à jour, ${r.deleted} suppressions, ${r.set_aside} mis de côté` +
    (r.message ? ` (${r.message})` : ""),
  repairRefused: (r: RepairSummary) =>
    `réparation ${{ refused: "refusée", busy: "déjà en cours", partial: "partielle", done: "faite" }[r.status]} : ${r.message ?? ""}`,
  importUnderWay: "le premier import n'est pas terminé : rien à faire avant",
  importNothingToDo: "premier import : tout est déjà là",
  importBackground: (logDir) =>
    `Premier import lancé en arrière-plan.\nPour le suivre : vn-check status\nSon journal : ${logDir}/init-*.log`,
  importGroup: (site, group, done, expected, from) =>
    `${site} : ${group} en remontant depuis ${from} (${done} téléchargements faits sur ${expected})`,
  importGroupFailed: (site, group) => `${site} : ${group} n'est pas complet`,
  importEnded: (done) => `premier import complet : ${done} téléchargements`,
  importPartial: (done, expected) =>
    `premier import : ${done} téléchargements faits sur ${expected} ; le reste sera retenté dans l'heure`,
  busy: "un autre passage est en cours",
  st: {
    title: (instance) => `Contrôle de la synchronisation VisioNature, ${instance}`,
    ok: "OK",
    ko: "KO",
    firstImport: "premier import",
    daily: "dernier quotidien",
    weekly: "dernier hebdomadaire",
    repair: "dernière réparation",
    init: "dernier import",
    next: "prochain",
    never: "jamais",
    running: "en cours",
    todo: "À faire :",
    importState: (s, done, expected) =>
      `${{ done: "complet", running: "en cours", unfinished: "inachevé", "not started": "pas commencé" }[s] ?? s} (${done} téléchargements sur ${expected})`,
    status: (s) => ({ done: "fait", partial: "partiel", failed: "échec", running: "interrompu" })[s] ?? s,
    problems: {
      database: (cause) => `la base de données ne répond pas : ${cause}`,
      importUnfinished:
        "le premier import est inachevé et ne tourne pas. Il reprend de lui-même dans l'heure ; tout de suite : vn-check init --background",
      weeklyLate:
        "le passage hebdomadaire était dû et n'a pas commencé : vérifiez que cron tourne sur cette machine",
      dailyLate:
        "le passage quotidien était dû et n'a pas commencé : vérifiez que cron tourne sur cette machine",
      failed: (verb, message) => `le dernier passage ${verb} a échoué : ${message}`,
    },
  },
  problem: (p: Problem) => {
    switch (p.key) {
      case "noServiceFile":
        return `${p.path} ne peut pas être lu : ${p.cause}`;
      case "noService":
        return `${p.path} n'a pas de section [${p.service}]`;
      case "noDatabase":
        return `connexion à ${p.where} : ${p.cause}. Vérifiez ~/.pg_service.conf, ~/.pgpass (mode 0600) et que le serveur répond`;
      case "noSettings":
        return `${p.path} n'existe pas. HOME est-il le dossier du compte ? (sudo -u COMPTE -H vn-check …)`;
      case "badSettings":
        return `${p.path} :\n  ${p.faults.join("\n  ")}`;
      case "noConfig":
        return `${p.path} n'est pas utilisable : ${p.cause}`;
      case "endDate":
        return `${p.path} : filter.end_date (${p.value}) laisserait de côté les jours suivants : retirez-la`;
      case "noSites":
        return `${p.path} : aucun site activé`;
      case "controllersOff":
        return `${p.path} : ces contrôleurs doivent être activés : ${list(p.names)}`;
      case "notOwner":
        return `${p.home} appartient à un autre compte : lancez la commande sous ce compte (sudo -u COMPTE -H vn-check …)`;
      case "clientRefused":
        return `${p.site} : Client-API-VN ne peut pas travailler ainsi : ${p.said}`;
      case "stillAlive":
        return `un processus client d'un passage précédent ne peut pas être arrêté (pid ${p.pid}) : rien n'a été lancé`;
      case "noProgram":
        return `${p.program} manque (Debian : paquet util-linux)`;
      case "repairFailed":
        return `la réparation a échoué : ${p.cause}`;
      case "stopped":
        return `arrêté par ${p.signal}`;
    }
  },
  help: {
    program: "Tient une seconde copie des données VisioNature et répare la principale avec elle.",
    codes:
      "Codes de sortie : 0 fait ; 1 échec ; 2 partiel (réparé, mais une partie du téléchargement n'est pas prouvée complète, ou une mise à jour ou un autre contrôleur a échoué : le prochain passage ne demandera que cela) ; 75 un autre passage est en cours, ou le premier import n'est pas terminé.",
    init: "premier import de la seconde copie ; reprend où il s'est arrêté",
    background: "le lancer en arrière-plan et rendre la main aussitôt",
    daily: "changements depuis la veille, reste du dernier hebdomadaire, réparation",
    weekly: "retélécharger les derniers jours, prouver la complétude, réparer",
    watch: "reprendre un premier import inachevé ; sinon ne rien faire, en silence",
    repair: "réparer la copie principale avec ce que contient la seconde",
    dryRun: "comparer et compter seulement, ne rien écrire",
    all: "aussi les formulaires, les tables de référence et les contenus",
    accept: "accepter une fois ce nombre de changements, au-delà de la limite habituelle",
    status: "OK ou KO (code 0 ou 1), derniers et prochains passages, que faire",
    json: "pour les outils de supervision",
    verbose: "montrer ce qui est fait, lignes du client comprises",
    believe:
      "accepter tel quel un téléchargement bien plus petit que d'habitude : vous avez vérifié sur le portail",
    fullTwoWeeks:
      "le travail hebdomadaire sous son ancien nom, avec la configuration du client et le service de base de données",
    config: "configuration de Client-API-VN, relative au dossier du compte",
    service: "section de ~/.pg_service.conf",
  },
};
