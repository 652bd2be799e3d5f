import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, type ExitCode, RunError } from "../facts";
import { type Paths, readIfThere, writePrivate } from "./files";

const HELD = "VN_CHECK_LOCKED";

/** Seconds that a run has to come to its end when it is told to stop: it may hang at a screen that nobody reads. */
const GRACE = 20;

/** Whether this process runs under the lock: re-executed by `underLock`. */
export function holdsLock(): boolean {
  return process.env[HELD] === "1";
}

/**
 * Runs this very command again under flock (Node has no lock of its own) and gives its exit code:
 * 75 at once where another run holds the lock. The kernel ends the lock with the process, and the
 * command with this one, whatever ends it.
 */
export async function underLock(paths: Paths): Promise<ExitCode> {
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  closeSync(openSync(paths.lock, "a", 0o600)); // flock's own error would be an exit code like another
  const child = spawn(
    "setpriv",
    // --no-fork: flock becomes the command, so that there is no third process in between.
    [
      "--pdeathsig",
      "KILL",
      "flock",
      "-n",
      "-E",
      String(EXIT.busy),
      "--no-fork",
      paths.lock,
      ...thisCommand(),
    ],
    { stdio: "inherit", env: { ...process.env, [HELD]: "1" } },
  );
  const forward = (signal: NodeJS.Signals) => {
    child.kill(signal);
    setTimeout(() => child.kill("SIGKILL"), GRACE * 1000);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => forward(signal));
  return await new Promise<ExitCode>((done, fail) => {
    child.once("error", () => fail(new RunError({ key: "noProgram", program: "setpriv" })));
    child.once("exit", (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Starts this runner with other arguments in a session of its own, and does not wait for its end. */
export async function inBackground(args: string[]): Promise<void> {
  const { [HELD]: _, ...env } = process.env;
  const [program = process.execPath, ...own] = thisCommand();
  const bundle = own.slice(0, own.length - process.argv.slice(2).length);
  const child = spawn("setsid", ["--fork", program, ...bundle, ...args], { stdio: "ignore", env });
  child.unref();
  await new Promise<void>((done, fail) => {
    child.once("spawn", done);
    child.once("error", () => fail(new RunError({ key: "noProgram", program: "setsid" })));
  });
}

function thisCommand(): string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? "", ...process.argv.slice(2)];
}

/**
 * Whether a run is under way. Asked of the process that wrote itself down, not of the lock: to try the lock,
 * only for an instant, could make a run that starts just then give up.
 */
export function isRunning(paths: Paths): boolean {
  const mark = parseMark(readIfThere(paths.run));
  return mark !== undefined && isAlive(mark);
}

/** The descriptor of the lock in this process: a client process must not keep it open. */
export function lockDescriptor(paths: Paths): number | undefined {
  if (!holdsLock()) return undefined;
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`) === paths.lock) return Number(name);
    } catch {} // the descriptor of this very readdir is gone again
  }
  return undefined;
}

/** A process that cannot be mistaken for a later one of the same pid. */
interface ProcessMark {
  pid: number;
  /** Clock ticks from boot to its start, field 22 of /proc/<pid>/stat. */
  start: string;
  boot: string;
}

/** Writes down a process that has just been started: `paths.process` or `paths.run`. */
export function recordProcess(path: string, pid: number): void {
  const start = startOf(pid);
  if (start) writePrivate(path, JSON.stringify({ pid, start, boot: bootId() } satisfies ProcessMark));
}

/** The process has ended, or is about to. */
export function forgetProcess(path: string): void {
  try {
    unlinkSync(path);
  } catch {} // it had ended before it could be written down
}

/**
 * Makes sure that no client process of an earlier run lives: it would write into the same tables.
 * @returns its pid if one had to be ended
 */
export async function endLeftover(paths: Paths): Promise<number | undefined> {
  let ended: number | undefined;
  const mark = parseMark(readIfThere(paths.process));
  if (mark && isAlive(mark)) {
    ended = mark.pid;
    process.kill(mark.pid, "SIGKILL");
    for (let i = 0; isAlive(mark); i++) {
      if (i === 100) throw new RunError({ key: "stillAlive", pid: mark.pid });
      await sleep(100);
    }
  }
  forgetProcess(paths.process);
  return ended;
}

function isAlive(mark: ProcessMark): boolean {
  return mark.boot === bootId() && startOf(mark.pid) === mark.start;
}

function parseMark(text: string | undefined): ProcessMark | undefined {
  try {
    const mark = JSON.parse(text ?? "null") as ProcessMark;
    return Number.isInteger(mark.pid) && mark.pid > 1 ? mark : undefined;
  } catch {
    return undefined;
  }
}

function startOf(pid: number): string | undefined {
  try {
    // The name, in brackets, may hold blanks and brackets: count from the last one.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
