import type { PortalLimit } from "../facts";
import { failureIn, limitIn, list, problemIn, type Texts, unprovenList } from "./texts";

const limited = ({ status, waited, asked }: PortalLimit) =>
  `le portail répond ${limitIn(status, "trop de requêtes", "indisponible")} et ${
    asked === null
      ? `le faisait encore après ${waited} s d'attente`
      : `demande d'attendre ${asked} s, plus qu'une tâche n'attend`
  }`;

const notCompared = {
  outside: "ils agissent hors de la transaction",
  login: "ils se règlent sur qui est connecté",
  superuser: "son propriétaire est superutilisateur",
  "no right": "l'administrateur ne peut agir pour son propriétaire",
  refused: "la copie principale refuse à son propriétaire chaque ligne essayée",
};

/** What the runner says in French. */
export const french: Texts = {
  fact: {
    clientStarts: ({ site, mode, controllers }) => `${site} : ${mode}, ${list(controllers)}`,
    clientFailed: ({ site, failure }) =>
      `${site} : ${failureIn(failure, { died: (code, said) => `terminé avec ${code ?? "un signal"} ; dernière ligne : ${said}`, portal: limited })}`,
    clientWithoutDatabase: ({ site, said }) =>
      `${site} : Client-API-VN n'a pas obtenu de connexion à la base (${said}). Il en a plusieurs à la fois : voyez la CONNECTION LIMIT du compte et de la base, et max_connections`,
    clientStopped: ({ site, why, seconds }) =>
      why === "silence"
        ? `${site} : Client-API-VN, muet depuis ${seconds} s, a été arrêté ; nouvel essai`
        : `${site} : Client-API-VN tournait encore après ${seconds} s et a été arrêté`,
    attemptIncomplete: ({ site, attempt, of, unproven, expected }) =>
      `${site} : essai ${attempt} sur ${of} : ${unproven} téléchargements sur ${expected} sans preuve de complétude`,
    portalWaits: ({ site, status, seconds }) =>
      `${site} : le portail répond ${limitIn(status, "trop de requêtes", "indisponible")} : attente de ${seconds} s`,
    portalLimits: ({ site, ...limit }) =>
      `${site} : ${limited(limit)}. Il limite ce qu'un compte peut demander : choisissez une autre heure (schedule), ou voyez avec son administrateur`,
    databaseWaits: ({ cause, seconds }) => `${problemIn(french, cause)} ; nouvel essai dans ${seconds} s`,
    clientRebuilt: () => "Client-API-VN ne démarre pas avec le Python de ce serveur : il est refait",
    leftoverEnded: ({ pid }) =>
      `un processus client d'un passage précédent vivait encore (pid ${pid}) et a été arrêté`,
    datesPutBack: ({ sites }) =>
      `dates de mise à jour rétablies après une mise à jour inachevée : ${list(sites)}`,
    window: ({ window }) => `fenêtre de téléchargement du ${window.from} au ${window.to}`,
    gap: ({ since }) =>
      `la dernière mise à jour date du ${since} : la fenêtre commence là, car les mises à jour ne remontent qu'à 60 jours`,
    siteProven: ({ proof }) =>
      `${proof.site} : complet (${proof.expected} téléchargements sur ${proof.expected}, ${proof.rows} observations)`,
    siteUnproven: ({ proof }) => {
      if (proof.expected === 0)
        return `${proof.site} : rien de prouvé : aucun groupe taxonomique ou unité territoriale connu`;
      if (proof.unproven.length > 0)
        return `${proof.site} : ${proof.unproven.length} téléchargements sur ${proof.expected} sans preuve de complétude (groupe/unité) : ${unprovenList(proof)}`;
      if (proof.missing.length > 0)
        return `${proof.site} : complétude non prouvée, mal terminés : ${list(proof.missing)}`;
      const doubts = proof.doubts.map(({ kind, got, usual }) =>
        kind === "fewer downloads"
          ? `${got} téléchargements attendus, ${usual} la dernière fois`
          : `${got} observations, d'habitude ${usual}`,
      );
      return `${proof.site} : peu crédible : ${doubts.join(" ; ")}. Vérifiez sur le portail ; si c'est juste : vn-check weekly --accept-download`;
    },
    brokenOff: ({ site }) =>
      `${site} : rien n'est prouvé, car le passage s'est interrompu avant d'avoir pu vérifier ; le prochain passage quotidien y remédiera`,
    updateFailed: ({ site }) =>
      `${site} : la mise à jour a échoué ; ses dates sont rétablies, le prochain passage redemandera`,
    extrasFailed: ({ site, controllers }) => `${site} : non téléchargés : ${list(controllers)}`,
    nextDailyGoesOn: () =>
      "La réparation a été faite avec ce qui est arrivé ; le prochain passage quotidien ne demandera que ce qui manque.",
    repaired: ({ result: r, dryRun }) =>
      `${dryRun ? "à réparer" : "réparé"} : ${r.inserted} ajouts, ${r.updated} mises à jour, ${r.deleted} suppressions, ${r.setAside} mis de côté` +
      (r.message ? ` (${r.message})` : ""),
    repairNotDone: ({ result }) =>
      `réparation ${{ refused: "refusée", busy: "déjà en cours", partial: "partielle", done: "faite", failed: "en échec" }[result.status]} : ${result.message ?? ""}`,
    repairProblem: ({ problem }) => {
      switch (problem.problem) {
        case "unknown site":
          return problem.other === null
            ? `${problem.site} : la copie principale n'a aucun site de ce nom ; les siens sont : ${list(problem.main)}. Rien n'a été écrit pour lui (${problem.rows} lignes). Le nommer sous sites comme le evn.yaml de la copie principale ; si elle va le recevoir, mettre sites.${problem.site}.newInMain: true`
            : `${problem.site} : la copie principale a ces observations sous le nom ${problem.other}. Rien n'a été écrit pour lui (${problem.rows} lignes). Nommer le site ${problem.other} sous sites`;
        case "site too long":
          return `${problem.rows} observations laissées de côté : le nom de leur site dépasse 1000 octets`;
        case "no day of entry":
          return `${problem.rows} observations de la copie principale ne disent pas quand elles ont été saisies (dont ${problem.id}) : impossible de dire si elles ont été supprimées`;
        case "all refused":
          return `la copie principale a refusé toutes les lignes, ${problem.rows} au total : ${problem.said ?? `erreur ${problem.sqlstate}, voir src_vn_json_check.mv_data_missing_or_not_updated`}`;
        case "rights":
          return `les déclencheurs de la copie principale demandent des droits que la réparation n'a pas. En tant que propriétaire, ou dans repair.extraGrants :\n  ${problem.statements.join(";\n  ")};\nAvec repair.runAs: ${problem.owner}, aucun n'est nécessaire`;
        case "trial refused":
          return `une ligne essayée dans ${problem.table} a été refusée (${problem.said ?? problem.sqlstate}) ; SELECT * FROM preflight() dit que faire`;
        case "other outcome":
          return `les déclencheurs de la copie principale font autre chose pour ${problem.role} que pour son propriétaire, dans : ${list(problem.where)}. Mettre repair.runAs: ${problem.owner}, puis pulumi up`;
        case "not compared":
          return `ce que les déclencheurs de la copie principale font pour la réparation n'a pas été comparé à ce qu'ils font pour son propriétaire ${problem.owner} (${notCompared[problem.why]} : ${list(problem.names)}) ; SELECT * FROM preflight() dit que faire`;
        case "locked by":
          return `le verrou de la réparation est tenu par le processus ${problem.pid} du rôle ${problem.role ?? "?"}, depuis ${problem.since ?? "?"}${problem.run === null ? " ; ce n'est pas une réparation : le chercher dans pg_stat_activity" : ` (réparation ${problem.run})`}`;
      }
    },
    importUnderWay: () => "le premier import n'est pas terminé : rien à faire avant",
    importNothingToDo: () => "premier import : tout est déjà là",
    importInBackground: ({ logs }) =>
      `Premier import lancé en arrière-plan.\nPour le suivre : vn-check status\nSon journal : ${logs}/init-*.log`,
    importGroup: ({ progress: p, from }) =>
      `${p.site} : ${p.group} en remontant depuis ${from} (${p.done} téléchargements faits sur ${p.expected})`,
    importGroupFailed: ({ site, group }) => `${site} : ${group} n'est pas complet`,
    importEnded: ({ done }) => `premier import complet : ${done} téléchargements`,
    importPartial: ({ done, expected }) =>
      `premier import : ${done} téléchargements faits sur ${expected} ; le reste sera retenté dans l'heure`,
    busy: () => "un autre passage est en cours",
    importUnfinished: () =>
      "le premier import est inachevé et ne tourne pas. Il reprend de lui-même dans l'heure ; tout de suite : vn-check init --background",
    late: ({ verb }) =>
      `le passage ${verb === "weekly" ? "hebdomadaire" : "quotidien"} était dû et n'a pas commencé : vérifiez que cron tourne sur cette machine et peut lancer les tâches de ce compte (journalctl -t CRON ; pam_access : /etc/security/access.conf)`,
    watchOff: ({ problem, remedy }) => `${problem} : ${remedy}`,
    blindSpell: ({ ofMain, reason, since, until, held, release }) =>
      ofMain
        ? `des suppressions dans la base principale ont pu passer inaperçues du ${since} au ${until} (${reason}) : ${held} lignes qui y manquent sont retenues. Si rien n'a été supprimé volontairement, en tant que propriétaire de la base principale : ${release}`
        : `des changements de la seconde copie ont pu passer inaperçus du ${since} au ${until} (${reason}) : les tables entières ont été comparées, et aucune suppression n'a été déduite`,
    viewsNotRefreshed: ({ cause }) =>
      `les vues publiées n'ont pas pu être actualisées, elles montrent un état plus ancien : ${cause}`,
    lastFailed: ({ verb, message }) =>
      message === ""
        ? `le dernier passage ${verb} n'est pas allé à son terme : son processus, ou la machine, a été arrêté ; le prochain y remédiera`
        : `le dernier passage ${verb} a échoué : ${message}`,
    databaseDown: ({ cause }) =>
      `la base de données ne répond pas : ${typeof cause === "string" ? cause : problemIn(french, cause)}`,
  },
  problem: {
    noServiceFile: (p) => `${p.path} ne peut pas être lu : ${p.cause}`,
    noService: (p) => `${p.path} n'a pas de section [${p.service}]`,
    noDatabase: (p) => `connexion à ${p.where} : ${p.cause}. ${french.noDatabase[p.why]}`,
    databaseRefuses: (p) => `${p.where} : ${p.cause}.${p.why ? ` ${french.refusal[p.why]}` : ""}`,
    locked: (p) =>
      `${p.where} : un verrou n'a pas été rendu à temps${p.holders === null ? "" : ` : ${p.holders}`}. Attendez que ce soit terminé, ou mettez-y fin : SELECT pg_terminate_backend(…)`,
    noTriggers: (p) =>
      `les sessions de ${p.login} dans ${p.database} ne déclenchent aucun déclencheur : ceux de la base principale n'agiraient pas lors d'une réparation. En superutilisateur : ALTER ROLE "${p.login}" RESET session_replication_role; ALTER DATABASE "${p.database}" RESET session_replication_role;`,
    noSettings: (p) =>
      `${p.path} n'existe pas. HOME est-il le dossier du compte ? (sudo -u COMPTE -H vn-check …)`,
    badSettings: (p) => `${p.path} :\n  ${p.faults.join("\n  ")}`,
    otherVersion: (p) =>
      `${p.path} est de la version ${p.theirs} du kit et ce programme de la ${p.ours} : une mise à jour est en cours. Réessayez quand \`pulumi up\` sera terminé`,
    noConfig: (p) => `${p.path} n'est pas utilisable : ${p.cause}`,
    endDate: (p) =>
      `${p.path} : filter.end_date (${p.value}) laisserait de côté les jours suivants : retirez-la`,
    noSites: (p) => `${p.path} : aucun site activé`,
    controllersOff: (p) => `${p.path} : ces contrôleurs doivent être activés : ${list(p.names)}`,
    notOwner: (p) =>
      `${p.home} appartient à un autre compte : lancez la commande sous ce compte (sudo -u COMPTE -H vn-check …)`,
    noClient: (p) => `Client-API-VN ne démarre pas et n'a pas pu être refait :\n${p.said}`,
    clientRefused: (p) => `${p.site} : Client-API-VN ne peut pas travailler ainsi : ${p.said}`,
    stillAlive: (p) =>
      `un processus client d'un passage précédent ne peut pas être arrêté (pid ${p.pid}) : rien n'a été lancé`,
    noProgram: (p) => `${p.program} manque (Debian : paquet util-linux)`,
    repairFailed: (p) => `la réparation a échoué : ${p.cause}${p.why ? `. ${french.refusal[p.why]}` : ""}`,
    stopped: (p) => `arrêté par ${p.signal}`,
  },
  noDatabase: {
    refused:
      "Rien n'écoute là : PostgreSQL tourne-t-il, et host et port de ~/.pg_service.conf sont-ils justes ?",
    unreachable: "La connexion n'aboutit pas, ou s'est rompue : voyez le réseau et le serveur",
    "unknown host": "Corrigez host dans ~/.pg_service.conf (database.fromHost.address, puis pulumi up)",
    stopping: "Le serveur s'arrête ou redémarre : allez voir si cela dure",
    starting: "Le serveur démarre ou se rétablit : un nouvel essai suit",
    "too many connections":
      "Toutes les connexions du serveur, de la base ou du compte sont prises : augmentez max_connections ou la CONNECTION LIMIT, ou fermez des sessions inutiles (pg_stat_activity)",
    closed:
      "La base n'accepte pas de connexions : ALTER DATABASE … ALLOW_CONNECTIONS true, quand ce sera possible",
    password:
      "Le mot de passe de ~/.pgpass (mode 0600) n'est pas celui du compte : pulumi up le rétablit ; ou il a expiré : ALTER ROLE … VALID UNTIL 'infinity'",
    "not let in":
      "Le serveur ne laisse pas entrer ce compte depuis ici : voyez pg_hba.conf, ALTER ROLE … LOGIN et GRANT CONNECT ON DATABASE",
    "no database": "Cette base n'existe pas sur ce serveur : corrigez dbname, ou restaurez-la",
    "session ended":
      "Une limite fixée par quelqu'un a fermé la session : voyez idle_session_timeout et semblables",
    pooler:
      "Un répartiteur de connexions (pooler) le dit ou le transmet : voyez ses comptes, bases et limites, et le serveur derrière lui",
    "no room": "Le disque ou la mémoire du serveur est plein : faites-y de la place",
    other: "Vérifiez ~/.pg_service.conf, ~/.pgpass (mode 0600) et que le serveur répond",
  },
  refusal: {
    "read-only":
      "Rien ne peut y être écrit : un serveur de secours (standby), ou une base rendue telle. Nommez dans ~/.pg_service.conf le serveur où l'on peut écrire (database.fromHost.address, puis pulumi up), ou promouvez celui-ci",
    "no room": "Le disque ou la mémoire du serveur est plein : faites-y de la place, puis relancez",
    limited:
      "Une limite fixée par quelqu'un est trop petite pour ce travail : en superutilisateur, relevez temp_file_limit ou max_stack_depth pour ce compte (ALTER ROLE … SET …)",
    rights: "Un droit que le kit avait n'est plus là : pulumi up le rend",
    "not installed": "Ce que le kit y avait mis n'est plus là, ou d'une autre version : pulumi up le refait",
    cancelled: "Quelqu'un, ou une limite, l'a interrompu : relancez",
    locked: "Une autre session tient ce qu'il faut (pg_locks) : relancez quand elle aura fini",
  },
  status: {
    title: "Contrôle de la synchronisation VisioNature",
    ok: "OK",
    ko: "KO",
    firstImport: "premier import",
    daily: "dernier quotidien",
    weekly: "dernier hebdomadaire",
    repair: "dernière réparation",
    next: "prochain",
    never: "jamais",
    running: "en cours",
    todo: "À faire :",
    importState: {
      done: "complet",
      running: "en cours",
      unfinished: "inachevé",
      "not started": "pas commencé",
    },
    downloads: (done, expected) => `${done} téléchargements sur ${expected}`,
    ended: { done: "fait", partial: "partiel", failed: "échec", running: "interrompu" },
  },
  help: {
    program: "Tient une seconde copie des données VisioNature et répare la principale avec elle.",
    codes:
      "Codes de sortie : 0 fait ; 1 échec ; 2 partiel (réparé, mais une partie du téléchargement n'est pas prouvée complète, ou une mise à jour ou un autre contrôleur a échoué : le prochain passage ne demandera que cela) ; 75 un autre passage ou une mise à jour est en cours, ou le premier import n'est pas terminé.",
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
    acceptDownload:
      "accepter tel quel un téléchargement bien plus petit que d'habitude : vous avez vérifié sur le portail",
    fullTwoWeeks:
      "le travail hebdomadaire sous son ancien nom, avec la configuration du client et le service de base de données",
    config: "configuration de Client-API-VN, relative au dossier du compte",
    service: "section de ~/.pg_service.conf",
  },
};
