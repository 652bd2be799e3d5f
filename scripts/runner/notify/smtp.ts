import { rootCertificates } from "node:tls";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import { readIfThere } from "../account/files";
import type { SmtpServer } from "../account/mailWay";
import type { NoMail } from "../facts";
import { MailFault } from "./mailFault";
import type { Message } from "./message";

/** Seconds: for the connection, for each answer, for a mail as a whole. */
const LIMITS = { connect: 20, answer: 30, mail: 90 };

/** Where Debian gathers the authorities that a machine trusts, those of one's own (update-ca-certificates) among them. */
const AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Sends a mail by a mail server.
 * @returns recipients that it refused while it took others
 * @throws MailFault
 */
export async function bySmtp(server: SmtpServer, message: Message, stop: AbortSignal): Promise<string[]> {
  const { login } = server;
  const password = login?.password ?? "";
  if (login !== undefined && password === "") throw new MailFault("no password", "");
  const { default: Connection } = await import("nodemailer/lib/smtp-connection/index.js");
  const connection = new Connection({
    host: server.host,
    port: server.port,
    secure: server.tls === "tls",
    requireTLS: server.tls === "starttls",
    ignoreTLS: server.tls === "none",
    connectionTimeout: LIMITS.connect * 1000,
    greetingTimeout: LIMITS.connect * 1000,
    dnsTimeout: LIMITS.connect * 1000,
    socketTimeout: LIMITS.answer * 1000,
    tls: { ca: [...rootCertificates, ...trusted()], minVersion: "TLSv1.2" },
  });
  const end = () => connection.emit("error", new MailFault("slow", ""));
  const late = setTimeout(end, LIMITS.mail * 1000);
  stop.addEventListener("abort", end);
  try {
    return await new Promise<string[]>((done, fail) => {
      const orFail = (next: () => void) => (error?: SMTPConnection.SMTPError | null) => {
        if (error) fail(faultOf(error));
        else next();
      };
      const send = () =>
        connection.send({ from: message.from, to: message.to }, message.raw, (error, info) =>
          orFail(() => done((info.rejected as (string | { address: string })[]).map(addressOf)))(error),
        );
      const logIn = (user: string) =>
        connection.login({ credentials: { user, pass: password } }, orFail(send));
      connection.on("error", (error) => fail(faultOf(error)));
      connection.on("end", () => fail(new MailFault("unreachable", "connection closed")));
      connection.connect(orFail(() => (login ? logIn(login.user) : send())));
      if (stop.aborted) end();
    });
  } finally {
    clearTimeout(late);
    stop.removeEventListener("abort", end);
    connection.close();
  }
}

function addressOf(one: string | { address: string }): string {
  return typeof one === "string" ? one : one.address;
}

function trusted(): string[] {
  try {
    const text = readIfThere(process.env["SSL_CERT_FILE"] ?? AUTHORITIES) ?? "";
    return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  } catch {
    return [];
  }
}

const WHY: Record<string, NoMail> = {
  ETIMEDOUT: "slow",
  ETLS: "tls",
  EAUTH: "login",
  ENOAUTH: "login",
  EENVELOPE: "recipient",
  EMESSAGE: "refused",
};

/** What nodemailer and the server say; of an answer its first line. */
function faultOf(error: SMTPConnection.SMTPError): MailFault {
  if (error instanceof MailFault) return error;
  const said = (error.response ?? error.message).split("\n")[0]?.slice(0, 500) ?? "";
  if (/certificate|altname|self.signed|SSL routines|wrong version number/i.test(error.message))
    return new MailFault("tls", said);
  // Of the sender, or before anything was asked for: not the recipient's fault.
  if (error.responseCode === 530 || error.responseCode === 535) return new MailFault("login", said);
  if (error.code === "EENVELOPE" && error.command === "MAIL FROM") return new MailFault("sender", said);
  return new MailFault(WHY[error.code ?? ""] ?? "unreachable", said);
}
