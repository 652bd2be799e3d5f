import { rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { type HostConfig, type Limits, readHostConfig } from "../../../config/host";
import { HOME_FILES } from "../../../config/names";
import type { Locale } from "../../../config/values/key";
import { hostFaultInWords } from "../../../config/words";
import { AT_ONCE, AT_WORK, type Database, databaseOf, PATIENCE } from "../account/database";
import { forgetFailure, keepFailure } from "../account/failure";
import { type Paths, pathsOf, readIfThere, removeHalfWritten, settingsFile } from "../account/files";
import { endLeftover, forgetProcess, holdsLock, recordProcess, underLock } from "../account/lock";
import { openLog } from "../account/log";
import { smtpPassword } from "../account/mailWay";
import { scrubber } from "../account/scrub";
import { readPgpass } from "../account/service";
import {
  causeOf,
  type EvnConfig,
  EXIT,
  type ExitCode,
  type Fact,
  type Problem,
  RunError,
  type RunVerb,
  TOLD_AT_ONCE,
} from "../facts";
import { causeIn, factIn, type Texts, textsOf } from "../text";
import { causeBehind, kindOf, type SiteCause, scrubbed } from "./causes";
import { type Follow, followJob } from "./follow";
import { beginJob, endJob, type JobBegin } from "./job";
import { scrubByHand } from "./scrubByHand";
import { stopSignal } from "./stop";

/** What the account's home says: the stack's configuration, and places. */
export interface Home {
  paths: Paths;
  host: HostConfig;
  limits: Limits;
  texts: Texts;
  db: Database;
}

/** A run under way, which is all that a download is given, too: the above, the client's configuration as it was at its start, and what it says. */
export interface Run extends Home {
  evn: EvnConfig;
  /** Path of its log. */
  log: string;
  say(fact: Fact): void;
  /** A line of a client process. */
  captured(line: string): void;
  /** The text without secrets, as it may be kept. */
  scrub(text: string): string;
  putBack: Beginning["putBack"];
  /** What has kept it from bringing all, so far, by site and kind. */
  causes: Map<string, SiteCause>;
  /** Its job has been written down. */
  begun: boolean;
  /** Aborted with a RunError when the run is told to stop. */
  stop: AbortSignal;
}

export interface RunOptions {
  verbose?: boolean;
  /** Given in place of what the settings say: the client's configuration and the database service. */
  config?: string;
  service?: string;
  /** Somebody waits for the answer: the database is not waited for. */
  atOnce?: boolean;
}

/** What a run needs of the downloads before it begins. */
export interface Beginning {
  /** Reads the client's configuration. Throws RunError. */
  loadEvn(path: string): EvnConfig;
  /** Puts back the update dates that an unfinished update has moved on; @returns the sites concerned. */
  putBack(db: Database): Promise<string[]>;
  /** What comes after the work, whatever became of it. */
  follow: readonly Follow[];
  /** Sees that the client starts; only for what downloads. Throws RunError. */
  readyClient?(run: Pick<Run, "paths" | "say" | "captured" | "stop">): Promise<void>;
}

/** Reads ~/vn-check.json. Throws RunError. */
export function openHome(options: RunOptions = {}): Home {
  const home = homedir();
  const path = settingsFile(home);
  const text = readIfThere(path);
  if (text === undefined) throw new RunError({ key: "noSettings", path });
  const host = hostConfigIn(text, path);
  // Files that root makes here would stop the account's own next run.
  if (process.getuid?.() !== statSync(home).uid) throw new RunError({ key: "notOwner", home });
  return {
    paths: pathsOf(home, options.config ?? HOME_FILES.config),
    host,
    limits: { ...host, ...host.runner },
    texts: textsOf(host.locale),
    db: databaseOf(
      home,
      options.service ?? host.names.service,
      { check: host.names.checkSchema, repair: host.names.repairSchema },
      options.atOnce ? PATIENCE.slice(0, 2) : PATIENCE,
      options.atOnce ? AT_ONCE : AT_WORK,
    ),
  };
}

function hostConfigIn(text: string, path: string): HostConfig {
  const file = readHostConfig(text);
  if (file.is === "fine") return file.config;
  if (file.is === "of another version") {
    const { theirs, ours } = file;
    throw new RunError({ key: "otherVersion", path, theirs, ours });
  }
  const locale = file.locale ?? likelyLocale();
  const faults = file.faults.map((fault) => hostFaultInWords(fault, locale));
  throw new RunError({ key: "badSettings", path, faults });
}

/** The locale to speak in before, or without, settings that can be read: the stack's, as the wrapper tells it, or the environment's. */
export function likelyLocale(env: NodeJS.ProcessEnv = process.env): Locale {
  let said: Locale | undefined;
  try {
    const text = readIfThere(settingsFile(homedir()));
    said = text === undefined ? undefined : readHostConfig(text).locale;
  } catch {} // not ours to read: told by whoever needs it
  const spoken = env["VN_CHECK_LOCALE"] || env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return said ?? (spoken.startsWith("fr") ? "fr" : "en");
}

/**
 * What every run that downloads or repairs begins and ends with: the lock, nothing left running of an
 * earlier run, its update dates put back; a signal or an error told once, and the exit code.
 */
export async function locked(
  verb: RunVerb,
  options: RunOptions,
  beginning: Beginning,
  body: (run: Run) => Promise<ExitCode>,
): Promise<ExitCode> {
  const home = openHome(options);
  if (!holdsLock()) {
    const code = await underLock(home.paths);
    if (code === EXIT.busy && process.stderr.isTTY)
      process.stderr.write(`${factIn(home.texts, { fact: "busy" })}\n`);
    return code;
  }
  const stop = stopSignal();
  const evn = beginning.loadEvn(home.paths.evn);
  const passwords = [...readPgpass(home.paths.home).map((entry) => entry[4]), smtpPassword(home.paths.home)];
  const scrub = scrubber([...evn.secrets, ...passwords.flatMap((one) => one ?? [])]);
  const { logDays: keepDays } = home.host.runner;
  const log = openLog(home.paths.log, verb, { scrub, verbose: options.verbose ?? false, keepDays });
  const causes: Run["causes"] = new Map();
  const say = (fact: Fact) => {
    const cause = causeBehind(fact);
    if (cause) causes.set(kindOf(cause), scrubbed(cause, scrub));
    const text = factIn(home.texts, fact);
    if (TOLD_AT_ONCE.has(fact.fact)) log.problem(text);
    else log.info(text);
  };
  const { putBack } = beginning;
  const { path, captured } = log;
  const run: Run = {
    ...home,
    evn,
    log: path,
    say,
    captured,
    scrub,
    putBack,
    causes,
    begun: false,
    stop,
  };
  home.db.waiting.told = (cause, seconds) => say({ fact: "databaseWaits", cause, seconds });
  home.db.waiting.stop = stop;
  try {
    recordProcess(run.paths.run, process.pid);
    const pid = await endLeftover(run.paths);
    if (pid) say({ fact: "leftoverEnded", pid });
    rmSync(run.paths.slice, { force: true });
    removeHalfWritten(run.paths);
    const sites = await putBack(run.db);
    if (sites.length > 0) say({ fact: "datesPutBack", sites });
    await beginning.readyClient?.(run);
    const code = await body(run);
    if (code !== EXIT.busy) forgetFailure(run.paths, verb);
    return code;
  } catch (error) {
    const cause = scrubbed(causeOf(error), scrub);
    log.problem(causeIn(run.texts, cause));
    const at = new Date().toISOString();
    keepFailure(run.paths, { verb, at, cause: toKeep(cause), unrecorded: !run.begun });
    // Where the host keeps nothing, the database may.
    if (!run.begun && typeof cause === "object" && cause.key === "host")
      await asJob(run, { verb }, () => Promise.reject(error)).catch(() => undefined);
    return EXIT.failed;
  } finally {
    const again = () => openHome({ ...options, atOnce: true });
    await followJob(beginning.follow, again, (_text, fact) => say(fact), stop);
    scrubByHand(run.paths.home, run.scrub);
    forgetProcess(run.paths.run);
    log.close();
  }
}

/** Of a fault of our own the log has the whole; kept is what it says. */
function toKeep(cause: Problem | string): Problem | string {
  return typeof cause === "string" ? (cause.split("\n")[0] ?? "") : cause;
}

/** Does work as a job, whose number it is given: whatever it throws is written down before it goes on its way. */
export async function asJob(
  run: Run,
  begin: Omit<JobBegin, "log">,
  work: (job: number) => Promise<ExitCode>,
): Promise<ExitCode> {
  const job = await beginJob(run.db, { ...begin, log: run.log });
  run.begun = true;
  try {
    return await work(job);
  } catch (error) {
    const cause = toKeep(scrubbed(causeOf(error), run.scrub));
    const message = causeIn(run.texts, cause);
    const { verb } = begin;
    const failed: Fact[] = verb === "dry run" ? [] : [{ fact: "lastFailed", verb, cause }];
    const causes = [...run.causes.values(), ...failed];
    // Without the database neither can be done now: the next run does both.
    const db = run.stop.aborted ? run.db.atLast() : run.db;
    await run.putBack(db).catch(() => undefined);
    await endJob(db, job, { status: "failed", message, causes }).catch(() => undefined);
    throw error;
  }
}
