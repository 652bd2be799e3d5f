import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { end, type Process, processes } from "../../scripts/recover/processes";
import { transferVn } from "../support/transferVn";
import { KINDS, kindOf } from "./kinds";
import { type Planned, planOf } from "./plan";
import { buildClock } from "./scene/clock";
import { shrink } from "./shrink";
import { WAITS } from "./waits";
import { type Played, playYear } from "./year";

interface Options {
  weeks: number;
  seed: number;
  seeds: number;
  faults?: string[];
  only?: number[];
  shrink: boolean;
  shrinkFor?: number;
  goOn: boolean;
  verbose: boolean;
}

const fr = process.env["VN_LANG"] === "fr";
const say = (text: string) => process.stdout.write(`${text}\n`);

const whole = (least: number) => (text: string) => {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < least)
    throw new InvalidArgumentError(`a whole number of at least ${least} was expected`);
  return n;
};
const kinds = (text: string) => {
  try {
    return text === "none" ? [] : text.split(",").map((name) => kindOf(name).name);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
};

const program = new Command("soak")
  .option("--weeks <n>", "", whole(3), 4)
  .option("--seed <s>", "", whole(0))
  .option("--seeds <n>", "", whole(1), 1)
  .option("--faults <list>", "", kinds)
  .option("--only <list>", "", (text) => text.split(",").filter(Boolean).map(whole(1)))
  .option("--shrink", "", true)
  .option("--no-shrink")
  .option("--shrink-for <minutes>", "", whole(1))
  .option("--go-on", "", false)
  .option("--verbose", "", false)
  .option("--kinds", "", false)
  .action(async (options: Options & { kinds: boolean }) => {
    if (options.kinds) for (const kind of KINDS) say(kindLine(kind.name));
    // Under a clock of its own, and with a disk of its own for the homes, where the machine allows that.
    else if (process.env["VN_SOAK_CLOCK"]) process.exitCode = await playAll(options);
    else process.exitCode = await underClock();
  });

function kindLine(name: string): string {
  const kind = kindOf(name);
  const waits = WAITS[name];
  const word = fr ? "attend\u00a0" : "waits";
  return `${name.padEnd(22)} ${fr ? kind.fr : kind.en}${waits ? `\n${" ".repeat(23)}${word}: ${waits}` : ""}`;
}

/** Starts this program again with the year's clock. */
async function underClock(): Promise<number> {
  const venv = process.env["VN_SOAK_VENV"] ?? (await transferVn());
  const dir = mkdtempSync(join(tmpdir(), "vn-soak-"));
  try {
    await chmod(dir, 0o755);
    await mkdir(join(dir, "tmp"));
    const env = {
      ...process.env,
      ...buildClock(dir),
      TMPDIR: join(dir, "tmp"),
      TZ: "Europe/Paris",
      VN_SOAK_VENV: venv,
    };
    const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const child = spawn(
      "sh",
      [
        "-c",
        // The mount is this process's alone and goes with it. The database's server is another user, and stands beside it.
        `if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
           exec unshare --mount --propagation private sh -c 'mkdir "$0/home" && mount -t tmpfs -o size=48m,mode=755 soak "$0/home" && export VN_SOAK_HOMES="$0/home"; exec "$@"' "$0" "$@"
         fi
         exec "$@"`,
        dir,
        ...again,
      ],
      { env, stdio: "inherit" },
    );
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => child.kill(signal));
    return await new Promise((done) => child.once("exit", (code) => done(code ?? 1)));
  } finally {
    // After a signal, a runner that was under way would live on, and make its folders again.
    const within = ({ args, folder }: Process) =>
      folder.startsWith(dir) || args.some((arg) => arg.includes(dir));
    await end(processes().filter(within), [], 0);
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function playAll(options: Options): Promise<number> {
  const first = options.seed ?? Math.floor(Math.random() * 1e6);
  const list = options.faults ?? KINDS.map(({ name }) => name).filter((name) => !(name in WAITS));
  const counts = new Map<string, number>();
  let failed = 0;
  for (let seed = first; seed < first + options.seeds; seed++) {
    const all = planOf(seed, options.weeks, list);
    const faults = options.only ? all.filter(({ n }) => options.only?.includes(n)) : all;
    for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const began = performance.now();
    const played = await play(seed, options, faults, Infinity);
    const seconds = Math.round((performance.now() - began) / 1000);
    const { violation } = played;
    const weeks = violation && !options.goOn ? (played.day + 1) / 7 : options.weeks;
    const per = (seconds / Math.max(1, weeks)).toFixed(1);
    say(
      `seed ${seed}, ${options.weeks} ${fr ? "semaines" : "weeks"}, ${faults.length} ${fr ? "pannes\u00a0" : "faults"}: ` +
        `${violation ? (fr ? `FAUX au jour ${played.day}` : `WRONG on day ${played.day}`) : fr ? "juste" : "right"} (${seconds} s, ${per} s/${fr ? "semaine" : "week"})`,
    );
    if (!violation) continue;
    failed++;
    say(violation.message);
    const left = options.shrink && faults.length > 0 ? await shrunk(seed, options, faults, played) : faults;
    const only = left.length < all.length ? ` --only ${left.map(({ n }) => n).join(",") || "0"}` : "";
    for (const { n, kind, day, days } of left)
      say(`  ${n}: ${kind}, ${fr ? "jour" : "day"} ${day}, ${days} d`);
    const given = options.faults ? ` --faults ${options.faults.join(",") || "none"}` : "";
    say(
      `${fr ? "à revoir par\u00a0" : "see it again"}: scripts/soak --weeks ${options.weeks} --seed ${seed}${given}${only} --no-shrink --verbose`,
    );
  }
  say(
    `${fr ? "pannes par sorte\u00a0" : "faults by kind"}: ${
      [...counts]
        .sort()
        .map(([kind, n]) => `${kind} ${n}`)
        .join(", ") || "-"
    }`,
  );
  return failed === 0 ? 0 : 1;
}

async function shrunk(seed: number, options: Options, faults: readonly Planned[], played: Played) {
  const quiet = { ...options, verbose: false };
  return await shrink(
    faults,
    played,
    (fewer) => play(seed, quiet, fewer, played.day),
    (left) =>
      say(`  ${fr ? "encore faux avec" : "still wrong with"} ${left.map(({ n }) => n).join(",") || "-"}`),
    options.shrinkFor,
  );
}

async function play(
  seed: number,
  options: Options,
  faults: readonly Planned[],
  lastDay: number,
): Promise<Played> {
  const { weeks, verbose } = options;
  let told = -1;
  const tell = (day: number, text: string) => {
    if (verbose) say(`${seed} day ${day}: ${text}`);
    else if (process.stderr.isTTY && Math.floor(day / 7) > told) {
      told = Math.floor(day / 7);
      process.stderr.write(
        `${fr ? `graine ${seed}\u00a0` : `seed ${seed}`}: ${fr ? "semaine" : "week"} ${told + 1}/${weeks}\n`,
      );
    }
  };
  return await playYear({
    seed,
    weeks,
    faults,
    venv: process.env["VN_SOAK_VENV"] ?? "",
    lastDay,
    goOn: options.goOn,
    tell,
  });
}

program.parseAsync().catch((error: Error) => {
  process.stderr.write(`soak: ${error.stack}\n`);
  process.exitCode = 1;
});
