import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Run } from "./context";
import { RunError } from "./errors";
import { below } from "./files";
import { forgetProcess, lockDescriptor, recordProcess } from "./lock";

/** One job of the adapter: a site, its controllers. */
export interface Job {
  site: string;
  mode: "full" | "update";
  controllers: string[];
  /** Configuration file, absolute or relative to the home. */
  config: string;
  overallSeconds: number;
}

export interface JobResult {
  /** done: exit 0; failed: a controller failed or the process died; the other two: ended by a watchdog. */
  outcome: "done" | "failed" | "silence" | "overall";
  /** Controllers that ended well. */
  ended: string[];
  /** What the adapter said of those that failed. */
  failures: string[];
}

// All that a client process gets of our surroundings: nothing that changes its language or its session.
const PASSED_ON = [
  "PATH",
  "USER",
  "LOGNAME",
  "TZ",
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
 * (the client's HTTP calls have no time-out). Throws RunError where the client or its configuration does
 * not fit, or when the run itself was told to stop.
 */
export async function runJob(run: Run, job: Job): Promise<JobResult> {
  run.stop.throwIfAborted();
  const { paths, settings, log } = run;
  const env: NodeJS.ProcessEnv = {
    HOME: paths.home,
    LC_ALL: "C.UTF-8",
    VN_CHECK_PARENT: String(process.pid),
  };
  for (const name of PASSED_ON) if (process.env[name] !== undefined) env[name] = process.env[name];
  const args = [
    "--config",
    job.config,
    "--site",
    job.site,
    "--mode",
    job.mode,
    "--controllers",
    job.controllers.join(","),
  ];
  const python = below(paths.home, settings.client.python);
  const adapter = below(paths.home, settings.client.adapter);
  log.info(run.texts.jobStarts(job.site, job.mode, job.controllers));
  const child = spawn("setpriv", ["--pdeathsig", "KILL", python, adapter, ...args], {
    cwd: paths.home,
    env,
    stdio: ["ignore", "pipe", "pipe", ...lockHidden(run)],
  });
  if (child.pid) recordProcess(paths.process, child.pid);
  const result: JobResult = { outcome: "failed", ended: [], failures: [] };
  let said = "";
  let killedBy: "silence" | "overall" | undefined;
  const kill = (why?: "silence" | "overall") => {
    killedBy ??= why;
    child.kill("SIGKILL");
  };
  const silence = setTimeout(() => kill("silence"), settings.watchdog.silenceSeconds * 1000);
  const overall = setTimeout(() => kill("overall"), job.overallSeconds * 1000);
  const onStop = () => kill();
  run.stop.addEventListener("abort", onStop);
  const lines = [child.stdout, child.stderr].map((stream) => {
    const reader = createInterface({
      input: stream as NodeJS.ReadableStream,
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    reader.on("line", (line) => {
      silence.refresh();
      log.captured(line);
      said = line;
      const verdict = /vn-check: \w+ .+? (\w+): (done|failed)(?:: (.*))?$/.exec(line);
      if (verdict?.[2] === "done") result.ended.push(verdict[1] ?? "");
      if (verdict?.[2] === "failed") result.failures.push(`${verdict[1]}: ${verdict[3] ?? ""}`);
    });
    return new Promise((done) => reader.once("close", done));
  });
  try {
    const code = await new Promise<number | null>((done, fail) => {
      child.once("error", () => fail(new RunError({ key: "noProgram", program: "setpriv" })));
      child.once("exit", done);
    });
    await Promise.all(lines);
    run.stop.throwIfAborted();
    if (code === 2 || code === 3 || code === 126 || code === 127)
      throw new RunError({ key: "clientRefused", site: job.site, said: run.scrub(said) });
    result.outcome = killedBy ?? (code === 0 ? "done" : "failed");
    if (killedBy)
      log.info(
        run.texts.watchdog(
          job.site,
          killedBy,
          killedBy === "silence" ? settings.watchdog.silenceSeconds : job.overallSeconds,
        ),
      );
    else if (code !== 0 && result.failures.length === 0)
      result.failures.push(run.texts.died(code, run.scrub(said)));
    return result;
  } finally {
    clearTimeout(silence);
    clearTimeout(overall);
    run.stop.removeEventListener("abort", onStop);
    forgetProcess(paths.process);
  }
}

let devNull: number | undefined;

/** Puts /dev/null in the place of the lock's descriptor: a client that outlived us would keep the lock. */
function lockHidden(run: Run): (number | "ignore")[] {
  const descriptor = lockDescriptor(run.paths);
  if (descriptor === undefined || descriptor < 3) return [];
  devNull ??= openSync("/dev/null", "r");
  return [...Array<"ignore">(descriptor - 3).fill("ignore"), devNull];
}
