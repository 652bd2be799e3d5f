import type { Finding } from "../../config/checks";
import type { StackConfig } from "../../config/schema";
import type { Words } from "../../config/values/key";
import type { Said } from "./run";
import type { Login, NoConnection } from "./ssh";

type Host = StackConfig["host"];

/** A way to the host that does not open: which key of the configuration, what was found, what to set. */
export function connectionFinding({ why, at, login, said }: NoConnection): Finding {
  const finding = (key: string, wrong: Words, remedy: Words): Finding => ({
    name: `${at}.${key}`,
    wrong,
    remedy,
    mild: false,
  });
  const there = `${login.address}:${login.port}`;
  switch (why) {
    case "unreachable":
      return finding(
        "address",
        {
          en: `no SSH server answers at ${there} (${said})`,
          fr: `aucun serveur SSH ne répond à ${there} (${said})`,
        },
        {
          en: `set ${at}.address and ${at}.port as ssh needs them from this machine`,
          fr: `régler ${at}.address et ${at}.port comme ssh en a besoin depuis cette machine`,
        },
      );
    case "ended":
      return finding(
        "address",
        {
          en: `${there} ended the connection before the login (${said})`,
          fr: `${there} a coupé la connexion avant l'authentification (${said})`,
        },
        {
          en: `see that ${at}.port is an SSH server's and that it lets this machine in (MaxStartups, PerSourcePenalties, fail2ban, a firewall)`,
          fr: `vérifier que ${at}.port est celui d'un serveur SSH et qu'il laisse entrer cette machine (MaxStartups, PerSourcePenalties, fail2ban, pare-feu)`,
        },
      );
    case "host key":
      return finding(
        "hostKey",
        {
          en: `is not the key that ${there} has: ${said}`,
          fr: `n'est pas la clé de ${there} : ${said}`,
        },
        {
          en: `hold that line against /etc/ssh/ssh_host_*_key.pub on the host itself; if it is there: pulumi config set --path 'vn-sync-check:${at}.hostKey' '<that line>'. If it is not, another machine answers`,
          fr: `comparer cette ligne à /etc/ssh/ssh_host_*_key.pub sur le serveur même ; si elle y est : pulumi config set --path 'vn-sync-check:${at}.hostKey' '<cette ligne>'. Sinon, c'est une autre machine qui répond`,
        },
      );
    case "private key":
      return finding(
        "privateKey",
        { en: `cannot be read as a key (${said})`, fr: `n'est pas lisible comme une clé (${said})` },
        {
          en: `give the whole file: pulumi config set --path --secret 'vn-sync-check:${at}.privateKey' < ~/.ssh/id_ed25519`,
          fr: `donner le fichier entier : pulumi config set --path --secret 'vn-sync-check:${at}.privateKey' < ~/.ssh/id_ed25519`,
        },
      );
    case "key password":
      return finding(
        "privateKeyPassword",
        login.privateKeyPassword === undefined
          ? {
              en: "is missing: the private key is locked with one",
              fr: "manque : la clé privée est protégée par un mot de passe",
            }
          : { en: "does not open the private key", fr: "n'ouvre pas la clé privée" },
        {
          en: `pulumi config set --path --secret 'vn-sync-check:${at}.privateKeyPassword'`,
          fr: `pulumi config set --path --secret 'vn-sync-check:${at}.privateKeyPassword'`,
        },
      );
    case "agent":
      return login.agentSocket === undefined
        ? {
            ...finding("agentSocket", AGENT_DEAD(process.env["SSH_AUTH_SOCK"] ?? "", said), {
              en: "type `unset SSH_AUTH_SOCK` and try again, or start an agent",
              fr: "taper `unset SSH_AUTH_SOCK` et recommencer, ou lancer un agent",
            }),
            name: "SSH_AUTH_SOCK",
          }
        : finding("agentSocket", AGENT_DEAD(login.agentSocket, said), {
            en: "start that agent, or set the key to the socket of one that runs",
            fr: "lancer cet agent, ou donner la socket d'un agent qui tourne",
          });
    case "no way in":
      return finding(
        "privateKey",
        {
          en: "is missing, and there is neither an agent nor a password",
          fr: "manque, et il n'y a ni agent ni mot de passe",
        },
        {
          en: `pulumi config set --path --secret 'vn-sync-check:${at}.privateKey' < ~/.ssh/id_ed25519, or start an SSH agent`,
          fr: `pulumi config set --path --secret 'vn-sync-check:${at}.privateKey' < ~/.ssh/id_ed25519, ou lancer un agent SSH`,
        },
      );
    case "not understood":
      return {
        name: at,
        wrong: {
          en: `${there} could not be looked at beforehand (${said})`,
          fr: `${there} n'a pas pu être regardé d'abord (${said})`,
        },
        remedy: {
          en: "nothing has to be done where Pulumi's own connection works: each script proves itself",
          fr: "rien à faire si la connexion de Pulumi marche : chaque script fait sa preuve",
        },
        mild: true,
      };
    case "more factors":
      return finding(
        "user",
        {
          en: `${there} takes ${offered(login).en} of ${login.user} and then asks for more (${said}), which nobody is there to answer`,
          fr: `${there} accepte ${offered(login).fr} de ${login.user}, puis demande autre chose (${said}), à quoi personne n'est là pour répondre`,
        },
        {
          en: `let this login in with that alone (sshd_config there: Match User ${login.user}, and below it AuthenticationMethods publickey), or set ${at}.user to another one`,
          fr: `laisser entrer cette connexion avec cela seul (sshd_config là-bas : Match User ${login.user}, et dessous AuthenticationMethods publickey), ou donner à ${at}.user une autre connexion`,
        },
      );
    case "turned away":
      return finding(
        "user",
        {
          en: `${there} closed the connection while ${login.user} was being logged in (${said})`,
          fr: `${there} a coupé la connexion pendant que ${login.user} entrait (${said})`,
        },
        {
          en: `see what keeps ${login.user} out there: an account that has expired (chage -E -1 ${login.user}), /etc/nologin, pam_access; journalctl -t sshd tells it. Or set ${at}.user to another login`,
          fr: `voir ce qui y tient ${login.user} dehors : un compte expiré (chage -E -1 ${login.user}), /etc/nologin, pam_access ; journalctl -t sshd le dit. Ou donner à ${at}.user une autre connexion`,
        },
      );
    case "refused":
      return finding(
        "user",
        {
          en: `${there} refuses the login ${login.user} with ${offered(login).en}`,
          fr: `${there} refuse la connexion de ${login.user} avec ${offered(login).fr}`,
        },
        {
          en: `set ${at}.user to a login that exists there, with a shell that exists there and let in by sshd_config (AllowUsers, PermitRootLogin), and put the public key into its ~/.ssh/authorized_keys, which nobody else may write to`,
          fr: `donner à ${at}.user une connexion qui existe là-bas, dont le shell existe et que sshd_config laisse entrer (AllowUsers, PermitRootLogin), et mettre la clé publique dans son ~/.ssh/authorized_keys, où personne d'autre ne peut écrire`,
        },
      );
  }
}

