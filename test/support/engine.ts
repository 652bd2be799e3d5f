import { resolve } from "node:path";
import { must } from "./command";

const ROOT = resolve(__dirname, "../..");

/** The environment that `scripts/engine` makes, and what it said of the way it took. */
export async function engineEnv(
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ env: NodeJS.ProcessEnv; said: string }> {
  const said: string[] = [];
  const program = 'set -e; lines="$(scripts/engine)"; eval "$lines"; env -0 >&3';
  // Standard error and output both tell; the environment goes through a third way.
  const printed = await must("bash", ["-c", `exec 3>&1 1>&2; ${program}`], {
    env: { ...env, VN_LANG: "en" },
    cwd: ROOT,
    onLine: (line) => said.push(line.split("\0")[0] ?? ""),
  });
  const pairs = printed.split("\0").filter((pair) => pair.includes("="));
  return {
    env: Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    ),
    said: said.join("\n"),
  };
}
