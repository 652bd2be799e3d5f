import { DatabaseError } from "pg";
import type { Finding } from "../config/checks";
import type { Words } from "../config/values/key";
import type { Connection } from "./connect";
import { serverWords } from "./installError";

/** The keys of the stack that a connection comes from; the same in both languages. */
const key = (name: string) => `database.${name}`;

const TLS_UNKNOWN = [
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "ERR_SSL_WRONG_SIGNATURE_TYPE",
];

type Parts = [name: string, wrong: Words, remedy: Words];

/**
 * Why a database cannot be connected to: the key to change, what the server or the network said, what to set.
 * @param others databases of that server, where they could be seen
 */
export function connectionFinding(
  error: unknown,
  to: Omit<Connection, "applicationName">,
  others: string[] = [],
): Finding {
  const cause = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  const [name, wrong, remedy] =
    cause instanceof DatabaseError ? fromServer(cause, to, others) : fromNetwork(cause as Error, to);
  return { name: key(name), wrong, remedy, mild: false };
}

function fromServer(error: DatabaseError, to: Omit<Connection, "applicationName">, others: string[]): Parts {
  const said = serverWords(error);
  const server = `${to.host}:${to.port}`;
  switch (error.code) {
    case "28P01":
      return [
        "adminPassword",
        {
          en: `${server} refuses the login ${to.user} with this password (${said})`,
          fr: `${server} refuse la connexion de ${to.user} avec ce mot de passe (${said})`,
        },
        same("pulumi config set --path --secret 'vn-sync-check:database.adminPassword'"),
      ];
    case "28000":
      return refusedLogin(error, said, to);
    case "3D000":
      return [
        "name",
        {
          en: `there is no database ${to.database} at ${server}${others.length > 0 ? `; there are ${others.join(", ")}` : ""}`,
          fr: `il n'y a pas de base ${to.database} sur ${server}${others.length > 0 ? ` ; il y a ${others.join(", ")}` : ""}`,
        },
        {
          en: "pulumi config set --path vn-sync-check:database.name <name>; if that database is gone for good, see oldDatabaseGone",
          fr: "pulumi config set --path vn-sync-check:database.name <nom> ; si cette base a disparu pour de bon, voir oldDatabaseGone",
        },
      ];
    case "42501":
      return [
        "adminUser",
        {
          en: `${to.user} may not connect to the database ${to.database} (${said})`,
          fr: `${to.user} n'a pas le droit de se connecter à la base ${to.database} (${said})`,
        },
        run(`GRANT CONNECT ON DATABASE "${to.database}" TO "${to.user}" WITH GRANT OPTION;`),
      ];
    case "53300":
      return [
        "address",
        {
          en: `${server} has no connection left (${said})`,
          fr: `${server} n'a plus de connexion libre (${said})`,
        },
        {
          en: "end sessions that are no longer needed (select * from pg_stat_activity), or raise max_connections or the role's CONNECTION LIMIT",
          fr: "mettre fin aux sessions inutiles (select * from pg_stat_activity), ou relever max_connections ou le CONNECTION LIMIT du rôle",
        },
      ];
    default:
      return [
        "address",
        { en: `${server} said: ${said}`, fr: `${server} a dit : ${said}` },
        error.code?.startsWith("57P") === true
          ? {
              en: "the server is starting or stopping: try again when it is up",
              fr: "le serveur démarre ou s'arrête : recommencer quand il sera prêt",
            }
          : TRY_PSQL(to),
      ];
  }
}