const AGENT_DEAD = (socket: string, said: string): Words => ({
  en: `no SSH agent answers at ${socket} (${said})`,
  fr: `aucun agent SSH ne répond à ${socket} (${said})`,
});

function offered({ privateKey, password }: Login): Words {
  if (privateKey !== undefined && password !== undefined)
    return { en: "this private key and password", fr: "cette clé privée et ce mot de passe" };
  if (privateKey !== undefined) return { en: "this private key", fr: "cette clé privée" };
  if (password !== undefined) return { en: "this password", fr: "ce mot de passe" };
  return { en: "the keys of the SSH agent", fr: "les clés de l'agent SSH" };
}

/** What is wrong with the login itself. */
function loginFinding(host: Host, what: (who: string) => Words, remedy: Words): Finding {
  const local = host.type === "local";
  const who = local ? "localhost" : `${host.user}@${host.address}:${host.port}`;
  return { name: local ? "host" : "host.user", wrong: what(who), remedy, mild: false };
}

/** A login that runs all that is sent, and nothing it says is heard. */
export function deafFinding(host: Host): Finding {
  return loginFinding(
    host,
    (who) => ({
      en: `${who} runs what is sent, and its standard error goes elsewhere: no fault would be told`,
      fr: `${who} exécute ce qui est envoyé, et sa sortie d'erreur va ailleurs : aucune faute ne serait dite`,
    }),
    {
      en: "take the line that does that (exec 2>…) out of the start files of this login (.bashrc, .zshenv, .cshrc, config.fish), or guard it: case $- in *i*) … ;; esac. Or give host.user another login",
      fr: "ôter la ligne qui fait cela (exec 2>…) des fichiers de démarrage de cette connexion (.bashrc, .zshenv, .cshrc, config.fish), ou la garder : case $- in *i*) … ;; esac. Ou donner à host.user une autre connexion",
    },
  );
}

