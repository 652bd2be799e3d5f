import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { Authority } from "./authority";

/** What a server has taken. */
export interface Taken {
  from: string;
  to: string[];
  /** Header and body. */
  raw: string;
  user: string | undefined;
  /** Was the connection encrypted? */
  secure: boolean;
}

export interface MailServer {
  port: number;
  taken: Taken[];
  stop(): Promise<void>;
}

/** A real mail server of the loopback. By default it asks for STARTTLS and the login vn / its password. */
export async function startMailServer(
  authority: Authority | undefined,
  options: {
    password?: string;
    port?: number;
    /** TLS from the first byte. */
    secure?: boolean;
    /** Recipients it does not take. */
    refuses?: RegExp;
    /** Milliseconds before it answers a mail. */
    slow?: number;
  } = {},
): Promise<MailServer> {
  const { password, refuses, slow = 0, secure = false } = options;
  const taken: Taken[] = [];
  const more: SMTPServerOptions = authority
    ? {
        key: readFileSync(authority.settings["ssl_key_file"] as string),
        cert: readFileSync(authority.settings["ssl_cert_file"] as string),
      }
    : { disabledCommands: ["STARTTLS"], allowInsecureAuth: true };
  const server = new SMTPServer({
    ...more,
    secure,
    authOptional: password === undefined,
    closeTimeout: 100,
    onAuth: ({ username, password: given }, _session, done) => {
      if (username === "vn" && given === password) done(null, { user: username });
      else done(Object.assign(new Error("Authentication credentials invalid"), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, done) => {
      if (refuses?.test(address))
        done(Object.assign(new Error(`no mailbox ${address} here`), { responseCode: 550 }));
      else done();
    },
    onData: (stream, session, done) => {
      void text(stream).then((raw) => {
        const { mailFrom, rcptTo } = session.envelope;
        setTimeout(() => {
          taken.push({
            from: mailFrom ? mailFrom.address : "",
            to: rcptTo.map(({ address }) => address),
            raw,
            user: session.user,
            secure: session.secure,
          });
          done();
        }, slow);
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  const { port } = server.server.address() as { port: number };
  return { port, taken, stop: () => new Promise((done) => server.close(done)) };
}
