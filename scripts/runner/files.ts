import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

/** Where the runner's things are; all absolute. */
export interface Paths {
  home: string;
  settings: string;
  state: string;
  log: string;
  lock: string;
  /** The runner that holds the lock now. */
  run: string;
  /** The client process that runs now, or ran when the runner was killed. */
  process: string;
  /** The client's configuration narrowed to what is still to fetch; there only while it is used. */
  slice: string;
  /** Made when the first import is first asked for: from then on `watch` goes on with it. */
  importAsked: string;
}

export function pathsOf(home: string): Paths {
  const state = join(home, "state");
  return {
    home,
    settings: join(home, "vn-check.json"),
    state,
    log: join(home, "log"),
    lock: join(state, "lock"),
    run: join(state, "run.json"),
    process: join(state, "client.json"),
    slice: join(state, "slice.yaml"),
    importAsked: join(state, "import-asked"),
  };
}

/** `path` as it is when absolute, else below the home. */
export function below(home: string, path: string): string {
  return isAbsolute(path) ? path : join(home, path);
}

/** Replaces a file as a whole, readable by its owner only: a reader sees the old text or the new one. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  const file = openSync(beside, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

/** The text of a file, or undefined where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
