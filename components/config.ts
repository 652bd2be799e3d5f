import * as pulumi from "@pulumi/pulumi";
import * as check from "./configChecks";
import { ConfigReader, type Fault, oneLine } from "./configReader";
import {
  CLIENT_VERSIONS,
  type Config,
  type DatabaseConfig,
  type HostConfig,
  REFERENCES,
  type Reference,
  type RepairConfig,
  type RunnerLimits,
  type Secret,
  type SiteConfig,
  type SshConfig,
} from "./configTypes";
import { checkCron, type Schedule } from "./render/cronEntry";
import { InputError } from "./render/inputError";
import { INSTANCE, type Names, namesOf } from "./render/names";

/** What libpq knows, on the host; the engine's provider (lib/pq) knows neither allow nor prefer. */
const SSLMODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
const ADMIN_SSLMODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** Every fault of a configuration at once. */
export class ConfigError extends Error {
  constructor(readonly faults: Fault[]) {
    const count = faults.length === 1 ? "one fault" : `${faults.length} faults`;
    super(
      [
        `The stack's configuration has ${count}:`,
        ...faults.map((f) => `  ${f.key} ${f.wrong}: ${f.remedy}`),
      ].join("\n"),
    );
    this.name = "ConfigError";
  }
}

/**
 * Parses the values of the kit's own namespace.
 * @param all every configuration value as the engine hands it over, `<namespace>:<key>` to text or JSON
 * @throws ConfigError with all faults
 */
