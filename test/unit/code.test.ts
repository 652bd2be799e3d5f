import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/command";

/** A tool of the project's has nothing to say; what it prints is the failure's text. */
async function silent(command: string, args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(command, args);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
}

const tracked = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trim().split("\n");
const shellFiles = tracked.filter(
  (path) =>
    path.endsWith(".sh") ||
    ((path.startsWith("scripts/") || path.startsWith(".ci/") || path.startsWith("test/plugins/")) &&
      !/\.[a-z]+$/.test(path) &&
      /^#!.*\b(ba)?sh\b/.test(readFileSync(path, "utf8").split("\n")[0] ?? "")),
);

test("the formatter and the linter have nothing to say", { timeout: 120_000 }, async () => {
  await silent("npx", ["biome", "ci", "."]);
});

test("the types hold", { timeout: 180_000 }, async () => {
  await silent("npx", ["tsc", "--noEmit"]);
});

test("shellcheck has nothing to say of the shell files", { timeout: 120_000 }, async () => {
  expect(shellFiles).toContain("scripts/test");
  await silent("shellcheck", ["--source-path=SCRIPTDIR/..", "-x", ...shellFiles]);
});

test("the lock file does not record where packages came from", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/"resolved":/);
});

test("npm ci finds the lock file complete, for every platform", { timeout: 120_000 }, async () => {
  // In a folder of its own, where no installed package hides one that the lock lacks.
  const clean = mkdtempSync(join(tmpdir(), "vn-lock-"));
  try {
    for (const name of ["package.json", "package-lock.json", ".npmrc"]) copyFileSync(name, join(clean, name));
    const { code, stdout, stderr } = await run("npm", ["ci", "--dry-run"], { cwd: clean });
    expect(code, stdout + stderr).toBe(0);
  } finally {
    rmSync(clean, { recursive: true });
  }
});

test("every version is pinned exactly, and the command package is the real release", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
  expect(dependencies["@pulumi/command"]).toBe("1.2.1");
});

test.each([
  ["demo", "--bogus"],
  ["demo", "--release", "sid"],
  ["demo", "--observations", "many"],
  ["demo", "--keep", "--lang"],
  ["test", "--bogus"],
  ["test", "sql", "--release", "trixie"],
  ["test", "fresh", "--release", "sid"],
  ["bench", "repair", "--rows", "7"],
  ["bench", "--bogus"],
  ["soak", "--weeks", "two"],
  ["soak", "--bogus"],
  ["mutations", "--bogus"],
  ["mutations", "no-such-mutation"],
  ["engine", "--bogus"],
  ["host", "start", "--bogus"],
])(
  "scripts/%s %s %s refuses with its usage, in both languages, before it installs anything",
  async (name, ...args) => {
    const said = (VN_LANG: string) =>
      run(resolve(`scripts/${name}`), args, {
        env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin", VN_LANG },
      });
    const [en, fr] = [await said("en"), await said("fr")];
    expect(en.code, en.stderr).toBe(2);
    expect(en.stderr).toMatch(/^Usage: /);
    expect(en.stderr).toMatch(/\nerror: .+\n$/);
    expect(fr.code, fr.stderr).toBe(2);
    expect(fr.stderr).toMatch(/^Usage\u00a0: /);
    expect(fr.stderr).toMatch(/\nerreur\u00a0: .+\n$/);
  },
);

test("W1: the programs for people say their faults in both languages", async () => {
  const said = async (args: string[], LANG: string) => {
    const { PATH = "" } = process.env;
    const { code, stderr } = await run("npx", ["tsx", ...args], { env: { PATH, LANG, LC_ALL: "" } });
    expect(code).toBe(1);
    return stderr;
  };
  expect(await said(["scripts/recover/main.ts", "--bogus"], "C")).toMatch(/^Usage: npm run recover/);
  expect(await said(["scripts/recover/main.ts", "--bogus"], "fr_FR.UTF-8")).toMatch(
    /^Usage : npm run recover/,
  );
  expect(await said(["scripts/package.ts", "docs"], "C")).toMatch(/docs is not empty: name a new folder/);
  expect(await said(["scripts/package.ts", "docs"], "fr_FR.UTF-8")).toMatch(/docs n'est pas vide/);
});
