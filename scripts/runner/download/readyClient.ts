import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Paths } from "../account/files";
import { type Fact, RunError } from "../facts";

/** What making Client-API-VN anew needs of a run. */
interface Building {
  paths: Paths;
  say(fact: Fact): void;
  captured(line: string): void;
  stop: AbortSignal;
}

/** Lines of a failed builder that are shown, and characters of it that are kept. */
const LAST = 12;
const KEPT = 100_000;
/** Seconds: a slow machine loads the client in half a minute, and builds it in ten. */
const LOADED = 300;
const BUILT = 3600;

/**
 * Sees that Client-API-VN starts with this host's Python. Where it does not, after an upgrade of Debian for example,
 * the builder that `pulumi up` has left makes it anew. Throws RunError where that fails too.
 */
export async function readyClient({ paths, say, captured, stop }: Building): Promise<void> {
  if (!existsSync(paths.builder)) return;
  const { code } = await run(paths, paths.python, [paths.adapter, "--check"], LOADED, stop);
  stop.throwIfAborted();
  if (code === 0) return;
  say({ fact: "clientRebuilt" });
  const built = await run(paths, "/bin/sh", [paths.builder], BUILT, stop);
  for (const line of built.lines) captured(line);
  stop.throwIfAborted();
  if (built.code !== 0) throw new RunError({ key: "noClient", said: built.lines.slice(-LAST).join("\n") });
}

/** Runs a program to its end, or for so many seconds; what it has started ends with it. */
async function run(
  { home }: Paths,
  program: string,
  args: string[],
  seconds: number,
  stop: AbortSignal,
): Promise<{ code: number | null; lines: string[] }> {
  const env = { ...process.env, HOME: home, LC_ALL: "C.UTF-8" };
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
    cwd: home,
    env,
    // A group of its own: pip and compilers are children of children.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {} // it has ended
  };
  const timer = setTimeout(end, seconds * 1000);
  stop.addEventListener("abort", end);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-KEPT);
    });
  const code = await new Promise<number | null>((done) => {
    child.once("error", () => done(null));
    child.once("close", done);
  });
  clearTimeout(timer);
  stop.removeEventListener("abort", end);
  return { code, lines: said.split("\n").filter((line) => line !== "") };
}
