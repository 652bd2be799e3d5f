import type { MailProblem } from "../../facts";
import type { Texts } from "../common/texts";

/** What to do where a mail does not leave, in English. */
export const noMail: Texts["noMail"] = {
  program: "Look at its configuration and log on this host (journalctl -t, /var/log/mail.log)",
  unreachable: "Look at mail.smtp (host and port), name service and firewall",
  slow: "It did not answer in time: look at it and at the network",
  tls: "Its certificate or encryption is not accepted: mail.smtpTls has to fit the port (587 starttls, 465 tls), and its authority has to be known on this host (update-ca-certificates)",
  "no password":
    "~/.smtp-password is missing, or others may read it: set mail.smtpPassword (--secret), then pulumi up",
  login: "Set mail.smtpUser and, with --secret, mail.smtpPassword right, then pulumi up",
  sender: "It does not take mails from this sender: set mail.from",
  recipient: "The recipient is no address that it takes",
  refused: "It does not take this mail",
};

export function mailProblem({ why, by, said }: MailProblem): string {
  return `${by}${said === "" ? "" : `: ${said}`}. ${noMail[why]}`;
}

/** What is said of mails, in English. */
export const mail: Pick<Texts["fact"], "mailSent" | "mailNotSent" | "mailsUnsent" | "mailsExpired"> = {
  mailSent: ({ recipient, by }) => `mail to ${recipient} handed to ${by}`,
  mailNotSent: ({ recipient, causes }) =>
    `the mail to ${recipient} did not leave; it is tried again for 30 days: ${causes.map(mailProblem).join("; ")}`,
  mailsUnsent: ({ count, since, error, noWay }) =>
    `${count === 1 ? "one mail" : `${count} mails`} of email_notify or fct_fix_sync, queued since ${since}, did not leave${
      noWay
        ? ": this host has no program that takes mails (mail.sendmail), and mail.smtp is not set. Install msmtp-mta or postfix, or set mail.smtp and pulumi up"
        : `; it is tried again for 30 days${error === null ? ": does the job watch run?" : `: ${error}`}`
    }`,
  mailsExpired: ({ count, error }) =>
    `${count === 1 ? "one mail was" : `${count} mails were`} given up, since after 30 days they had not left (dbadmin.mail_queue, expired_at)${error === null ? "" : `: ${error}`}`,
};
