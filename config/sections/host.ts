import { address, choice, flag, linuxUser, privateKey, sshHostKey, text, whole } from "../values/fields";
import { type Forms, key, optionalSection, type Rule, section } from "../values/key";

/** Client-API-VN's versions that the adapter fits. */
const CLIENT_VERSIONS = ["2.12.0"] as const;

const ssh = {
  address: key(address, {
    required: true,
    example: "vn.example.org",
    en: "Its address, as this machine reaches it",
    fr: "Son adresse, telle que ce poste la joint",
  }),
  port: key(whole(1, 65_535), { default: 22, en: "Port of its SSH server", fr: "Port de son serveur SSH" }),
  user: key(linuxUser, {
    default: "root",
    en: "Login: root, or one with sudo without a password",
    fr: "Connexion : root, ou un utilisateur dont sudo ne demande pas de mot de passe",
  }),
  hostKey: key(sshHostKey, {
    usual: true,
    example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxampleOnlyReplaceThisByTheHostsOwnKey00000000",
    en: "Required, but for allowUnknownHostKey: its public key, from `ssh-keyscan -t ed25519 <host>`, held against /etc/ssh/ssh_host_ed25519_key.pub there",
    fr: "Obligatoire, sauf allowUnknownHostKey : sa clé publique, donnée par `ssh-keyscan -t ed25519 <serveur>` et comparée à /etc/ssh/ssh_host_ed25519_key.pub là-bas",
  }),
  allowUnknownHostKey: key(flag, {
    default: false,
    en: "Connect without knowing its key",
    fr: "Se connecter sans connaître sa clé",
  }),
  privateKey: key(privateKey, {
    secret: true,
    en: "Private key of the login; without it the agent",
    fr: "Clé privée de la connexion ; sans elle, l'agent",
  }),
  privateKeyPassword: key(text, {
    secret: true,
    en: "Password of the private key",
    fr: "Mot de passe de la clé privée",
  }),
  password: key(text, {
    secret: true,
    en: "Password of the login, instead of a key",
    fr: "Mot de passe de la connexion, à la place d'une clé",
  }),
  agentSocket: key(text, {
    example: "/run/user/1000/ssh-agent.socket",
    en: "Socket of the SSH agent; without it SSH_AUTH_SOCK",
    fr: "Socket de l'agent SSH ; sans elle, SSH_AUTH_SOCK",
  }),
};

const hostKeyKnown: Rule = (given, fault) => {
  if (given.value("allowUnknownHostKey") === true || given.has("hostKey")) return;
  fault(
    "hostKey",
    { en: "is missing", fr: "manque" },
    {
      en: "set the line of `ssh-keyscan -t ed25519 <host>` after checking it with the host's own",
      fr: "donner la ligne de `ssh-keyscan -t ed25519 <serveur>`, après l'avoir comparée à la clé du serveur",
    },
  );
};

const forms = {
  ssh: {
    ...ssh,
    bastion: optionalSection(
      {
        en: "A machine on the way there, one hop, with the same keys",
        fr: "Une machine sur le chemin, un seul saut, avec les mêmes clés",
      },
      ssh,
      hostKeyKnown,
    ),
  },
  local: {},
};

/** Where the jobs run, and what they run. */
export const host = {
  host: {
    kind: "forms",
    en: "The Debian 12 or 13 machine on which the jobs run",
    fr: "Le serveur Debian 12 ou 13 sur lequel tournent les tâches",
    type: key(choice(["ssh", "local"]), {
      default: "ssh",
      en: "ssh, or local: this very machine, and then no other key of host",
      fr: "ssh, ou local : ce poste-ci, et alors aucune autre clé de host",
    }),
    forms,
    rules: { ssh: hostKeyKnown },
  } satisfies Forms<typeof forms> as Forms<typeof forms>,
  adoptExisting: key(flag, {
    default: false,
    en: "Takes over an account, group, home, cron file or command that is on the host under this instance's names and was not made by this kit; destroy then leaves what was there. False: they are refused before anything is made",
    fr: "Reprend un compte, un groupe, un dossier personnel, un fichier de cron ou une commande qui est sur le serveur sous les noms de cette instance sans venir de ce kit ; destroy laisse alors ce qui existait. false : refusés avant toute création",
  }),
  oldHostGone: key(flag, {
    default: false,
    en: "True while a host that cannot be reached any more is replaced, or destroyed (`pulumi destroy --run-program`): nothing is removed from it",
    fr: "true le temps de remplacer un serveur qui ne répond plus, ou de détruire sans lui (`pulumi destroy --run-program`) : rien n'y est enlevé",
  }),
};

export const client = {
  client: section(
    { en: "Client-API-VN", fr: "Client-API-VN" },
    {
      version: key(choice(CLIENT_VERSIONS), {
        default: "2.12.0",
        en: "Its version: the only one that the adapter fits",
        fr: "Sa version : la seule à laquelle l'adaptateur convient",
      }),
    },
  ),
};