function refusedLogin(error: DatabaseError, said: string, to: Omit<Connection, "applicationName">): Parts {
  const server = `${to.host}:${to.port}`;
  if (!/pg_hba/.test(error.message))
    return [
      "adminUser",
      {
        en: `${server} does not let ${to.user} log in (${said})`,
        fr: `${server} ne laisse pas entrer ${to.user} (${said})`,
      },
      {
        en: "pulumi config set --path vn-sync-check:database.adminUser <a role that may log in>",
        fr: "pulumi config set --path vn-sync-check:database.adminUser <un rôle qui peut se connecter>",
      },
    ];
  // There may be a line for encrypted connections alone; the server says so in its own language.
  const plain = to.sslmode === "disable";
  return [
    plain ? "sslmode" : "adminUser",
    {
      en: `pg_hba.conf of ${server} has no line for this connection (${said})`,
      fr: `le pg_hba.conf de ${server} n'a pas de ligne pour cette connexion (${said})`,
    },
    {
      en: `${plain ? "pulumi config set --path vn-sync-check:database.sslmode require, or add" : "add"} a line for ${to.user}, ${to.database} and this machine's address to pg_hba.conf, then SELECT pg_reload_conf()`,
      fr: `${plain ? "pulumi config set --path vn-sync-check:database.sslmode require, ou ajouter" : "ajouter"} au pg_hba.conf une ligne pour ${to.user}, ${to.database} et l'adresse de ce poste, puis SELECT pg_reload_conf()`,
    },
  ];
}

function fromNetwork(error: Error, to: Omit<Connection, "applicationName">): Parts {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const said = message || code;
  const server = `${to.host}:${to.port}`;
  if (TLS_UNKNOWN.includes(code))
    return [
      "caFile",
      {
        en: `the certificate of ${server} is of no authority that this machine knows (${said})`,
        fr: `le certificat de ${server} ne vient d'aucune autorité connue de ce poste (${said})`,
      },
      {
        en: "give the authority's certificate: pulumi config set --path vn-sync-check:database.caFile ca.crt; or sslmode require, which checks nothing",
        fr: "donner le certificat de l'autorité : pulumi config set --path vn-sync-check:database.caFile ca.crt ; ou sslmode require, qui ne vérifie rien",
      },
    ];
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return [
      "address",
      {
        en: `the certificate of ${server} is for another name (${said})`,
        fr: `le certificat de ${server} est pour un autre nom (${said})`,
      },
      {
        en: "set database.address to a name that is in the certificate, or database.sslmode to verify-ca",
        fr: "donner à database.address un nom qui est dans le certificat, ou verify-ca à database.sslmode",
      },
    ];
  if (/does not support SSL/.test(message))
    return [
      "sslmode",
      {
        en: `${server} does not encrypt connections (${said})`,
        fr: `${server} ne chiffre pas les connexions (${said})`,
      },
      {
        en: "switch ssl on there, or, on a network that you trust: pulumi config set --path vn-sync-check:database.sslmode disable",
        fr: "y activer ssl, ou, sur un réseau de confiance : pulumi config set --path vn-sync-check:database.sslmode disable",
      },
    ];
  if (/^CERT_|^ERR_TLS|^ERR_SSL|certificate/i.test(`${code}`) || /certificate/i.test(message))
    return [
      "sslmode",
      {
        en: `the certificate of ${server} cannot be accepted (${said})`,
        fr: `le certificat de ${server} ne peut pas être accepté (${said})`,
      },
      {
        en: "renew it there, or set database.sslmode to require, which checks nothing",
        fr: "l'y renouveler, ou donner require à database.sslmode, qui ne vérifie rien",
      },
    ];
  return [
    "address",
    {
      en: `no PostgreSQL answers at ${server} (${said})`,
      fr: `aucun PostgreSQL ne répond sur ${server} (${said})`,
    },
    /ENOTFOUND|EAI_AGAIN/.test(code)
      ? {
          en: `this machine does not know the name ${to.host}: set database.address`,
          fr: `ce poste ne connaît pas le nom ${to.host} : régler database.address`,
        }
      : TRY_PSQL(to),
  ];
}

const TRY_PSQL = (to: Omit<Connection, "applicationName">): Words => {
  const psql = `psql "host=${to.host} port=${to.port} dbname=${to.database} user=${to.user} sslmode=${to.sslmode}"`;
  return {
    en: `set database.address and .port so that this works from this machine: ${psql} (listen_addresses, firewall)`,
    fr: `régler database.address et .port pour que ceci marche depuis ce poste : ${psql} (listen_addresses, pare-feu)`,
  };
};

function same(text: string): Words {
  return { en: text, fr: text };
}

/** Statements for whoever may run them. */
export function run(...statements: string[]): Words {
  const list = statements.join("\n      ");
  return {
    en: `a superuser, or the owner, has to run:\n      ${list}`,
    fr: `un superutilisateur, ou le propriétaire, doit lancer :\n      ${list}`,
  };
}
