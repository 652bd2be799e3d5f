import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writePrivate } from "../../scripts/runner/account/files";
import { openLog } from "../../scripts/runner/account/log";

// What a run writes into the account's home is for the account alone, without secrets, and does not stay for ever.

let dir: string;
let shown: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vn-log-"));
  shown = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    shown.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const scrub = (line: string) => line.replaceAll("hunter2", "***");
const open = (verbose: boolean, keepDays = 90) =>
  openLog(join(dir, "log"), "weekly", { scrub, verbose, keepDays });

test("a log is for the account alone, whatever its umask is", () => {
  const before = process.umask(0);
  try {
    const log = open(false);
    expect([mode(join(dir, "log")), mode(log.path)]).toEqual(["700", "600"]);
    log.close();
  } finally {
    process.umask(before);
  }
});

test.each([true, false])(
  "every line of a log goes without secrets, to the screen too (verbose: %s)",
  (verbose) => {
    const log = open(verbose);
    log.info("info hunter2");
    log.problem("problem hunter2");
    log.captured("captured hunter2");
    log.close();
    log.captured("after its end");
    const text = readFileSync(log.path, "utf8");
    expect(text.split("\n").map((line) => line.replace(/^\S+T\S+ /, ""))).toEqual([
      "-- info ***",
      "!! problem ***",
      "captured ***",
      "",
    ]);
    const told = shown.join("");
    expect(told).toContain("problem ***");
    expect(told).not.toContain("hunter2");
    if (!process.stderr.isTTY) expect(told.includes("captured ***")).toBe(verbose);
  },
);

test("logs that are older than they are kept go when the next is opened, and nothing else does", () => {
  open(false).close();
  const aged = (name: string, days: number) => {
    const path = join(dir, "log", name);
    writeFileSync(path, "");
    const at = Date.now() / 1000 - days * 86_400;
    utimesSync(path, at, at);
    return path;
  };
  const [old, young, other] = [aged("a.log", 10.1), aged("b.log", 9.9), aged("notes.txt", 400)];
  open(false, 10).close();
  expect([old, young, other].map((path) => existsSync(path))).toEqual([false, true, true]);
});

test("a file that holds what the account alone may know is replaced as a whole, and for it alone", () => {
  const before = process.umask(0);
  try {
    const path = join(dir, "state/run.json");
    writePrivate(path, "one");
    expect([mode(join(dir, "state")), mode(path)]).toEqual(["700", "600"]);
    const first = statSync(path).ino;
    writePrivate(path, "two");
    expect(readFileSync(path, "utf8")).toBe("two");
    // Another file: who has the old one open reads the old text to its end.
    expect(statSync(path).ino).not.toBe(first);
  } finally {
    process.umask(before);
  }
});
