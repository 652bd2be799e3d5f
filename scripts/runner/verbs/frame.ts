import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Overrides, openHome, openRun, type Run } from "../context";
import type { Scope } from "../coverage";
import { reached } from "../coverage";
import { firstImportState } from "../download";
import { EXIT, RunError } from "../errors";
import { writePrivate } from "../files";
import { putBack } from "../increments";
import { endLeftover, forgetProcess, holdsLock, recordProcess, underLock } from "../lock";
import { type Detail, firstImportEnded, type RunRecord } from "../record";

/** A log that was written to less long ago may still be in use. */
const QUIET_MS = 3_600_000;

export interface RunOptions {
  verbose?: boolean;
  overrides?: Overrides;
}

/**
 * What every run that downloads or repairs begins and ends with: the lock, nothing left running of an
 * earlier run, its update dates put back; a signal or an error told once, and the exit code.
 */
export async function locked(
  verb: string,
  options: RunOptions,
  body: (run: Run) => Promise<number>,
): Promise<number> {
  const home = openHome(options.overrides);
  if (!holdsLock()) {
    const code = await underLock(home.paths);
    if (code === EXIT.busy && process.stderr.isTTY) process.stderr.write(`${home.texts.busy}\n`);
    return code;
  }
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => stop.abort(new RunError({ key: "stopped", signal })));
  const run = openRun(home, verb, options.verbose ?? false, stop.signal);
  recordProcess(run.paths.run, process.pid);
  try {
    const left = await endLeftover(run.paths);
    if (left) run.log.info(run.texts.leftover(left));
    rmSync(run.paths.slice, { force: true });
    const back = await putBack(run.db);
    if (back.length > 0) run.log.info(run.texts.putBack(back));
    return await body(run);
  } catch (error) {
    run.log.problem(wording(run, error));
    return EXIT.failed;
  } finally {
    scrubByHand(run);
    forgetProcess(run.paths.run);
    run.log.close();
  }
}

/**
 * transfer_vn itself, run by hand in this account, keeps logs in ~/tmp, with the password of every failed
 * request in them. Those that nobody writes to any more are cleaned.
 */
function scrubByHand(run: Run): void {
  const dir = join(run.paths.home, "tmp");
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir).filter((one) => one.startsWith("transfer_vn.log"))) {
    const path = join(dir, name);
    chmodSync(path, 0o600);
    if (Date.now() - statSync(path).mtimeMs < QUIET_MS) continue;
    const text = readFileSync(path, "utf8");
    const clean = text.split("\n").map(run.scrub).join("\n");
    if (clean !== text) writePrivate(path, clean);
  }
}

/** Runs `work` so that whatever it throws is written into the run's record before it goes on its way. */
export async function recorded(run: Run, record: RunRecord, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const detail: Detail = { message: run.scrub(wording(run, error)) };
    // Without the database neither can be done now: the next run does both.
    await putBack(run.db).catch(() => undefined);
    await record.end("failed", detail).catch(() => undefined);
    throw error;
  }
}

/** The text of an error for people; of one that is none of theirs, where it came from too. */
export function wording(run: Pick<Run, "texts">, error: unknown): string {
  const cause = error instanceof Error && error.name === "AbortError" && error.cause ? error.cause : error;
  if (cause instanceof RunError) return run.texts.problem(cause.problem);
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

/** Whether the first import has to come first: it has never ended, and pairs lack. */
export async function importComesFirst(
  run: Pick<Run, "db" | "settings">,
  scopes: readonly Scope[],
): Promise<boolean> {
  if (await firstImportEnded(run.db)) return false;
  const state = await firstImportState(run, scopes);
  return state.some(
    ({ pairs }) =>
      pairs.length === 0 || pairs.some((pair) => !imported(pair, run.settings.firstImport.since)),
  );
}

/** Whether a pair's first import has reached its first day. */
export function imported(pair: Parameters<typeof reached>[0], since: string): boolean {
  const day = reached(pair);
  return day !== null && day <= since;
}
