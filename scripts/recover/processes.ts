import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process of this machine, as /proc tells of it. */
export interface Process {
  pid: number;
  parent: number;
  args: string[];
  /** Milliseconds or ticks since something: another process under the same number has another. */
  started: string;
  folder: string;
}

/** All processes that this user may look at. */
export function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const args = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
        // After the command's name, which may hold blanks and brackets: state, parent …, the 20th is the start.
        const fields = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        if (fields[0] === "Z" || args.length === 0) return [];
        return [
          {
            pid: Number(name),
            parent: Number(fields[1]),
            args,
            started: fields[19] ?? "",
            folder: readlinkSync(`/proc/${name}/cwd`),
          },
        ];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** What is known of the stack whose processes are looked for. */
export interface Stack {
  name: string;
  project: string;
  /** The project's folder, in which the engine starts all that it starts. */
  folder: string;
  /** Processes that hold the stack's lock, by their numbers, alive or not. */
  engines: number[];
  /** A killed engine's plugins name no stack: they are this one's where no other stack of the folder may have lost any. */
  alone: boolean;
}

/**
 * What an `up` or `destroy` of one stack has started on this machine: the engine that holds the lock, the program
 * that it runs, its plugins, and all that they have started; without an engine, what a killed one has left.
 */
export function ofStack(all: Process[], { name, project, folder, engines, alone }: Stack): Process[] {
  const byPid = new Map(all.map((one) => [one.pid, one]));
  const isEngine = ({ args }: Process) => basename(args[0] ?? "") === "pulumi";
  const isOrphan = (one: Process): boolean => {
    const parent = byPid.get(one.parent);
    return parent === undefined || parent.pid === 1 || (!isEngine(parent) && isOrphan(parent));
  };
  const runs = ({ args }: Process) =>
    args.some((arg) => arg.includes("@pulumi/pulumi/cmd/run")) &&
    option(args, "stack") === name &&
    option(args, "project") === project;
  const programs = all.filter(runs);
  const addresses = new Set(programs.flatMap(({ args }) => option(args, "engine") ?? []));
  const isPlugin = ({ args }: Process) =>
    args.some((arg) => /^pulumi-(resource|language)-/.test(basename(arg)) || /\/provider\.cjs$/.test(arg));
  const isOurSql = ({ args }: Process) => args.some((arg) => arg.includes('require("vn-sync-check/sql")'));
  const isLeft = (one: Process) =>
    alone && one.folder === folder && (isPlugin(one) || isOurSql(one)) && isOrphan(one);
  const isOurs = (one: Process) =>
    (engines.includes(one.pid) && isEngine(one)) ||
    runs(one) ||
    (isPlugin(one) && one.args.some((arg) => addresses.has(arg))) ||
    isLeft(one);
  const found = new Set(all.filter(isOurs).map(({ pid }) => pid));
  for (let grown = true; grown; ) {
    const more = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const { pid } of more) found.add(pid);
    grown = more.length > 0;
  }
  const own = lineOf(all, process.pid);
  return all.filter(({ pid }) => found.has(pid) && !own.has(pid));
}

/** `--name value` or `--name=value`. */
function option(args: string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at >= 0 ? args[at + 1] : args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** A process and those that have started it. */
function lineOf(all: Process[], pid: number): Set<number> {
  const line = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !line.has(at); ) {
    line.add(at);
    at = all.find((one) => one.pid === at)?.parent;
  }
  return line;
}

/**
 * Ends processes: the engine is asked first, since it then saves what it has done; what is still there after that
 * is killed.
 */
export async function end(these: Process[], engines: number[], seconds: number): Promise<void> {
  const signal = (one: Process, name: NodeJS.Signals) => {
    if (!isThere(one)) return;
    try {
      process.kill(one.pid, name);
    } catch {
      // ended meanwhile
    }
  };
  const gone = async (limit: number) => {
    const until = Date.now() + limit * 1000;
    while (these.some(isThere) && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 200));
  };
  const asked = these.filter(({ pid }) => engines.includes(pid));
  for (const one of asked) signal(one, "SIGINT");
  if (asked.length > 0) await gone(seconds);
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    for (const one of these) signal(one, name);
    await gone(3);
  }
}

/** The same one still, not another that was given its number. */
function isThere({ pid, started }: Process): boolean {
  return processes().some((one) => one.pid === pid && one.started === started);
}
