import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import type { Locale, Words } from "../../config/values/key";
import { end, ofStack, processes } from "./processes";
import { halfDeleted, lockHolders, parsedState, ROLE, withoutPending } from "./state";
import { TEXTS } from "./texts";

/** Seconds that an engine has to save what it has done. */
const GRACE = 20;

const { LC_ALL, LC_MESSAGES, LANG } = process.env;
const locale: Locale = (LC_ALL || LC_MESSAGES || LANG || "").startsWith("fr") ? "fr" : "en";
const say = (words: Words) => process.stdout.write(`${words[locale]}\n`);

class Failed extends Error {}

interface Ran {
  code: number;
  out: string;
  said: string;
}

function pulumi(args: string[], input?: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(
    "pulumi",
    ["--non-interactive", "--color", "never", ...args],
    {
      encoding: "utf8",
      maxBuffer: 1e9,
      ...(input !== undefined && { input }),
    },
  );
  if (error) throw new Failed(TEXTS.failed("pulumi", error.message)[locale]);
  return { code: status ?? 1, out: stdout, said: `${stdout}${stderr}`.trim() };
}

function must(args: string[], input?: string): string {
  const { code, out, said } = pulumi(args, input);
  if (code !== 0) throw new Failed(TEXTS.failed(`pulumi ${args.join(" ")}`, said)[locale]);
  return out;
}

async function recover(options: { stack?: string | undefined; "config-file"?: string | undefined }) {
  const asked = options.stack === undefined ? [] : ["--stack", options.stack];
  const stack = must(["stack", "--show-name", ...asked]).trim();
  const at = ["--stack", stack];
  const file = options["config-file"] === undefined ? [] : ["--config-file", options["config-file"]];
  const { url } = JSON.parse(must(["whoami", "--json", "--verbose"])) as { url: string };
  const project = "vn-sync-check";

  const holders = lockHolders(url, project);
  const engines = holders.get(stack) ?? [];
  const all = processes();
  const lives = (pid: number) => all.some((one) => one.pid === pid);
  const alone = ![...holders].some(([other, pids]) => other !== stack && !pids.every(lives));
  const running = ofStack(all, { name: stack, project, folder: process.cwd(), engines, alone });
  if (!url.startsWith("file://")) say(TEXTS.elsewhere);
  if (running.length === 0) say(TEXTS.nothingRuns);
  await end(running, engines, GRACE);
  for (const { pid, args } of running) say(TEXTS.ending(`${pid} ${args.join(" ").slice(0, 80)}`));

  pulumi(["cancel", "--yes", ...at]);
  const before = parsedState(must(["stack", "export", ...at]));
  say(TEXTS.unlocked);
  for (const { type, resource } of before.pending)
    say(TEXTS.pending(`${type} ${resource.urn.split("::").at(-1)}`));
  if (before.pending.length > 0) {
    must(["stack", "import", ...at], withoutPending(before.state));
    if (before.pending.some(({ resource }) => resource.type === ROLE)) lookAtRoles([...at, ...file]);
  }
  const half = halfDeleted(before.pending, before.state);
  // Gone on the host, perhaps, and still in the state: the next `up` makes it anew, with all that stands on it.
  if (half.length > 0) must(["state", "taint", "--yes", ...at, ...half]);
  say(TEXTS.cleared);
  say(TEXTS.next);
}

/**
 * A role may have been made or dropped without the state's knowing it, and is neither made nor dropped twice: one that
 * is not in the database leaves the state.
 */
function lookAtRoles(at: string[]): void {
  const { roles } = parsedState(must(["stack", "export", ...at.slice(0, 2)]));
  const targets = roles.flatMap((urn) => ["--target", urn]);
  if (targets.length === 0) return;
  const looked = pulumi(["refresh", "--yes", "--skip-preview", ...at, ...targets]);
  if (looked.code !== 0) say(TEXTS.roles(looked.said.split("\n").slice(-12).join("\n")));
}

async function main(): Promise<void> {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", short: "s" },
        "config-file": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) say(TEXTS.usage);
    else await recover(values);
  } catch (error) {
    // Node's own words for a wrong option are English.
    const isOption = String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${isOption ? TEXTS.usage[locale] : (error as Error).message}\n`);
    process.exitCode = 1;
  }
}

void main();
