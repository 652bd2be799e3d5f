import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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

test("every version is pinned exactly, and the command package is the real release", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
  expect(dependencies["@pulumi/command"]).toBe("1.2.1");
});
