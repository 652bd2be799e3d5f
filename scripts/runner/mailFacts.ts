/** What is said of mails that the database asked for, as plain values. Imports nothing. */

/** Why a mail did not leave by one way: program, mail server, or the mail itself. */
export type NoMail =
  | "program"
  | "unreachable"
  | "slow"
  | "tls"
  | "no password"
  | "login"
  | "sender"
  | "recipient"
  | "refused";

/** `by`: the program's path, or host and port of the server. `said`: their last words, maybe empty. */
export interface MailProblem {
  key: "noMail";
  why: NoMail;
  by: string;
  said: string;
}

export type MailFact =
  | { fact: "mailSent"; recipient: string; by: string }
  /** By none of the ways there are. */
  | { fact: "mailNotSent"; recipient: string; causes: readonly MailProblem[] }
  /** They have failed, or nobody has sent them for hours. `error`: the last cause in words; noWay: this host has none. */
  | { fact: "mailsUnsent"; count: number; since: string; error: string | null; noWay: boolean }
  /** Given up after 30 days. */
  | { fact: "mailsExpired"; count: number; error: string | null };
