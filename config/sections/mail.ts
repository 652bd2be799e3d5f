import { choice, text } from "../values/fields";
import { type Given, key, type Rule, section } from "../values/key";
import { isLoopback, mailAddress, mailAddresses, program, smtpOf, smtpServer } from "../values/mail";

type Fault = Parameters<Rule>[1];

/** A login belongs to a server, its two keys to each other, and its password only to a line that nobody reads. */
const loginFits: Rule = (given, fault) => {
  needs(given, fault, ["smtpTls", "smtpUser", "smtpPassword"], "smtp");
  needs(given, fault, ["smtpUser"], "smtpPassword");
  needs(given, fault, ["smtpPassword"], "smtpUser");
  const server = given.value("smtp");
  if (given.value("smtpTls") !== "none" || !given.has("smtpUser") || typeof server !== "string") return;
  if (isLoopback(smtpOf(server, "none").host)) return;
  fault(
    "smtpTls",
    {
      en: 'is "none", and smtpUser is given: its password would travel unencrypted',
      fr: 'vaut "none", alors que smtpUser est donné : son mot de passe circulerait en clair',
    },
    {
      en: "pulumi config set --path vn-sync-check:mail.smtpTls starttls (or tls), or take smtpUser and smtpPassword away",
      fr: "pulumi config set --path vn-sync-check:mail.smtpTls starttls (ou tls), ou enlever smtpUser et smtpPassword",
    },
  );
};

function needs(given: Given, fault: Fault, these: string[], other: string): void {
  const one = these.find((name) => given.has(name));
  if (one === undefined || given.has(other)) return;
  const secret = other === "smtpPassword" ? "--secret " : "";
  const set = `pulumi config set --path ${secret}vn-sync-check:mail.${other}`;
  fault(
    other,
    { en: `is missing, and ${one} is given`, fr: `manque, alors que ${one} est donné` },
    { en: `${set}, or take ${one} away`, fr: `${set}, ou enlever ${one}` },
  );
}

/** Mails that the database asks for (`email_notify`, `fct_fix_sync`): the jobs send them. What cron sends is schedule.mailTo. */
export const mail = {
  mail: section(
    {
      en: "Mails of email_notify and fct_fix_sync, which the jobs send",
      fr: "Courriels de email_notify et de fct_fix_sync, que les tâches envoient",
    },
    {
      to: key(mailAddresses, {
        like: "adminEmail",
        blank: true,
        example: "admin@example.org",
        en: 'Where `fct_fix_sync()` sends what it did: mail addresses, by commas; "" for nowhere',
        fr: 'À qui `fct_fix_sync()` envoie ce qu\'elle a fait : adresses mail, séparées par des virgules ; "" pour personne',
      }),
      from: key(mailAddress, {
        like: "adminEmail",
        example: "vn-check@example.org",
        en: "Sender of these mails",
        fr: "Expéditeur de ces courriels",
      }),
      sendmail: key(program, {
        default: "/usr/sbin/sendmail",
        blank: true,
        en: 'Program on the host that takes a mail on its standard input (sendmail -i -t); where it is, it comes first; "" for none',
        fr: 'Programme du serveur qui prend un courriel sur son entrée standard (sendmail -i -t) ; s\'il y est, il passe en premier ; "" pour aucun',
      }),
      smtp: key(smtpServer, {
        example: "smtp.example.org:587",
        en: "Mail server, host or host:port, where there is no such program or it fails; without a port 587, with smtpTls tls 465, with none 25",
        fr: "Serveur de courrier, hôte ou hôte:port, s'il n'y a pas de tel programme ou s'il échoue ; sans port 587, avec smtpTls tls 465, avec none 25",
      }),
      smtpTls: key(choice(["starttls", "tls", "none"]), {
        default: "starttls",
        en: "How the connection to it is protected: starttls, tls from the first byte, or none; by certificates of authorities that the host knows (update-ca-certificates)",
        fr: "Protection de la connexion : starttls, tls dès le premier octet, ou none ; par les certificats des autorités que le serveur des tâches connaît (update-ca-certificates)",
      }),
      smtpUser: key(text, {
        example: "vn-check@example.org",
        en: "Login at the mail server, where it asks for one",
        fr: "Identifiant au serveur de courrier, s'il en demande un",
      }),
      smtpPassword: key(text, {
        secret: true,
        en: "Its password",
        fr: "Son mot de passe",
      }),
    },
    loginFits,
  ),
};
