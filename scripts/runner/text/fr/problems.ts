import type { EvnFault, HostRefusal } from "../../facts";
import { list, type Texts } from "../common/texts";
import { mailProblem } from "./mail";

/** What to do where the database is not to be had, in French. */
export const noDatabase: Texts["noDatabase"] = {
  refused:
    "Rien n'écoute là : PostgreSQL tourne-t-il, et host et port de ~/.pg_service.conf sont-ils justes ?",
  unreachable: "La connexion n'aboutit pas, ou s'est rompue : voyez le réseau et le serveur",
  "unknown host": "Corrigez host dans ~/.pg_service.conf (database.fromHost.address, puis pulumi up)",
  stopping: "Le serveur s'arrête ou redémarre : allez voir si cela dure",
  starting: "Le serveur démarre ou se rétablit : un nouvel essai suit",
  "too many connections":
    "Toutes les connexions du serveur, de la base ou du compte sont prises : augmentez max_connections ou la CONNECTION LIMIT, ou fermez des sessions inutiles (pg_stat_activity)",
  closed:
    "La base n'accepte pas de connexions : ALTER DATABASE … ALLOW_CONNECTIONS true, quand ce sera possible",
  password:
    "Le mot de passe de ~/.pgpass (mode 0600) n'est pas celui du compte : pulumi up le rétablit ; ou il a expiré : ALTER ROLE … VALID UNTIL 'infinity'",
  "not let in":
    "Le serveur ne laisse pas entrer ce compte depuis ici : voyez pg_hba.conf, ALTER ROLE … LOGIN et GRANT CONNECT ON DATABASE",
  "no database": "Cette base n'existe pas sur ce serveur : corrigez dbname, ou restaurez-la",
  "session ended":
    "Une limite fixée par quelqu'un a fermé la session : voyez idle_session_timeout et semblables",
  pooler:
    "Un répartiteur de connexions (pooler) le dit ou le transmet : voyez ses comptes, bases et limites, et le serveur derrière lui",
  "no room": "Le disque ou la mémoire du serveur est plein : faites-y de la place",
  other: "Vérifiez ~/.pg_service.conf, ~/.pgpass (mode 0600) et que le serveur répond",
};

/** … and where it refuses a statement. */
export const refusal: Texts["refusal"] = {
  "read-only":
    "Rien ne peut y être écrit : un serveur de secours (standby), ou une base rendue telle. Nommez dans ~/.pg_service.conf le serveur où l'on peut écrire (database.fromHost.address, puis pulumi up), ou promouvez celui-ci",
  "no room": "Le disque ou la mémoire du serveur est plein : faites-y de la place, puis relancez",
  limited:
    "Une limite fixée par quelqu'un est trop petite pour ce travail : en superutilisateur, relevez temp_file_limit ou max_stack_depth pour ce compte (ALTER ROLE … SET …)",
  rights: "Un droit que le kit avait n'est plus là : pulumi up le rend",
  "not installed": "Ce que le kit y avait mis n'est plus là, ou d'une autre version : pulumi up le refait",
  cancelled: "Quelqu'un, ou une limite, l'a interrompu : relancez",
  locked: "Une autre session tient ce qu'il faut (pg_locks) : relancez quand elle aura fini",
};

function evnFault(fault: EvnFault): string {
  switch (fault.is) {
    case "no YAML":
      return `la ligne ${fault.line} n'est pas du YAML (${fault.code})`;
    case "no mapping":
      return "il n'a pas de sections (site:, filter:, …)";
    case "in braces":
      return "filter: doit être écrit ligne par ligne, sans accolades";
    case "no value":
      return `filter.${fault.key} doit être une seule valeur`;
    case "not written":
      return `filter.${fault.key} n'a pas pu être écrit`;
  }
}

