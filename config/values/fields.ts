import * as z from "zod/mini";
import { cronFault } from "./cron";
import { isWholeKey } from "./hostKey";
import type { Words } from "./key";

/**
 * What a single value may look like. `pulumi config set` cannot always tell a number or a boolean from a
 * text, so each takes both. What is refused comes with words for what is expected.
 */

const expectations = new WeakMap<z.ZodMiniType, Words>();

/** What is expected of a value, in words. */
export function expectedOf(type: z.ZodMiniType, issue?: z.core.$ZodIssue): Words {
  const own = issue?.code === "custom" ? issue.params?.["words"] : undefined;
  return (own as Words | undefined) ?? expectations.get(type) ?? TEXT;
}

function expects<T>(type: z.ZodMiniType<T>, words: Words): z.ZodMiniType<T> {
  expectations.set(type, words);
  return type;
}

const TEXT: Words = { en: "give a single text", fr: "donner un seul texte" };

const asText = z.transform((value: unknown) =>
  typeof value === "object" || value === undefined ? value : String(value),
);

const plain = z.pipe(asText, z.string());

export function pattern(words: Words, regex: RegExp): z.ZodMiniType<string> {
  return expects(z.pipe(plain, z.string().check(z.regex(regex))), words);
}

/** As `pattern`, and gives another text than was given. */
export function rewritten(
  words: Words,
  rewrite: (value: string) => string | undefined,
): z.ZodMiniType<string> {
  const type = z.pipe(
    plain,
    z.transform((value: string, { issues }) => {
      const text = rewrite(value);
      if (text === undefined) issues.push({ code: "custom", input: value, params: { words } });
      return text ?? value;
    }),
  );
  return expects(type, words);
}

/** A whole number, both bounds included. */
export function whole(min: number, max: number): z.ZodMiniType<number> {
  const number = z.transform((value: unknown) =>
    typeof value === "string" && /^-?[0-9]+$/.test(value) ? Number(value) : value,
  );
  return expects(z.pipe(number, z.int().check(z.minimum(min), z.maximum(max))), {
    en: `give a whole number from ${min} to ${max}`,
    fr: `donner un nombre entier de ${min} à ${max}`,
  });
}

export const flag: z.ZodMiniType<boolean> = expects(
  z.pipe(
    z.transform((value: unknown) => ({ true: true, false: false })[String(value)] ?? value),
    z.boolean(),
  ),
  { en: "use true or false", fr: "utiliser true ou false" },
);

export function choice<const T extends string>(of: readonly T[]): z.ZodMiniType<T> {
  return expects(z.pipe(asText, z.enum(of)) as unknown as z.ZodMiniType<T>, {
    en: `use ${of.join(", ")}`,
    fr: `utiliser ${of.join(", ")}`,
  });
}

/** A list of texts; numbers in it are taken as texts. */
export function list<T>(item: z.ZodMiniType<T>): z.ZodMiniType<T[]> {
  const items = z.custom<(string | number)[]>(
    (value) => Array.isArray(value) && value.every((one) => ["string", "number"].includes(typeof one)),
  );
  const type = z.pipe(items, z.array(item as z.ZodMiniType<T, string | number>));
  lists.set(type, item);
  return type;
}

const lists = new WeakMap<z.ZodMiniType, z.ZodMiniType>();

/** The type of a list's items; undefined where the type is no list. */
export function itemOf(type: z.ZodMiniType): z.ZodMiniType | undefined {
  return lists.get(type);
}

/** Any text: each ends on a line of some file. */
export const text = pattern(
  {
    en: "give it without line breaks and control characters",
    fr: "donner un texte sans saut de ligne ni caractère de contrôle",
  },
  /^[^\x00-\x1f\x7f]*$/,
);

/** What an instance may be called: the longest name made from it stays below PostgreSQL's 63 bytes. */
export const instanceName = pattern(
  {
    en: "use a small letter, then at most 20 small letters, digits and _",
    fr: "utiliser une minuscule, puis au plus 20 minuscules, chiffres et _",
  },
  /^[a-z][a-z0-9_]{0,20}$/,
);

/** A host name or an IP address, which evn.yaml, pg_service and SSH all take. */
export const address = rewritten(
  {
    en: "give a host name or an IP address, without scheme, port or path",
    fr: "donner un nom de serveur ou une adresse IP, sans https://, port ni chemin",
  },
  (value) => {
    const trimmed = value.trim();
    const known =
      /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(trimmed) ||
      // Two colons at least: db:5432 is a host and a port.
      /^[0-9a-fA-F]*(:[0-9a-fA-F]*){2,7}$/.test(trimmed);
    return known ? trimmed : undefined;
  },
);

