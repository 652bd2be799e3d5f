import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPAIR_CONSTANTS, repair } from "../config/sections/repair";
import { CONTROLLERS } from "../config/values/controllers";
import type { Key, Locale, Values } from "../config/values/key";
import { ENDING, LOGIN, MEANING, OPTIONAL } from "./session";

export interface Schemas {
  /** The copy that is repaired. */
  main: string;
  /** The second synchronisation's. */
  check: string;
  /** The repair's own. */
  repair: string;
  /** Shared by all instances of the database. */
  monitoring: string;
}

/** Roles that the stack made. */
export interface Roles {
  /** NOLOGIN, owns schemas and tables that hold data. */
  owner: string;
  /** NOLOGIN, owns the functions that write to main. */
  repair: string;
  /** Login of the second synchronisation. */
  login: string;
}

type Configured = Values<typeof repair>["repair"];
type Constants = {
  [K in keyof typeof REPAIR_CONSTANTS]: (typeof REPAIR_CONSTANTS)[K] extends number ? number : string;
};

/** What the repair may do: the columns of its table `settings`, whose comments say what each means. */
export type RepairSettings = Constants &
  Pick<
    Configured,
    | "deletions"
    | "lossesByOthers"
    | "maxDeletes"
    | "watchMain"
    | "sameRights"
    | "mainSyncLogins"
    | "volatileKeys"
  > & {
    referenceControllers: string[];
    territorialFilter: boolean;
    newSites: string[];
    mailTo: string | null;
  };

/** All that an installation is told. */
export interface Installation {
  /** Language in which the database says what people read (default English). */
  locale?: Locale | undefined;
  /** Written into monitoring rows. */
  instance: string;
  schemas: Schemas;
  /** `null`: by hand, the caller's role owns everything. */
  roles: Roles | null;
  /** Role to repair as, instead of `roles.repair`. A superuser is refused. */
  runAs?: string | undefined;
  /** What main's triggers need: "SELECT ON TABLE ref.areas", as after GRANT and before TO. */
  extraGrants: string[];
  /** Schemas in which main's triggers find functions; absent: PostGIS's and public. */
  triggerSearchPath?: string[] | undefined;
  /** Roles that may look at the two views (default none). */
  readers?: string[] | undefined;
  /** Sites that are downloaded: main has to know them by these names. Absent: by hand, the first repair looks. */
  sites?: string[] | undefined;
  settings: RepairSettings;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_ .-]*$/u;

/**
 * The four values that the files' placeholders stand for: quoted identifiers, which fit into a literal or a
 * format string as they are.
 * @throws Error that names each schema whose name cannot be used, and says why
 */
export function quotedSchemas(schemas: Schemas, locale: Locale = "en"): Record<keyof Schemas, string> {
  const fr = locale === "fr";
  const faults: string[] = [];
  for (const [which, name] of Object.entries(schemas)) {
    // 63 bytes is PostgreSQL's limit: a longer name would be cut off, and then be another one.
    if (!NAME.test(name) || Buffer.byteLength(name) > 63)
      faults.push(
        fr
          ? `${which} : ${JSON.stringify(name)} n'est pas un nom d'au plus 63 octets en lettres, chiffres, _ . - et blancs`
          : `${which}: ${JSON.stringify(name)} is no name of at most 63 bytes of letters, digits, _ . - and blanks`,
      );
  }
  const names = Object.values(schemas);
  if (new Set(names).size < names.length)
    faults.push(
      fr
        ? `main, check, repair et monitoring doivent être quatre schémas : ${names.join(", ")}`
        : `main, check, repair and monitoring schema must be four: ${names.join(", ")}`,
    );
  if (faults.length > 0)
    throw new Error(
      `${fr ? "schémas de la réparation :" : "schemas of the repair:"}\n  ${faults.join("\n  ")}`,
    );
  const { main, check, repair, monitoring } = schemas;
  return {
    main: `"${main}"`,
    check: `"${check}"`,
    repair: `"${repair}"`,
    monitoring: `"${monitoring}"`,
  };
}

/**
 * An installation as the SQL reads it from the setting vn_repair.installation.
 * @param withData does a removal take the data too?
 */
export function installationJson(installation: Installation, withData: boolean): string {
  const {
    instance,
    schemas,
    roles,
    runAs,
    extraGrants,
    triggerSearchPath,
    readers,
    sites = [],
    settings,
  } = installation;
  return JSON.stringify({
    version: VERSION,
    instance,
    main_schema: schemas.main,
    check_schema: schemas.check,
    repair_schema: schemas.repair,
    monitoring_schema: schemas.monitoring,
    roles,
    definer: roles && (runAs ?? roles.repair),
    run_as: roles !== null && runAs !== undefined,
    extra_grants: extraGrants,
    trigger_search_path: triggerSearchPath ?? null,
    readers: readers ?? [],
    client_tables: CLIENT_TABLES,
    sites,
    with_data: withData,
    session: { meaning: MEANING, ending: ENDING, optional: OPTIONAL, login: LOGIN },
    settings: Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [
        key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
        value,
      ]),
    ),
  });
}

export const VERSION = (
  JSON.parse(readFileSync(join(__dirname, "..", "package.json"), "utf8")) as { version: string }
).version;

const CLIENT_TABLES = CONTROLLERS.flatMap(({ controller, tables }) =>
  tables.map((table_name) => ({ table_name, controller })),
);

const { deletions, lossesByOthers, maxDeletes, watchMain, sameRights } = repair.repair.keys;

/** Settings where a configuration says nothing: by hand, and in tests. */
export const REPAIR_DEFAULTS: RepairSettings = {
  ...REPAIR_CONSTANTS,
  deletions: defaultOf(deletions),
  lossesByOthers: defaultOf(lossesByOthers),
  maxDeletes: defaultOf(maxDeletes),
  watchMain: defaultOf(watchMain),
  sameRights: defaultOf(sameRights),
  territorialFilter: false,
  mainSyncLogins: [],
  referenceControllers: [],
  volatileKeys: [],
  newSites: [],
  mailTo: null,
};

function defaultOf<T>(key: Key<T>): T {
  return key.default as T;
}
