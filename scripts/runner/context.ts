import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { type Database, databaseOf } from "./database";
import { RunError } from "./errors";
import { type ClientConfig, ConfigError, readClientConfig } from "./evnYaml";
import { below, type Paths, pathsOf, readIfThere } from "./files";
import { openLog, type RunLog } from "./log";
import { readPgpass } from "./pgpass";
import { scrubber } from "./scrub";
import { parseSettings, type RunnerSettings, SettingsError } from "./settings";
import { type Locale, type Texts, textsOf } from "./text";

/** What the account's home says: settings and places. */
export interface Home {
  paths: Paths;
  settings: RunnerSettings;
  texts: Texts;
  db: Database;
}

/** A run under way: the above, the client's configuration as it was at its start, and its log. */
export interface Run extends Home {
  config: ClientConfig;
  /** Absolute path of evn.yaml. */
  configPath: string;
  log: RunLog;
  scrub(line: string): string;
  /** Aborted with a RunError when the run is told to stop. */
  stop: AbortSignal;
}

/** Given in place of what the settings say. */
export interface Overrides {
  config?: string;
  service?: string;
}

/** The language where no settings say it: the environment's, as other programs do. */
export function environmentLocale(env: NodeJS.ProcessEnv = process.env): Locale {
  return (env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "").startsWith("fr") ? "fr" : "en";
}

/** Reads ~/vn-check.json. Throws RunError. */
export function openHome(overrides: Overrides = {}): Home {
  const home = homedir();
  const paths = pathsOf(home);
  const text = readIfThere(paths.settings);
  if (text === undefined) throw new RunError({ key: "noSettings", path: paths.settings });
  let settings: RunnerSettings;
  try {
    settings = parseSettings(text);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new RunError({ key: "badSettings", path: paths.settings, faults: error.faults });
  }
  // Files that root makes here would stop the account's own next run.
  if (process.getuid?.() !== statSync(home).uid) throw new RunError({ key: "notOwner", home });
  settings = { ...settings, ...overrides };
  return {
    paths,
    settings,
    texts: textsOf(settings.locale),
    db: databaseOf(home, settings.service, settings.database.checkSchema),
  };
}

/** The locale to speak in before, or without, settings that can be read. */
export function likelyLocale(): Locale {
  try {
    return parseSettings(readFileSync(pathsOf(homedir()).settings, "utf8")).locale;
  } catch {
    return environmentLocale();
  }
}

/** Opens a run: log, configuration, secrets to keep out of sight. Throws RunError. */
export function openRun(home: Home, verb: string, verbose: boolean, stop: AbortSignal): Run {
  const configPath = below(home.paths.home, home.settings.config);
  const config = loadConfig(configPath);
  const scrub = scrubber([...config.secrets, ...readPgpass(home.paths.home).map((entry) => entry[4])]);
  const log = openLog(home.paths.log, verb, { scrub, verbose, keepDays: home.settings.logDays });
  return { ...home, config, configPath, scrub, log, stop };
}

function loadConfig(path: string): ClientConfig {
  let config: ClientConfig;
  try {
    config = readClientConfig(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof ConfigError || (error as NodeJS.ErrnoException).code)
      throw new RunError({ key: "noConfig", path, cause: (error as Error).message });
    throw error;
  }
  if (config.sites.length === 0) throw new RunError({ key: "noSites", path });
  const off = ["observations", "taxo_groups", "territorial_units"].filter(
    (name) => !config.controllers.includes(name),
  );
  if (off.length > 0) throw new RunError({ key: "controllersOff", path, names: off });
  // The window ends today: an end date would leave a hole that no later run fills.
  if (config.endDate) throw new RunError({ key: "endDate", path, value: config.endDate });
  return config;
}