export function parseConfig(all: Record<string, string>, namespace = "vn-sync-check"): Config {
  const faults: Fault[] = [];
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${namespace}:`));
  const values = own.map(([key, value]) => [key.slice(namespace.length + 1), parsedValue(value)] as const);
  const top = new ConfigReader(Object.fromEntries(values), `${namespace}:`, faults);

  const instance = top.text("instance", { fallback: "default", check: instanceName });
  const names = namesOf(instance === "" ? "default" : instance);
  const adminEmail = top.text("adminEmail", { check: check.email, example: "admin@example.org" });
  const firstImport = top.object("firstImport");
  const filter = top.object("filter");
  const config: Config = {
    names,
    locale: top.choice("locale", ["fr", "en"], "fr"),
    adminEmail,
    host: hostOf(top.object("host")),
    oldHostGone: top.boolean("oldHostGone", false),
    database: databaseOf(top.object("database"), names),
    sites: sitesOf(top),
    filter: {
      taxoExclude: filter.list("taxoExclude", check.taxoGroup),
      territorialUnits: filter.list("territorialUnits", check.territorialUnit),
    },
    windowDays: top.number("windowDays", 14, 1, 365),
    overlapDays: top.number("overlapDays", 3, 0, 60),
    schedule: scheduleOf(top.object("schedule"), adminEmail),
    firstImport: {
      start: firstImport.boolean("start", true),
      since: firstImport.text("since", { fallback: "1900-01-01", check: check.day }),
      stepDays: firstImport.number("stepDays", 0, 0, 36_500),
    },
    runner: limitsOf(top.object("runner")),
    repair: repairOf(top.object("repair")),
    clientVersion: top.object("client").choice("version", CLIENT_VERSIONS, "2.12.0"),
    passwordGeneration: top.number("passwordGeneration", 1, 1, 1_000_000),
    destroyData: top.boolean("destroyData", false),
  };
  top.refuseUnknown();
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The engine hands objects and lists over as JSON, all else as it stands. */
function parsedValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function instanceName(value: string): string {
  if (!INSTANCE.test(value)) {
    throw new InputError("use a small letter, then at most 20 small letters, digits and _");
  }
  return value;
}

function reference(value: string): string {
  if (!(REFERENCES as readonly string[]).includes(value))
    throw new InputError(`use ${REFERENCES.join(", ")}`);
  return value;
}

function hostOf(host: ConfigReader): HostConfig {
  if (host.choice("type", ["ssh", "local"], "ssh") === "local") return { type: "local" };
  const ssh = sshOf(host);
  return host.has("bastion")
    ? { type: "ssh", ...ssh, bastion: sshOf(host.object("bastion")) }
    : { type: "ssh", ...ssh };
}

function sshOf(reader: ConfigReader): SshConfig {
  const hostKey = reader.optional("hostKey", { check: check.sshHostKey });
  if (!reader.boolean("allowUnknownHostKey", false) && hostKey === undefined) {
    reader.fault(
      "hostKey",
      "is missing",
      "set the line of `ssh-keyscan -t ed25519 <host>` after checking it with the host's own",
    );
  }
  return dropUndefined({
    address: reader.text("address", { check: check.address, example: "vn.example.org" }),
    port: reader.number("port", 22, 1, 65_535),
    user: reader.text("user", { fallback: "root", check: check.linuxUser }),
    hostKey,
    privateKey: secret(reader.optionalSecret("privateKey", { check: check.privateKey })),
    privateKeyPassword: secret(reader.optionalSecret("privateKeyPassword")),
    password: secret(reader.optionalSecret("password")),
    agentSocket: reader.optional("agentSocket"),
  });
}

function databaseOf(db: ConfigReader, names: Names): DatabaseConfig {
  const address = db.text("address", { check: check.address, example: "db.example.org" });
  const port = db.number("port", 5432, 1, 65_535);
  const sslmode = db.choice("sslmode", ADMIN_SSLMODES, "require");
  const fromHost = db.object("fromHost");
  const owner = db.optional("dataOwner", { check: check.identifier });
  if (owner !== undefined) names.dataOwner = owner;
  return {
    address,
    port,
    sslmode,
    name: db.text("name", { check: check.existingName, example: "geonature2db" }),
    adminUser: db.text("adminUser", { check: check.existingName, example: "postgres" }),
    adminPassword: pulumi.secret(db.secret("adminPassword")),
    fromHost: {
      address: fromHost.text("address", { fallback: address, check: check.address }),
      port: fromHost.number("port", port, 1, 65_535),
      sslmode: fromHost.choice("sslmode", SSLMODES, sslmode),
    },
    mainSchema: db.text("mainSchema", { fallback: "src_vn_json", check: check.identifier }),
    monitoringSchema: db.text("monitoringSchema", { fallback: "dbadmin", check: check.identifier }),
  };
}

function sitesOf(top: ConfigReader): SiteConfig[] {
  const sites = top.object("sites");
  if (sites.keys().length === 0) {
    top.fault(
      "sites",
      "is missing",
      "set the portals, e.g. sites.vn38.url, .userEmail, .userPassword, .clientKey, .clientSecret",
    );
  }
  const parsed = sites.keys().map((name): SiteConfig => {
    const site = sites.object(name);
    try {
      check.siteName(name);
    } catch (error) {
      sites.fault(name, "is not a site's name", (error as Error).message);
    }
    return {
      name,
      enabled: site.boolean("enabled", true),
      url: site.text("url", { check: check.portalUrl, example: "https://www.faune-isere.org/" }),
      userEmail: site.text("userEmail", { check: check.email, example: "x@example.org" }),
      userPassword: pulumi.secret(site.secret("userPassword")),
      clientKey: pulumi.secret(site.secret("clientKey")),
      clientSecret: pulumi.secret(site.secret("clientSecret")),
    };
  });
  if (parsed.length > 0 && parsed.every((site) => !site.enabled)) {
    top.fault("sites", "has no enabled site", "set enabled to true for at least one");
  }
  return parsed;
}

function repairOf(repair: ConfigReader): RepairConfig {
  const triggerSearchPath = repair.list("triggerSearchPath", check.existingName);
  return dropUndefined({
    references: repair.list("references", reference) as Reference[],
    deletions: repair.choice("deletions", ["report", "apply"], "report"),
    maxDeletes: repair.number("maxDeletes", 200, 0, 1_000_000_000),
    lossesByOthers: repair.choice("lossesByOthers", ["report", "repair"], "report"),
    watchMain: repair.boolean("watchMain", true),
    sameRights: repair.boolean("sameRights", false),
    mainSyncLogins: repair.list("mainSyncLogins", check.existingName),
    volatileKeys: repair.list("volatileKeys", oneLine),
    extraGrants: repair.list("extraGrants", check.grant),
    triggerSearchPath: triggerSearchPath.length > 0 ? triggerSearchPath : undefined,
    runAs: repair.optional("runAs", { check: check.existingName }),
  });
}

function scheduleOf(schedule: ConfigReader, adminEmail: string): Schedule {
  return {
    daily: schedule.text("daily", { fallback: "30 4 * * *", check: checkCron }),
    weekly: schedule.text("weekly", { fallback: "0 22 * * 6", check: checkCron }),
    watch: schedule.text("watch", { fallback: "17 * * * *", check: checkCron }),
    mailTo: schedule.text("mailTo", { fallback: adminEmail, check: check.email }),
  };
}

function limitsOf(runner: ConfigReader): RunnerLimits {
  return {
    attempts: runner.number("attempts", 3, 1, 20),
    retryDelaySeconds: runner.number("retryDelaySeconds", 60, 0, 3600),
    logDays: runner.number("logDays", 90, 1, 3650),
    silenceSeconds: runner.number("silenceSeconds", 2700, 1, 86_400),
    overallSeconds: runner.number("overallSeconds", 43_200, 1, 604_800),
    firstImportSeconds: runner.number("firstImportSeconds", 259_200, 1, 2_592_000),
  };
}

function secret(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : pulumi.secret(value);
}

/** Leaves absent keys out, as exactOptionalPropertyTypes asks. */
function dropUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