/** The address of a VisioNature portal; the client appends `api/` to it, so it must end with a slash. */
export const portalUrl = rewritten(
  {
    en: "give the portal's address without api/, https://www.faune-xxx.org/",
    fr: "donner l'adresse du portail sans api/, https://www.faune-xxx.org/",
  },
  (value) => {
    if (/\/api\/*$/i.test(value)) return undefined;
    if (!/^https?:\/\/[^\s/?#@"']+(\/[^\s?#"']*)?$/.test(value)) return undefined;
    return value.endsWith("/") ? value : `${value}/`;
  },
);

/** The name of a site in evn.yaml, which is also the `site` column of every row. */
export const siteName = pattern(
  {
    en: "give the name that the main synchronisation's evn.yaml has under `site:`",
    fr: "donner le nom qui figure sous `site:` dans le evn.yaml de la synchronisation principale",
  },
  /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
);

/** A name in the database that needs no quotes in any of the files that hold it. */
export const identifier = pattern(
  {
    en: "use small letters, digits and _, beginning with a letter, at most 63",
    fr: "utiliser des minuscules, des chiffres et _, en commençant par une lettre, 63 au plus",
  },
  /^[a-z_][a-z0-9_]{0,62}$/,
);

/** A database or login that exists already: any name that fits on a line of a service file. */
export const existingName = pattern(
  { en: "give the name as `psql -l` shows it", fr: "donner le nom tel que `psql -l` le montre" },
  /^(?!\s)[^\x00-\x1f\x7f]{0,63}(?<!\s)$/,
);

export const linuxUser = pattern(
  { en: "give the name of a Linux user", fr: "donner le nom d'un utilisateur Linux" },
  /^[a-z_][a-z0-9_.-]{0,31}$/i,
);

/** A day as YYYY-MM-DD that exists. */
export const day = rewritten(
  { en: "give a date as YYYY-MM-DD", fr: "donner une date qui existe, AAAA-MM-JJ" },
  (value) => {
    // Without quotes YAML makes a moment of it.
    const text = value.trim().replace(/[T ]00:00:00(\.0+)?\s*(Z|\+00:?00)?(\s*UTC)?$/, "");
    const date = new Date(`${text}T00:00:00Z`);
    const real = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime());
    return real && date.toISOString().startsWith(text) ? text : undefined;
  },
);

/** A host's public key as sshd has it, out of a plain line or one of known_hosts; the comment is dropped. */
export const sshHostKey = rewritten(
  {
    en: "give the host's public key whole, as `ssh-keyscan -t ed25519 <host>` prints it, checked by you",
    fr: "donner la clé publique entière du serveur, telle que `ssh-keyscan -t ed25519 <serveur>` l'affiche, vérifiée par vous",
  },
  (value) => {
    const line = /(?:^|\s)((?:ssh|ecdsa|sk-)[a-z0-9@.-]+) ([A-Za-z0-9+/]{20,}={0,2})(?:\s|$)/;
    const [, kind = "", text = ""] = line.exec(value.trim()) ?? [];
    return isWholeKey(kind, text) ? `${kind} ${text}` : undefined;
  },
);

/** The text of a private key, with its line breaks. */
export const privateKey = rewritten(
  {
    // No path in it: the engine hides what a secret says wherever it stands, and people give the path.
    en: "give the text of the key file, not its path: pulumi config set --path --secret <key> < <key file>",
    fr: "donner le texte du fichier de clé, pas son chemin : pulumi config set --path --secret <clé> < <fichier de la clé>",
  },
  (value) => {
    const frame = /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\n[\s\S]+\n-----END [A-Z0-9 ]*PRIVATE KEY-----\s*$/;
    const text = value.replaceAll("\r\n", "\n").trim();
    return frame.test(text) ? `${text}\n` : undefined;
  },
);

export const taxoGroup = pattern(
  {
    en: "give a name_constant such as TAXO_GROUP_ALIEN_PLANTS",
    fr: "donner un name_constant comme TAXO_GROUP_ALIEN_PLANTS",
  },
  /^TAXO_GROUP_[A-Z_]+$/,
);

/** The short name of a territorial unit, as the portal lists it ("38", "07"); YAML makes 7 of 07 without quotes. */
export const territorialUnit = pattern(
  {
    en: 'give a short name as the portal lists it, in quotes: "38" or "07", not 7',
    fr: 'donner un nom court tel que le portail le montre, entre guillemets : "38" ou "07", pas 7',
  },
  /^(?![0-9]$)[^\s"',]{1,20}$/,
);

/** What stands between GRANT and TO. */
export const grant = pattern(
  {
    en: 'give what stands between GRANT and TO, such as "SELECT ON TABLE ref.areas"',
    fr: 'donner ce qui vient entre GRANT et TO, comme "SELECT ON TABLE ref.areas"',
  },
  /^[A-Za-z, ]+ ON [\p{L}\p{N}_".,() -]+$/u,
);

/** Five fields as Debian's cron reads them; blanks between them become one. */
export const cronLine: z.ZodMiniType<string> = z.pipe(
  plain,
  z.transform((value: string, { issues }) => {
    const words = cronFault(value);
    if (words !== undefined) issues.push({ code: "custom", input: value, params: { words } });
    return value.trim().split(/\s+/).join(" ");
  }),
);
