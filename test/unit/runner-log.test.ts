import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLog } from "../../scripts/runner/account/log";
import { linesOf } from "../../scripts/runner/download/lines";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vn-log-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => openLog(dir, "weekly", { scrub: (line) => line, verbose: false, keepDays: 90 });

describe("R10: logs are bounded", () => {
  test("a client that prints without end fills 64 MB and no more, and what the run says stands behind it", () => {
    const log = open();
    const line = "x".repeat(19_000);
    for (let i = 0; i < 6000; i++) log.captured(line);
    log.info("the last word");
    log.close();
    expect(statSync(log.path).size).toBeLessThan(65e6);
    expect(readFileSync(log.path, "utf8").slice(-200)).toMatch(/!! … \(> 64 MB\)\n.* -- the last word\n$/);
  });

  test("a line of a megabyte is cut", () => {
    const log = open();
    log.captured("x".repeat(1e6));
    log.close();
    expect(statSync(log.path).size).toBeLessThan(21_000);
    expect(readFileSync(log.path, "utf8")).toMatch(/x … \(1000000\)\n$/);
  });

  test("of too many bytes the oldest logs go, of too old ones all", () => {
    const make = (name: string, days: number, bytes: number) => {
      writeFileSync(join(dir, name), "");
      truncateSync(join(dir, name), bytes); // takes no room
      const at = Date.now() / 1000 - days * 86_400;
      utimesSync(join(dir, name), at, at);
    };
    make("a.log", 1, 4e8);
    make("b.log", 2, 4e8);
    make("c.log", 3, 4e8);
    make("d.log", 91, 10);
    make("other.txt", 300, 10);
    open().close();
    expect(readdirSync(dir).filter((name) => !name.startsWith("weekly"))).toEqual([
      "a.log",
      "b.log",
      "other.txt",
    ]);
  });
});

describe("R10: a client's output is bounded", () => {
  const all = async (chunks: string[]) => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const reader = linesOf(stream).on("line", (line) => lines.push(line));
    const closed = new Promise<void>((done) => reader.once("close", done));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    await closed;
    return lines;
  };

  test("lines as they come, whatever the pieces", async () => {
    expect(await all(["a\nb", "c\r\n", "\nd", "é".repeat(3), "\ne"])).toEqual(["a", "bc", "", "dééé", "e"]);
    expect(await all([])).toEqual([]);
  });

  test("a line without end is cut, and the next one is whole", async () => {
    const lines = await all([...Array<string>(50).fill("x".repeat(100_000)), "y\nnext\n"]);
    expect(lines.map((line) => line.length)).toEqual([1_000_000 + 100_000 - 100_000, 4]);
    expect(lines[1]).toBe("next");
  });
});
