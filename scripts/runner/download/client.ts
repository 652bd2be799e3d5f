import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { relative } from "node:path";
import { settledLogin } from "../../../sql/session";
import { forgetProcess, lockDescriptor, recordProcess } from "../account/lock";
import { type ClientFailure, type Part, type PartCause, type PartEnded, RunError } from "../facts";
import type { Downloading } from "./downloading";
import { nameHolders } from "./holders";
import { linesOf } from "./lines";

/** What one process of the adapter does: a site, its controllers. */
export interface ClientWork {
  site: string;
  mode: "full" | "update";
  controllers: string[];
  /** Of the observations only these, in this order; without: all. */
  parts?: readonly Part[] | undefined;
  /** Those that are asked for after all others. */
  last?: readonly Part[];
  /** A configuration file, absolute; without: the account's own. */
  config?: string;
  overallSeconds: number;
}

export interface ClientResult {
  /** done: exit 0; failed: a controller failed or the process died; the other two: ended by a watchdog. */
  outcome: "done" | "failed" | "silence" | "overall";
  /** Controllers that ended well. */
  ended: string[];
  /** What became of the parts that were asked for, in that order. */
  parts: PartEnded[];
  /** What became of the controllers that fail as a whole. */
  lists: { name: string; cause: PartCause | null }[];
  /** Groups whose changes could be asked for, as the portal says; undefined: it has not said. */
  groups?: number[];
}

/** What the adapter says in a line of JSON. */
type Said =
  | { asks: Part }
  | { ended: PartEnded }
  | { list: string; cause: PartCause | null }
  | { walks: number[] }
  | { row: object };

/** Before each of these lines. */
const TOLD = "@vn-check ";

/** The adapter's way to end a controller of which it has told each part by itself. */
const PARTS_LEFT = "PartsLeft";

// All that a client process gets of our surroundings: nothing that changes its language or its session.
const PASSED_ON = [
  "PATH",
  "USER",
  "LOGNAME",
  "TZ",
  "VN_CHECK_LOCALE",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
];

/**
 * Runs one client process to its end. It has no children and dies with this one; two watchdogs end it
 * (the client's HTTP calls have no time-out). What failed is said. Throws RunError where the client or its
 * configuration does not fit, or when the run itself was told to stop.
 */
