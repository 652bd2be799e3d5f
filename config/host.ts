import { version } from "../package.json";
import { parseKeys } from "./parse";
import { namesOfStack, type StackConfig } from "./schema";
import { database } from "./sections/database";
import { instance } from "./sections/instance";
import { jobs } from "./sections/jobs";
import { mail } from "./sections/mail";
import { text } from "./values/fields";
import { type Keys, key, type Locale, section, type Values } from "./values/key";
import type { Fault } from "./words";

const { mainSchema, monitoringSchema } = database.database.keys;
const { windowDays, overlapDays, schedule, firstImport, runner } = jobs;
const { from, sendmail, smtp, smtpTls, smtpUser } = mail.mail.keys;
const name = key(text, { required: true, en: "A name of the instance", fr: "Un nom de l'instance" });

/**
 * What `~/vn-check.json` says on the host: keys of the stack under their own names. No secret is in it; sites,
 * filters and controllers are not repeated, since evn.yaml has them.
 */
const HOST = {
  version: key(text, { required: true, en: "Version of the kit", fr: "Version du kit" }),
  names: section(
    { en: "The instance's names", fr: "Les noms de l'instance" },
    {
      instance: name,
      account: name,
      home: name,
      service: name,
      login: name,
      dataOwner: name,
      repairRole: name,
      checkSchema: name,
      repairSchema: name,
      cronFile: name,
      marker: name,
    },
  ),
  locale: instance.locale,
  windowDays,
  overlapDays,
  schedule,
  firstImport,
  runner,
  // The password of smtpUser is in a file of its own; what must fit together has been looked at.
  mail: section({ en: mail.mail.en, fr: mail.mail.fr }, { from, sendmail, smtp, smtpTls, smtpUser }),
  database: section(database.database, { mainSchema, monitoringSchema }),
} satisfies Keys;

export type HostConfig = Values<typeof HOST>;

/** How long, how often and how far back a download goes. */
export type Limits = HostConfig["runner"] & Pick<HostConfig, "windowDays" | "overlapDays" | "firstImport">;

/** The part of a stack's configuration that its host keeps. */
export function hostConfigOf(config: StackConfig<unknown>): HostConfig {
  return picked(HOST, { ...config, version, names: namesOfStack(config) }) as HostConfig;
}

function picked(keys: Keys, from: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, node]) => {
      const value = from[name];
      if (value === undefined) return [];
      return [[name, node.kind === "section" ? picked(node.keys, value as Record<string, unknown>) : value]];
    }),
  );
}

/** What a host's file turns out to be. `locale`: the stack's language, where the file says it. */
export type HostFile = { locale?: Locale } & (
  | { is: "fine"; config: HostConfig }
  | { is: "faulty"; faults: Fault[] }
  /** Written by another version of the kit than this program's: an upgrade is under way. */
  | { is: "of another version"; theirs: string; ours: string }
);

/** Reads the text of `~/vn-check.json`. */
export function readHostConfig(text: string): HostFile {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    const cause = (error as Error).message;
    return { is: "faulty", faults: [{ is: "no JSON", key: "vn-check.json", cause }] };
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return { is: "faulty", faults: [{ is: "no object", key: "vn-check.json" }] };
  }
  const { value: config, faults } = parseKeys(HOST, given as Record<string, unknown>);
  const said = { ...(config.locale !== undefined && { locale: config.locale }) };
  if (config.version !== undefined && config.version !== version) {
    return { is: "of another version", theirs: config.version, ours: version, ...said };
  }
  return faults.length > 0 ? { is: "faulty", faults, ...said } : { is: "fine", config, ...said };
}
