import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Runs a tool of the project's; what it prints is the failure's text. */
function run(command: string, args: string[]): { code: number; output: string } {
  try {
    return { code: 0, output: execFileSync(command, args, { encoding: "utf8", stdio: "pipe" }) };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { code: status ?? 1, output: `${stdout}\n${stderr}` };
  }
}

const tracked = run("git", ["ls-files"]).output.trim().split("\n");
const shellFiles = tracked.filter(
  (path) =>
    path.endsWith(".sh") ||
    ((path.startsWith("scripts/") || path.startsWith(".ci/") || path.startsWith("test/plugins/")) &&
      !/\.[a-z]+$/.test(path) &&
      /^#!.*\b(ba)?sh\b/.test(readFileSync(path, "utf8").split("\n")[0] ?? "")),
);

test("the formatter and the linter have nothing to say", { timeout: 120_000 }, () => {
  const { code, output } = run("npx", ["biome", "ci", "."]);
  expect(code, output).toBe(0);
});

test("the types hold", { timeout: 180_000 }, () => {
  const { code, output } = run("npx", ["tsc", "--noEmit"]);
  expect(code, output).toBe(0);
});

test("shellcheck has nothing to say of the shell files", { timeout: 120_000 }, () => {
  expect(shellFiles).toContain("scripts/test");
  const { code, output } = run("shellcheck", ["--source-path=SCRIPTDIR/..", "-x", ...shellFiles]);
  expect(code, output).toBe(0);
});

test("the lock file does not record where packages came from", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/"resolved":/);
});

test("every version is pinned exactly, and the command package is the real release", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
  expect(dependencies["@pulumi/command"]).toBe("1.2.1");
});
