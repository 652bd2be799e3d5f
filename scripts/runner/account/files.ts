import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { HOME_FILES } from "../../../config/names";

/** Where the runner's things are; all absolute. */
export interface Paths {
  home: string;
  /** Client-API-VN's configuration. */
  evn: string;
  python: string;
  adapter: string;
  /** Makes Client-API-VN anew. */
  builder: string;
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

/** What the stack says of the runner on this host. */
export function settingsFile(home: string): string {
  return join(home, HOME_FILES.settings);
}

/** @param evn the client's configuration, absolute or below the home */
export function pathsOf(home: string, evn: string): Paths {
  const state = join(home, "state");
  return {
    home,
    evn: isAbsolute(evn) ? evn : join(home, evn),
    python: join(home, HOME_FILES.venv, "bin/python"),
    adapter: join(home, HOME_FILES.adapter),
    builder: join(home, HOME_FILES.builder),
    state,
    log: join(home, "log"),
    lock: join(state, "lock"),
    run: join(state, "run.json"),
    process: join(state, "client.json"),
    slice: join(state, "slice.yaml"),
    importAsked: join(state, "import-asked"),
  };
}

/** Replaces a file as a whole, readable by its owner only: a reader sees the old text or the new one. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}.new`;
  try {
    const file = openSync(beside, "w", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    // Written by its descriptor, an error names none.
    (error as NodeJS.ErrnoException).path ??= path;
    throw error;
  }
}

/** What a program that was killed while it wrote has left beside its file; that of a living one stays. */
export function removeHalfWritten({ home, evn, state }: Paths): void {
  const places: [dir: string, name: string][] = [
    [state, ""],
    [dirname(evn), basename(evn)],
    [join(home, "tmp"), "transfer_vn.log"],
  ];
  for (const [dir, name] of places.filter(([at]) => existsSync(at)))
    for (const found of readdirSync(dir)) {
      const pid = /\.(\d+)\.new$/.exec(found)?.[1];
      if (pid && found.startsWith(name) && !existsSync(`/proc/${pid}`))
        rmSync(join(dir, found), { force: true });
    }
}

/** Writes as much as a record is, and takes it away again. Throws what keeps the account from recording anything. */
export function tryWriting(paths: Paths): void {
  const path = join(paths.state, "probe");
  writePrivate(path, "x".repeat(4096));
  rmSync(path, { force: true });
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
