import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { HostConfig } from "../../../config/host";
import { HOME_FILES } from "../../../config/names";
import { type SmtpTls, smtpOf } from "../../../config/values/mail";
import { readIfThere } from "./files";

export interface SmtpServer {
  host: string;
  port: number;
  tls: SmtpTls;
  /** Without a password where the file of it does not tell. */
  login: { user: string; password: string | undefined } | undefined;
}

/** The ways by which a mail can leave this host, in the order in which they are tried. */
export interface MailWays {
  /** A program that is there. */
  program: string | undefined;
  server: SmtpServer | undefined;
}

export function mailWays(home: string, { sendmail, smtp, smtpTls, smtpUser }: HostConfig["mail"]): MailWays {
  return {
    program: runs(sendmail) ? sendmail : undefined,
    server:
      smtp === undefined
        ? undefined
        : {
            ...smtpOf(smtp, smtpTls),
            tls: smtpTls,
            login: smtpUser === undefined ? undefined : { user: smtpUser, password: smtpPassword(home) },
          },
  };
}

/** The mail server's password; undefined where there is none, or where others may read it, as libpq has it with its own. */
export function smtpPassword(home: string): string | undefined {
  const path = join(home, HOME_FILES.smtpPassword);
  try {
    if ((statSync(path).mode & 0o077) !== 0) return undefined;
    return readIfThere(path)?.replace(/\r?\n$/, "");
  } catch {
    return undefined;
  }
}

function runs(path: string): boolean {
  try {
    if (path === "" || !statSync(path).isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