/** A login whose start files leave a process behind that keeps each connection open: no script would ever end. */
export function heldFinding(host: Host): Finding {
  return loginFinding(
    host,
    (who) => ({
      en: `${who} runs what is sent, and then something keeps the connection open: no script would ever end`,
      fr: `${who} exécute ce qui est envoyé, puis quelque chose garde la connexion ouverte : aucun script ne finirait`,
    }),
    {
      en: "let what the start files of this login put into the background (… &, an agent, a watcher) give back its streams: … >/dev/null 2>&1 </dev/null &. Or give host.user another login",
      fr: "faire que ce que les fichiers de démarrage de cette connexion mettent en arrière-plan (… &, un agent, un veilleur) rende ses flux : … >/dev/null 2>&1 </dev/null &. Ou donner à host.user une autre connexion",
    },
  );
}

/** A login that answered, and what was sent did not run to its end. */
export function unprovenFinding(host: Host, said: Said): Finding {
  const words = quoted(said);
  const { late } = said;
  return loginFinding(
    host,
    (who) => ({
      en: `${who} answered, but what was sent did not run to its end${late === undefined ? "" : ` within ${late} s`}. ${words === "" ? "It said nothing" : `It said: ${words}`}`,
      fr: `${who} a répondu, mais ce qui a été envoyé ne s'est pas exécuté jusqu'au bout${late === undefined ? "" : ` en ${late} s`}. ${words === "" ? "Il n'a rien dit" : `Il a dit : ${words}`}`,
    }),
    {
      en: "see what `ssh` says with this login and the command `echo hello`: it has to print hello and nothing may read standard input. Usual causes: a forced command in authorized_keys or sshd_config, a login shell such as nologin, a read, exit or exec in .bashrc, .profile, .cshrc or config.fish. Mend that, or give host.user (host.address) another login",
      fr: "voir ce que dit `ssh` avec cette connexion et la commande `echo bonjour` : elle doit afficher bonjour et rien ne doit lire l'entrée standard. Causes habituelles : une commande imposée dans authorized_keys ou sshd_config, un shell comme nologin, un read, exit ou exec dans .bashrc, .profile, .cshrc ou config.fish. Corriger cela, ou donner à host.user (host.address) une autre connexion",
    },
  );
}

/** The last of what a host said, on one line. */
function quoted({ stdout, stderr }: Said): string {
  const lines = `${stdout}\n${stderr}`
    .replace(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g, "")
    .split("\n")
    .map((line) => line.trim())
    // What is no word: facts, and marks below an error.
    .filter((line) => /[\p{L}\p{N}]/u.test(line) && !line.startsWith("vn-sync-check:"))
    .map((line) => (line.length > 240 ? `${line.slice(0, 239)}…` : line));
  return lines.slice(-6).join(" / ").slice(-800);
}
