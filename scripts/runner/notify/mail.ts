import type { HostConfig } from "../../../config/host";
import type { Database } from "../account/database";
import type { Paths } from "../account/files";
import { type MailWays, mailWays } from "../account/mailWay";
import type { Fact, MailProblem, NoMail } from "../facts";
import { MailFault } from "./mailFault";
import { type Message, messageOf, type QueuedMail } from "./message";
import { bySendmail } from "./sendmail";
import { bySmtp } from "./smtp";

/** What it needs of the job that it follows. */
interface Job {
  paths: Paths;
  host: HostConfig;
  db: Database;
  say(fact: Fact): void;
  /** A cause in words, without secrets. */
  words(cause: MailProblem): string;
  stop: AbortSignal;
}

/** Seconds in which the next mail of one go still begins, and how many it has at most. */
const LONGEST = 180;
const MOST = 200;

/** Of the mail itself; after any other the next mail would fare no better. */
const ITS_OWN: ReadonlySet<NoMail> = new Set(["recipient", "refused"]);

/** Sends what is queued, and gives up what is too old. */
export async function sendMails(job: Job): Promise<void> {
  const { db, say, host, paths, stop } = job;
  const count = await db.call<number>("expire_mails");
  if (count > 0) say({ fact: "mailsExpired", count, error: null });
  const ways = mailWays(paths.home, host.mail);
  // Left to a host that has one; status says so.
  if (ways.program === undefined && ways.server === undefined) return;
  const until = Date.now() + LONGEST * 1000;
  for (let sent = 0; sent < MOST && Date.now() < until && !stop.aborted; sent++) {
    const mail = await db.call<QueuedMail | null>("take_mail");
    if (mail === null) return;
    const faults = await send(job, ways, mail);
    await db.call("mail_ended", mail.id, mail.try, faults.map(job.words).join("\n") || null);
    const last = faults.at(-1);
    if (last !== undefined && !ITS_OWN.has(last.why)) return;
  }
}

/** By the first way that takes it. @returns why none did */
async function send({ host, say, stop }: Job, ways: MailWays, mail: QueuedMail): Promise<MailProblem[]> {
  const { recipient } = mail;
  const faults: MailProblem[] = [];
  const tried = async (by: string, way: (message: Message) => Promise<string[]>): Promise<boolean> => {
    try {
      const refused = await way(await messageOf(mail, host.mail.from));
      say({ fact: "mailSent", recipient, by });
      if (refused.length > 0) {
        const cause: MailProblem = { key: "noMail", why: "recipient", by, said: refused.join(", ") };
        say({ fact: "mailNotSent", recipient: refused.join(", "), causes: [cause] });
      }
      return true;
    } catch (error) {
      const fault = error instanceof MailFault ? error : new MailFault("refused", String(error));
      faults.push({ key: "noMail", why: fault.why, by, said: fault.said });
      return false;
    }
  };
  const { program, server } = ways;
  if (program !== undefined) {
    const pipe = (message: Message) => bySendmail(program, message, stop).then(() => []);
    if (await tried(program, pipe)) return [];
  }
  if (server !== undefined && faults[0]?.why !== "recipient") {
    const by = `${server.host}:${server.port}`;
    if (await tried(by, (message) => bySmtp(server, message, stop))) return [];
  }
  say({ fact: "mailNotSent", recipient, causes: faults });
  return faults;
}