export async function runClient(d: Downloading, work: ClientWork): Promise<ClientResult> {
  d.stop.throwIfAborted();
  const { paths, limits } = d;
  const { site, mode, controllers } = work;
  const env: NodeJS.ProcessEnv = {
    HOME: paths.home,
    LC_ALL: "C.UTF-8",
    PGCLIENTENCODING: "UTF8",
    VN_CHECK_SESSION: settledLogin(),
    VN_CHECK_REPAIR: d.db.repair,
    VN_CHECK_PARENT: String(process.pid),
  };
  for (const name of PASSED_ON) if (process.env[name] !== undefined) env[name] = process.env[name];
  const args = ["--config", work.config ?? relative(paths.home, paths.evn), "--site", site];
  args.push("--mode", mode, "--controllers", controllers.join(","));
  if (work.parts) args.push("--parts", work.parts.map(keyOf).join(","));
  if (work.last?.length) args.push("--last", work.last.map(keyOf).join(","));
  d.say({ fact: "clientStarts", site, mode, controllers });
  const child = spawn("setpriv", ["--pdeathsig", "KILL", paths.python, paths.adapter, ...args], {
    cwd: paths.home,
    env,
    stdio: ["ignore", "pipe", "pipe", ...lockHidden(d)],
  });
  if (child.pid) recordProcess(paths.process, child.pid);
  const result: ClientResult = { outcome: "failed", ended: [], parts: [], lists: [] };
  let asks: Part | undefined;
  const told = (said: Said) => {
    if ("asks" in said) asks = said.asks;
    else if ("ended" in said) {
      asks = undefined;
      result.parts.push(said.ended);
    } else if ("list" in said) result.lists.push({ name: said.list, cause: said.cause });
    else if ("walks" in said) result.groups = said.walks;
  };
  const failures: ClientFailure[] = [];
  let said = "";
  let partsLeft = false;
  let killedBy: "silence" | "overall" | undefined;
  const kill = (why?: "silence" | "overall") => {
    killedBy ??= why;
    child.kill("SIGKILL");
  };
  const silence = setTimeout(() => kill("silence"), limits.silenceSeconds * 1000);
  const overall = setTimeout(() => kill("overall"), work.overallSeconds * 1000);
  const onStop = () => kill();
  d.stop.addEventListener("abort", onStop);
  const lines = [child.stdout, child.stderr].map((stream) => {
    const reader = linesOf(stream as NodeJS.ReadableStream);
    reader.on("line", (line) => {
      silence.refresh();
      d.captured(line);
      if (line.startsWith(TOLD)) {
        const said = readTold(line.slice(TOLD.length));
        if (said) told(said);
        return;
      }
      said = line;
      const verdict = /vn-check: \w+ .+? (\w+): (done|failed)(?:: (.*))?$/.exec(line);
      if (verdict?.[2] === "done") result.ended.push(verdict[1] ?? "");
      if (verdict?.[2] === "failed" && verdict[3]?.startsWith(PARTS_LEFT)) partsLeft = true;
      else if (verdict?.[2] === "failed")
        failures.push({ kind: "controller", controller: verdict[1] ?? "", said: verdict[3] ?? "" });
      const limit = /vn-check: the portal answers (\d+): (waiting|waited|asks for) (\d+) s$/.exec(line);
      if (limit) {
        const [status, seconds] = [Number(limit[1]), Number(limit[3])];
        if (limit[2] === "waiting") d.say({ fact: "portalWaits", site, status, seconds });
        else
          failures.push({
            kind: "portal",
            status,
            waited: limit[2] === "waited" ? seconds : 0,
            asked: limit[2] === "asks for" ? seconds : null,
          });
      }
    });
    return new Promise<void>((done) => reader.once("close", done));
  });
  try {
    const code = await new Promise<number | null>((done, fail) => {
      child.once("error", () => fail(new RunError({ key: "noProgram", program: "setpriv" })));
      child.once("exit", done);
    });
    await Promise.all(lines);
    d.stop.throwIfAborted();
    if (code === 2) throw new RunError({ key: "clientRefused", site, said });
    // Another version, or no Python to run it.
    if (code === 3 || code === 126 || code === 127)
      throw new RunError({ key: "clientStartsNot", site, said });
    result.outcome = killedBy ?? (code === 0 ? "done" : "failed");
    if (killedBy) {
      const seconds = killedBy === "silence" ? limits.silenceSeconds : work.overallSeconds;
      d.say({ fact: "clientStopped", site, why: killedBy, seconds });
      if (asks) result.parts.push({ ...asks, cause: { kind: "stopped", why: killedBy, seconds } });
    } else if (code !== 0 && failures.length === 0 && !partsLeft) failures.push({ kind: "died", code, said });
    await nameHolders(d, result, failures);
    for (const failure of failures) d.say({ fact: "clientFailed", site, failure });
    return result;
  } finally {
    clearTimeout(silence);
    clearTimeout(overall);
    d.stop.removeEventListener("abort", onStop);
    forgetProcess(paths.process);
  }
}

/** A line that the adapter's death has cut off says nothing. */
function readTold(text: string): Said | undefined {
  try {
    return JSON.parse(text) as Said;
  } catch {
    return undefined;
  }
}

/** A part as the adapter writes it. */
export function keyOf({ taxoGroup, unit }: Part): string {
  return `${taxoGroup}/${unit}`;
}

let devNull: number | undefined;

/** Puts /dev/null in the place of the lock's descriptor: a client that outlived us would keep the lock. */
function lockHidden({ paths }: Downloading): (number | "ignore")[] {
  const descriptor = lockDescriptor(paths);
  if (descriptor === undefined || descriptor < 3) return [];
  devNull ??= openSync("/dev/null", "r");
  return [...Array<"ignore">(descriptor - 3).fill("ignore"), devNull];
}
