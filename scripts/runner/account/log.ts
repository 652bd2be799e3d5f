import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { stamp } from "./days";

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

/** Opens the log of a run, and removes those older than `keepDays`. */
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
  const write = (line: string) => {
    if (open) writeSync(file, `${line}\n`);
  };
  const own = (mark: string, text: string) => {
    const line = options.scrub(text);
    write(`${stamp(new Date())} ${mark} ${line}`);
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
      write(clean);
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
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (name.endsWith(".log") && statSync(path).mtimeMs < limit) unlinkSync(path);
  }
}
