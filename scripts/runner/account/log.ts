import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { stamp } from "./days";

/** Bytes of a client process that one run keeps: a long import has 10 MB. */
const CLIENT_BYTES = 64e6;
/** Of what a run itself says. */
const OWN_BYTES = 16e6;
/** Of one line: a client that quotes a page. */
const LINE = 20_000;
/** Of all logs together; the newest are kept. */
const ALL_BYTES = 1e9;
const ALL_FILES = 2000;

/** What one run says: everything to its file under ~/log, to the screen what is worth it there. */
export interface RunLog {
  /** Path of the file. */
  path: string;
  /** Where the work stands: to the file, and to the screen when someone looks (a terminal or --verbose). */
  info(text: string): void;
  /** What a person must know: to the file and to standard error, under cron too. */
  problem(text: string): void;
  /** A line of a client process: to the file; to the screen with --verbose. */
  captured(line: string): void;
  close(): void;
}

/** Opens the log of a run, and removes those older than `keepDays`, and the oldest of too many. */
export function openLog(
  dir: string,
  verb: string,
  options: { scrub(line: string): string; verbose: boolean; keepDays: number },
): RunLog {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  prune(dir, options.keepDays);
  const path = join(dir, `${verb}-${stamp(new Date()).replaceAll(":", "")}-${process.pid}.log`);
  const file = openSync(path, "a", 0o600);
  chmodSync(path, 0o600);
  const looksOn = options.verbose || process.stderr.isTTY === true;
  let open = true;
  // A disk that is full takes part of a line, or nothing: whoever looks on hears it, and the run goes on as far as it can.
  const write = (line: string) => {
    try {
      if (open) writeSync(file, `${line}\n`);
    } catch {} // a full disk: who looks on still hears it, and the run fails at what it needs
  };
  const left = { client: CLIENT_BYTES, own: OWN_BYTES };
  const bounded = (whose: keyof typeof left, line: string) => {
    const told = left[whose] > 0;
    const text = line.length > LINE ? `${line.slice(0, LINE)} … (${line.length})` : line;
    left[whose] -= Buffer.byteLength(text) + 1;
    if (!told) return;
    write(text);
    if (left[whose] <= 0)
      write(
        `${stamp(new Date())} !! … (> ${Math.round((whose === "client" ? CLIENT_BYTES : OWN_BYTES) / 1e6)} MB)`,
      );
  };
  const own = (mark: string, text: string) => {
    const line = options.scrub(text);
    bounded("own", `${stamp(new Date())} ${mark} ${line}`);
    return line;
  };
  return {
    path,
    info(text) {
      const line = own("--", text);
      if (looksOn) process.stderr.write(`${line}\n`);
    },
    problem(text) {
      process.stderr.write(`${own("!!", text)}\n`);
    },
    captured(line) {
      const clean = options.scrub(line);
      bounded("client", clean);
      if (options.verbose) process.stderr.write(`  ${clean}\n`);
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function prune(dir: string, keepDays: number): void {
  const limit = Date.now() - keepDays * 86_400_000;
  const logs = readdirSync(dir)
    .filter((name) => name.endsWith(".log"))
    .flatMap((name) => {
      const path = join(dir, name);
      try {
        const { mtimeMs, size } = statSync(path);
        return [{ path, mtimeMs, size }];
      } catch {
        return []; // gone meanwhile
      }
    })
    .sort((a, b) => b.mtimeMs - a.mtimeMs);
  let bytes = 0;
  for (const [i, { path, mtimeMs, size }] of logs.entries()) {
    bytes += size;
    if (mtimeMs < limit || i >= ALL_FILES || bytes > ALL_BYTES) rmSync(path, { force: true });
  }
}
