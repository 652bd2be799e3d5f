import type { MailProblem } from "../../facts";
import type { Texts } from "../common/texts";

/** What to do where a mail does not leave, in French. */
export const noMail: Texts["noMail"] = {
  program: "Voyez sa configuration et son journal sur ce serveur (journalctl -t, /var/log/mail.log)",
  unreachable: "Voyez mail.smtp (hôte et port), le service de noms et le pare-feu",
  slow: "Il n'a pas répondu à temps : voyez-le, ainsi que le réseau",
  tls: "Son certificat ou son chiffrement n'est pas accepté : mail.smtpTls doit convenir au port (587 starttls, 465 tls), et son autorité doit être connue de ce serveur (update-ca-certificates)",
  "no password":
    "~/.smtp-password manque, ou d'autres peuvent le lire : donnez mail.smtpPassword (--secret), puis pulumi up",
  login: "Corrigez mail.smtpUser et, avec --secret, mail.smtpPassword, puis pulumi up",
  sender: "Il n'accepte pas de courriel de cet expéditeur : voyez mail.from",
  recipient: "Le destinataire n'est pas une adresse qu'il accepte",
  refused: "Il n'accepte pas ce courriel",
};

export function mailProblem({ why, by, said }: MailProblem): string {
  return `${by}${said === "" ? "" : ` : ${said}`}. ${noMail[why]}`;
}

/** What is said of mails, in French. */
export const mail: Pick<Texts["fact"], "mailSent" | "mailNotSent" | "mailsUnsent" | "mailsExpired"> = {
  mailSent: ({ recipient, by }) => `courriel pour ${recipient} remis à ${by}`,
  mailNotSent: ({ recipient, causes }) =>
    `le courriel pour ${recipient} n'est pas parti ; nouveaux essais pendant 30 jours : ${causes.map(mailProblem).join(" ; ")}`,
  mailsUnsent: ({ count, since, error, noWay }) =>
    `${count === 1 ? "un courriel" : `${count} courriels`} de email_notify ou de fct_fix_sync en attente depuis le ${since} ${count === 1 ? "n'est pas parti" : "ne sont pas partis"}${
      noWay
        ? " : ce serveur n'a pas de programme qui prenne des courriels (mail.sendmail), et mail.smtp n'est pas donné. Installez msmtp-mta ou postfix, ou donnez mail.smtp, puis pulumi up"
        : ` ; nouveaux essais pendant 30 jours${error === null ? " : la tâche watch tourne-t-elle ?" : ` : ${error}`}`
    }`,
  mailsExpired: ({ count, error }) =>
    `${count === 1 ? "un courriel, qui n'était pas parti, a été abandonné" : `${count} courriels, qui n'étaient pas partis, ont été abandonnés`} après 30 jours (dbadmin.mail_queue, expired_at)${error === null ? "" : ` : ${error}`}`,
};
