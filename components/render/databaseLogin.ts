import type { Names } from "../../config/names";
import type { Locale } from "../../config/values/key";
import type { PgTarget } from "./pgFiles";
import { quote } from "./shell";

const TEXTS = {
  fr: {
    refused: (login: string, where: string) => `depuis le serveur, ${login} n'entre pas dans ${where} :`,
    remedy: (command: string) =>
      `Régler database.fromHost.address, .port et .sslmode, ou le pg_hba.conf, pour que ceci marche sur le serveur : ${command}`,
  },
  en: {
    refused: (login: string, where: string) => `from the host, ${login} cannot log in to ${where}:`,
    remedy: (command: string) =>
      `Set database.fromHost.address, .port and .sslmode, or pg_hba.conf, so that this works on the host: ${command}`,
  },
};

/** Logs in as libpq does for the client and for people, asking for no password; fails with the server's words. */
export function tryLogin(names: Names, to: PgTarget, locale: Locale): string {
  const { service, account, home, login } = names;
  const texts = TEXTS[locale];
  const refused = texts.refused(login, `${to.address}:${to.port}/${to.database}`);
  const remedy = texts.remedy(`sudo -u ${account} -H sh -c 'cd ${home} && psql service=${service}'`);
  return `said=$(PGCONNECT_TIMEOUT=20 psql "service=${service}" -XAtqwc 'SELECT 1' 2>&1 </dev/null) || {
  { echo ${quote(refused)}; echo "$said"; echo ${quote(remedy)}; } >&2
  exit 1
}`;
}
