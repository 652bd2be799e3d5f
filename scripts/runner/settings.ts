/**
 * What `~/vn-check.json` says on the host: the runner reads it, the stack renders it from this very type.
 * It holds no secret. Sites, filters and enabled controllers are not repeated here: evn.yaml has them.
 */
export interface RunnerSettings {
  /** Name of the instance, for people (`default`, `savoie` …). */
  instance: string;
  /** Language of what the runner says. */
  locale: "fr" | "en";
  /** Client-API-VN's configuration, relative to the account's home. */
  config: string;
  /** Section of ~/.pg_service.conf. */
  service: string;
  /** Relative to the account's home. */
  client: { python: string; adapter: string };
  database: { checkSchema: string; repairSchema: string; mainSchema: string; monitoringSchema: string };
  /** Days that the weekly job downloads again, counted back from today. */
  windowDays: number;
  /** Days that each update asks for again (0–60; the portal's list of changes reaches 70 days back). */
  overlapDays: number;
  firstImport: {
    /** First day to import, YYYY-MM-DD. */
    since: string;
    /** Fixed length of a step in days; null: the client's own, which grow while little is found. */
    stepDays: number | null;
  };
  /** Tries of one download in one run. */
  attempts: number;
  retryDelaySeconds: number;
  watchdog: {
    /** A client process that has said nothing for so long is ended. The client waits 600 s after a 503. */
    silenceSeconds: number;
    /** A client process of the daily or weekly job is ended after so long. */
    overallSeconds: number;
    /** The same for one group of the first import. */
    firstImportSeconds: number;
  };
  /** The cron lines' five fields, in the host's time: the runner says from them what runs next. */
  schedule: { daily: string; weekly: string; watch: string };
  /** Captured output older than this is removed. */
  logDays: number;
}

type Known = { [K in keyof RunnerSettings]?: unknown };

/** The settings of an instance where nothing else is asked for; `name` is its account, login and service. */
export function defaultSettings(instance = "default", name = "vn_check"): RunnerSettings {
  return {
    instance,
    locale: "fr",
    config: "evn.yaml",
    service: name,
    client: { python: ".venv.clientapivn/bin/python", adapter: "lib/vn-check/client_job.py" },
    database: {
      checkSchema: name.replace(/^vn_check/, "src_vn_json_check"),
      repairSchema: name.replace(/^vn_check/, "src_vn_json_repair"),
      mainSchema: "src_vn_json",
      monitoringSchema: "dbadmin",
    },
    windowDays: 14,
    overlapDays: 3,
    firstImport: { since: "1900-01-01", stepDays: null },
    attempts: 3,
    retryDelaySeconds: 60,
    watchdog: { silenceSeconds: 2700, overallSeconds: 43_200, firstImportSeconds: 259_200 },
    schedule: { daily: "30 4 * * *", weekly: "0 22 * * 6", watch: "17 * * * *" },
    logDays: 90,
  };
}

/** Every fault of a settings file at once, each with its key, what was found and what was expected. */
export class SettingsError extends Error {
  constructor(readonly faults: string[]) {
    super(faults.join("\n"));
    this.name = "SettingsError";
  }
}

/** Parses the text of a settings file; a key that is absent has its default. Throws SettingsError. */
export function parseSettings(text: string): RunnerSettings {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new SettingsError([`not JSON: ${(error as Error).message}`]);
  }
  return checkSettings(raw);
}

/** The same from a value. */
export function checkSettings(raw: unknown): RunnerSettings {
  const faults: string[] = [];
  if (!isObject(raw)) throw new SettingsError([`expected an object of settings, got ${show(raw)}`]);
  const given = raw as Known;
  const name = typeof given.service === "string" ? given.service : "vn_check";
  const base = defaultSettings("default", name);
  const settings = merge("", base, raw, faults) as RunnerSettings;
  if (faults.length === 0) limits(settings, faults);
  if (faults.length > 0) throw new SettingsError(faults);
  return settings;
}

/** `given` over `base`, key by key, each of the type that `base` has. */
function merge(path: string, base: object, given: object, faults: string[]): object {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(given)) {
    const at = path === "" ? key : `${path}.${key}`;
    if (!(key in base)) {
      const near = Object.keys(base).find((known) => known.toLowerCase() === key.toLowerCase());
      faults.push(`${at}: unknown key${near ? `, did you mean "${near}"?` : ""}`);
      continue;
    }
    const model = result[key];
    if (isObject(model)) {
      if (isObject(value)) result[key] = merge(at, model, value, faults);
      else faults.push(`${at}: expected an object, got ${show(value)}`);
    } else if (model === null || at === "firstImport.stepDays") {
      if (value === null || typeof value === "number") result[key] = value;
      else faults.push(`${at}: expected a number or null, got ${show(value)}`);
    } else if (typeof value === typeof model) result[key] = value;
    else faults.push(`${at}: expected a ${typeof model}, got ${show(value)}`);
  }
  return result;
}

function limits(s: RunnerSettings, faults: string[]): void {
  const within = (key: string, value: number, min: number, max: number) => {
    if (!Number.isInteger(value) || value < min || value > max)
      faults.push(`${key}: expected a whole number from ${min} to ${max}, got ${value}`);
  };
  const like = (key: string, value: string, pattern: RegExp, expected: string) => {
    if (!pattern.test(value)) faults.push(`${key}: expected ${expected}, got ${show(value)}`);
  };
  if (s.locale !== "fr" && s.locale !== "en")
    faults.push(`locale: expected "fr" or "en", got ${show(s.locale)}`);
  within("windowDays", s.windowDays, 1, 365);
  within("overlapDays", s.overlapDays, 0, 60);
  within("attempts", s.attempts, 1, 20);
  within("retryDelaySeconds", s.retryDelaySeconds, 0, 3600);
  within("watchdog.silenceSeconds", s.watchdog.silenceSeconds, 1, 86_400);
  within("watchdog.overallSeconds", s.watchdog.overallSeconds, 1, 604_800);
  within("watchdog.firstImportSeconds", s.watchdog.firstImportSeconds, 1, 2_592_000);
  within("logDays", s.logDays, 1, 3650);
  if (s.firstImport.stepDays !== null) within("firstImport.stepDays", s.firstImport.stepDays, 1, 36_500);
  if (!isDay(s.firstImport.since))
    faults.push(`firstImport.since: expected a date YYYY-MM-DD, got ${show(s.firstImport.since)}`);
  for (const [key, value] of Object.entries(s.database))
    like(`database.${key}`, value, /^[a-z_][a-z0-9_]{0,62}$/, "a schema's name in small letters");
  for (const [key, value] of Object.entries(s.schedule))
    like(`schedule.${key}`, value, /^\S+( \S+){4}$/, "the five fields of a cron line");
  for (const [key, value] of Object.entries({ config: s.config, service: s.service, ...s.client }))
    like(key, value, /\S/, "a text that is not empty");
}

function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
