import { mailWays } from "../account/mailWay";
import type { CauseFact } from "../text";
import type { Look } from "./seen";

interface Unsent {
  late: number;
  since: string | null;
  error: string | null;
  expired: number;
  expired_error: string | null;
}

/** Mails of email_notify that have not left, or were given up lately. */
export const mailLook: Look = async ({ home: { db, host, paths } }) => {
  const [row] = await db.rows<Unsent>(`select * from ${db.repair}.unsent_mails()`);
  if (row === undefined) return [];
  const { program, server } = mailWays(paths.home, host.mail);
  const { late: count, since, error, expired, expired_error } = row;
  const noWay = program === undefined && server === undefined;
  const facts: CauseFact[] = [];
  if (count > 0) facts.push({ fact: "mailsUnsent", count, since: since ?? "", error, noWay });
  if (expired > 0) facts.push({ fact: "mailsExpired", count: expired, error: expired_error });
  return facts;
};