const host: Record<HostRefusal, string> = {
  full: "Le disque, ou le quota du compte, est plein : faites-y de la place (df -h, df -i, quota), puis relancez",
  "read-only": "Ce disque est en lecture seule : voyez dmesg, remontez-le en écriture",
  rights:
    "Le compte n'a pas le droit de le lire ou de l'écrire : voyez propriétaire et mode (ls -l), rendez-les-lui",
  limit:
    "La machine, ou une limite du compte (ulimit, systemd), n'en a plus : arrêtez ce qui est inutile, ou relevez-la",
  gone: "Il n'existe pas : pulumi up le refait",
  broken: "Le disque est défaillant : voyez dmesg, et une sauvegarde",
};

/** What went wrong on the user's side or in the surroundings. */
export const problems: Texts["problem"] = {
  noServiceFile: (p) => `${p.path} ne peut pas être lu : ${p.cause}`,
  noService: (p) => `${p.path} n'a pas de section [${p.service}]`,
  noDatabase: (p) => `connexion à ${p.where} : ${p.cause}. ${noDatabase[p.why]}`,
  databaseRefuses: (p) => `${p.where} : ${p.cause}.${p.why ? ` ${refusal[p.why]}` : ""}`,
  noPassword: (p) =>
    `connexion à ${p.where} : le serveur demande un mot de passe, et ${
      {
        absent: `${p.path} n'existe pas`,
        open: `${p.path} est lisible par d'autres, donc ignoré : chmod 600 ${p.path}`,
        "no line": `${p.path} n'a pas de ligne pour lui`,
      }[p.why]
    }${p.why === "open" ? "" : ". pulumi up l'écrit (mode 0600)"}`,
  host: (p) => `${p.path} : ${p.cause}. ${host[p.why]}`,
  locked: (p) =>
    `${p.where} : un verrou n'a pas été rendu à temps${p.holders === null ? "" : ` : ${p.holders}`}. Attendez que ce soit terminé, ou mettez-y fin : SELECT pg_terminate_backend(…)`,
  noTriggers: (p) =>
    `les sessions de ${p.login} dans ${p.database} ne déclenchent aucun déclencheur : ceux de la copie principale n'agiraient pas lors d'une réparation. En superutilisateur : ALTER ROLE "${p.login}" RESET session_replication_role; ALTER DATABASE "${p.database}" RESET session_replication_role;`,
  noSettings: (p) =>
    `${p.path} n'existe pas. HOME est-il le dossier du compte ? Pour le bon compte : vn-check status`,
  badSettings: (p) => `${p.path} :\n  ${p.faults.join("\n  ")}`,
  otherVersion: (p) =>
    `${p.path} est de la version ${p.theirs} du kit et ce programme de la ${p.ours} : une mise à jour est en cours. Réessayez quand \`pulumi up\` sera terminé`,
  noConfig: (p) =>
    `${p.path} n'est pas utilisable : ${typeof p.cause === "string" ? p.cause : evnFault(p.cause)}. Le corriger, ou pulumi up`,
  endDate: (p) =>
    `${p.path} : filter.end_date (${p.value}) laisserait de côté les jours suivants : retirez-la`,
  noSites: (p) => `${p.path} : aucun site activé`,
  controllersOff: (p) => `${p.path} : ces contrôleurs doivent être activés : ${list(p.names)}`,
  notOwner: (p) =>
    `${p.home} appartient à un autre compte : vn-check status, par exemple, se met de lui-même sous ce compte (/usr/local/bin)`,
  noClient: (p) => `Client-API-VN ne démarre pas et n'a pas pu être refait :\n${p.said}`,
  clientStartsNot: (p) => `${p.site} : Client-API-VN ne démarre pas : ${p.said}. À faire : pulumi up`,
  clientRefused: (p) => `${p.site} : Client-API-VN ne peut pas travailler ainsi : ${p.said}`,
  stillAlive: (p) =>
    `un processus client d'une exécution précédente ne peut pas être arrêté (pid ${p.pid}) : rien n'a été lancé`,
  noProgram: (p) => `${p.program} est introuvable (Debian : paquet util-linux)`,
  repairFailed: (p) => `la réparation a échoué : ${p.cause}${p.why ? `. ${refusal[p.why]}` : ""}`,
  noMail: mailProblem,
  stopped: (p) => `arrêté par ${p.signal}`,
};
