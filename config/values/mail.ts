import { pattern, rewritten } from "./fields";

/** Where cron sends mail: addresses and names of local accounts, by commas; "" for nowhere. */
export const mailRecipients = rewritten(
  {
    en: 'give mail addresses or local accounts, by commas: x@example.org,root; or "" for no mail',
    fr: 'donner des adresses mail ou des comptes locaux, séparés par des virgules : x@example.org,root ; ou "" pour aucun mail',
  },
  (value) => {
    const all = value.split(",").map((one) => one.trim());
    const known = (one: string) => /^[^\s@"',%-][^\s@"',]*(@[^\s@"',]+)?$/u.test(one);
    if (value.trim() === "") return "";
    return all.every(known) ? all.join(",") : undefined;
  },
);

export const email = pattern(
  { en: "give a mail address, x@example.org", fr: "donner une adresse mail, x@example.org" },
  /^[^\s@"'<>()[\]\\,;:]+@[^\s@"'<>()[\]\\,;:]+\.[^\s@"'<>()[\]\\,;:]+$/,
);

/** What an envelope and a header take as it stands: no quoting, no comment, no name beside it. */
const ADDRESS = /^[^\s@"'<>()[\]\\,;:]+@[^\s@"'<>()[\]\\,;:]+$/u;

export const mailAddress = pattern(
  { en: "give a mail address, x@example.org", fr: "donner une adresse mail, x@example.org" },
  ADDRESS,
);

/** The addresses of a list by commas; undefined where one is none. */
export function addressesIn(list: string): string[] | undefined {
  const all = list.split(",").map((one) => one.trim());
  return all.every((one) => ADDRESS.test(one) && !one.startsWith("-")) ? all : undefined;
}

/** To whom a mail goes; "" for nobody. */
export const mailAddresses = rewritten(
  {
    en: 'give mail addresses, by commas: x@example.org,y@example.org; or "" for nobody',
    fr: 'donner des adresses mail, séparées par des virgules : x@example.org,y@example.org ; ou "" pour personne',
  },
  (value) => (value.trim() === "" ? "" : addressesIn(value)?.join(",")),
);

/** A program by its path. */
export const program = pattern(
  {
    en: 'give its whole path: /usr/sbin/sendmail; or "" for none',
    fr: 'donner son chemin entier : /usr/sbin/sendmail ; ou "" pour aucun',
  },
  /^(\/[A-Za-z0-9_./+@-]+)?$/,
);

/** A server's name or address, an IPv6 address in brackets, and after a colon its port. */
const SERVER = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i;

export const smtpServer = rewritten(
  {
    en: "give a host, or host:port: smtp.example.org:587, [::1]:25",
    fr: "donner un hôte, ou hôte:port : smtp.example.org:587, [::1]:25",
  },
  (value) => {
    const port = SERVER.exec(value.trim())?.[3];
    const fine =
      SERVER.test(value.trim()) && (port === undefined || (Number(port) > 0 && Number(port) < 65_536));
    return fine ? value.trim() : undefined;
  },
);

const PORTS = { starttls: 587, tls: 465, none: 25 } as const;

export type SmtpTls = keyof typeof PORTS;

/** Host and port of a server that `smtpServer` takes. */
export function smtpOf(server: string, tls: SmtpTls): { host: string; port: number } {
  const [, six, name = "", port] = SERVER.exec(server) ?? [];
  return { host: six ?? name, port: port === undefined ? PORTS[tls] : Number(port) };
}

/** Whether what is sent there stays on the machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.[0-9.]+|::1)$/i.test(host);
}
