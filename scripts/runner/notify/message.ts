import { addressesIn } from "../../../config/values/mail";
import { MailFault } from "./mailFault";

/** A mail as the database hands it over. */
export interface QueuedMail {
  id: number;
  /** How often it has been taken. */
  try: number;
  recipient: string;
  subject: string;
  message: string;
  /** ISO 8601. */
  queuedAt: string;
}

/** A mail as it goes over the wire. */
export interface Message {
  from: string;
  to: string[];
  /** Header and body, 7 bit, lines ended by CR LF. */
  raw: Buffer;
}

/** Accounts of the machine, to which a program that takes mails may deliver. */
const LOCAL = /^[a-z_][a-z0-9_.-]*$/i;

/**
 * Writes a mail out. What it says of itself is the queue's, and so anybody's who may queue: a recipient is an address and
 * nothing else, a subject one line.
 * @throws MailFault
 */
export async function messageOf(mail: QueuedMail, from: string): Promise<Message> {
  const to = recipientsIn(mail.recipient);
  // Asked for where there is a mail: it takes longer to read than all else.
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer/index.js");
  const address = (one: string) => ({ name: "", address: one });
  const node = new MailComposer({
    from: address(from),
    to: to.map(address),
    subject: [...mail.subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim()].slice(0, 400).join(""),
    text: mail.message,
    date: mail.queuedAt,
    // The same each time: one that left twice can be known by it.
    messageId: `<vn-check.${mail.id}.${Date.parse(mail.queuedAt) / 1000}@${from.split("@").at(-1)}>`,
    headers: { "Auto-Submitted": "auto-generated" },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  return { from, to, raw: await node.build() };
}

function recipientsIn(recipient: string): string[] {
  const list = recipient.trim();
  const to = LOCAL.test(list) ? [list] : addressesIn(list);
  if (to === undefined) throw new MailFault("recipient", JSON.stringify(recipient));
  return to;
}
