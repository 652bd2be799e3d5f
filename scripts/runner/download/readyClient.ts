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

/** Lines of a failed builder that are shown. */
const LAST = 12;

/**
 * Sees that Client-API-VN starts with this host's Python. Where it does not, after an upgrade of Debian for example,
 * the builder that `pulumi up` has left makes it anew. Throws RunError where that fails too.
 */
export async function readyClient({ paths, say, captured, stop }: Building): Promise<void> {
  if (!existsSync(paths.builder)) return;
  const { code } = await run(paths, paths.python, [paths.adapter, "--check"], stop);
  if (code === 0) return;
  say({ fact: "clientRebuilt" });
  const built = await run(paths, "/bin/sh", [paths.builder], stop);
  for (const line of built.lines) captured(line);
  stop.throwIfAborted();
  if (built.code !== 0) throw new RunError({ key: "noClient", said: built.lines.slice(-LAST).join("\n") });
}

async function run(
  { home }: Paths,
  program: string,
  args: string[],
  signal: AbortSignal,
): Promise<{ code: number | null; lines: string[] }> {
  const env = { ...process.env, HOME: home, LC_ALL: "C.UTF-8" };
  const child = spawn(program, args, { cwd: home, env, signal, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  const code = await new Promise<number | null>((done) => {
    child.once("error", () => done(null));
    child.once("close", done);
  });
  return { code, lines: said.split("\n").filter((line) => line !== "") };
}
