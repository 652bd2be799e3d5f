import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { run } from "../support/command";
import { type Mutation, mutations } from "./patches";

/**
 * Puts each fault into a copy of the work tree, and sees that the command of its head notices it: it succeeds without
 * the fault and fails with it. Of vitest it is not enough to fail: a test that passed before has to have failed, so that
 * a patch that merely keeps everything from starting counts for nothing.
 *
 *   tsx test/mutations/main.ts [NAME…]      VN_REPORT=FILE: figures for scripts/test
 */
const WORKERS = 2;
const FRENCH = process.env["VN_LANG"] === "fr";
const words = (en: string, fr: string) => (FRENCH ? fr.replace(/ (?=[:;])/g, "\u00a0") : en);

/** What became of a mutation: undefined where it was noticed, as it has to be. */
type Verdict = string | undefined;

/** Tests of a run by file and full name: passed, failed, or something else. */
type Results = Map<string, string>;

interface Report {
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
}

/** Makes a copy of what git knows or would know of the work tree, on the packages of this one. */
function copy(): string {
  const folder = mkdtempSync(join(tmpdir(), "vn-mutation-"));
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  for (const file of files.split("\0").filter((name) => name !== "" && existsSync(name))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder });
  git("init", "-q");
  git("add", "-A");
  git("-c", "user.name=mutations", "-c", "user.email=none", "commit", "-q", "-m", "As it is");
  return folder;
}

function mend(folder: string): void {
  execFileSync("git", ["checkout", "-q", "."], { cwd: folder });
  execFileSync("git", ["clean", "-fdq"], { cwd: folder });
}

const key = (file: string, fullName: string) => `${file} ${fullName}`;

/** Runs tests of some files whose names fit the pattern. */
async function vitest(folder: string, project: string, files: string[], pattern: string): Promise<Results> {
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  const args = ["vitest", "run", "--project", project, ...files, "-t", pattern, "--reporter=json"];
  const { stderr } = await run("npx", [...args, `--outputFile=${report}`], { cwd: folder });
  if (!existsSync(report)) throw new Error(`vitest: ${stderr.trim().split("\n").slice(-8).join("\n")}`);
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  rmSync(report);
  const root = execFileSync("realpath", [folder], { encoding: "utf8" }).trim();
  return new Map(
    testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ fullName, status }) => [key(name.replace(`${root}/`, ""), fullName), status]),
    ),
  );
}

/** The tests that a mutation names, of those that were run. */
function namedBy({ file, title }: NonNullable<Mutation["vitest"]>, results: Results): string[] {
  return [...results.keys()].filter((name) => name.startsWith(`${file} `) && name.includes(title));
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** How the commands end as the project is: of each project all its tests at once. */
class AsItIs {
  private readonly tests = new Map<string, Results>();
  private readonly commands = new Map<string, number>();

  async see(folder: string, wanted: Mutation[]): Promise<void> {
    const projects = new Set(wanted.flatMap(({ vitest }) => vitest?.project ?? []));
    for (const project of projects) {
      const ours = wanted.flatMap((one) => (one.vitest?.project === project ? one.vitest : []));
      const files = [...new Set(ours.map(({ file }) => file))];
      const titles = [...new Set(ours.map(({ title }) => literal(title)))];
      say(
        `${project}: ${titles.length} tests as the project is`,
        `${project} : ${titles.length} tests, projet tel qu'il est`,
      );
      this.tests.set(project, await vitest(folder, project, files, titles.join("|")));
    }
    for (const { command, vitest } of wanted) {
      if (vitest || this.commands.has(command)) continue;
      say(`${command}: as the project is`, `${command} : projet tel qu'il est`);
      this.commands.set(command, (await run("bash", ["-c", command], { cwd: folder })).code);
    }
  }

  /** Why a mutation's command cannot tell anything; undefined: it can. */
  fault({ command, vitest }: Mutation): Verdict {
    if (!vitest)
      return this.commands.get(command) === 0
        ? undefined
        : words("its command fails without it", "sa commande échoue sans elle");
    const results = this.tests.get(vitest.project) ?? new Map();
    const named = namedBy(vitest, results).filter((name) => results.get(name) !== "skipped");
    if (named.length === 0) return words("there is no such test", "ce test n'existe pas");
    return named.every((name) => results.get(name) === "passed")
      ? undefined
      : words("its test fails without it", "son test échoue sans elle");
  }
}

/** Puts a mutation into a copy, and looks whether it is noticed. */
async function judge(folder: string, mutation: Mutation): Promise<Verdict> {
  const { path, command } = mutation;
  const applied = await run("git", ["apply", resolve(path)], { cwd: folder });
  if (applied.code !== 0)
    return words(
      `its patch does not apply any more: ${applied.stderr}`,
      `son correctif ne s'applique plus : ${applied.stderr}`,
    );
  try {
    if (!mutation.vitest) {
      const { code } = await run("bash", ["-c", command], { cwd: folder });
      return code === 0
        ? words("SURVIVES: its command does not notice", "SURVIT : sa commande ne voit rien")
        : undefined;
    }
    const { project, file, title } = mutation.vitest;
    const results = await vitest(folder, project, [file], literal(title));
    const states = namedBy(mutation.vitest, results).map((name) => results.get(name));
    if (states.includes("failed")) return undefined;
    return states.includes("passed")
      ? words("SURVIVES: its test does not notice", "SURVIT : son test ne voit rien")
      : words(
          "its test does not even begin: it breaks too much",
          "son test ne commence même pas : elle casse trop",
        );
  } finally {
    mend(folder);
  }
}

function say(en: string, fr: string): void {
  process.stdout.write(`${words(en, fr)}\n`);
}

async function main(names: string[]): Promise<void> {
  const wanted = mutations().filter(({ name }) => names.length === 0 || names.includes(name));
  const left = [...wanted];
  let caught = 0;
  let failed = 0;
  const asItIs = new AsItIs();
  const folders = Array.from({ length: Math.min(WORKERS, wanted.length) }, copy);
  try {
    await asItIs.see(folders[0] as string, wanted);
    await Promise.all(
      folders.map(async (folder) => {
        for (let next = left.shift(); next; next = left.shift()) {
          const since = Date.now();
          const verdict =
            asItIs.fault(next) ?? (await judge(folder, next).catch((error) => (error as Error).message));
          const took = `${Math.round((Date.now() - since) / 1000)} s`;
          if (verdict === undefined) caught += 1;
          else failed += 1;
          const { name, command } = next;
          if (verdict === undefined) say(`✓ ${name}  ${took}`, `✓ ${name}  ${took}`);
          else
            say(
              `✗ ${name}: ${verdict.trim()}\n    ${command}`,
              `✗ ${name} : ${verdict.trim()}\n    ${command}`,
            );
        }
      }),
    );
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  say(`${caught} caught, ${failed} not`, `${caught} attrapées, ${failed} non`);
  const report = process.env["VN_REPORT"];
  if (report)
    writeFileSync(
      report,
      JSON.stringify({ numPassedTests: caught, numFailedTests: failed, testResults: [] }),
    );
  process.exitCode = failed > 0 || caught === 0 ? 1 : 0;
}

void main(process.argv.slice(2));
