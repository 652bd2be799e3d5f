import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

// A clone as git makes it where it turns line ends into those of Windows.
const PROJECT = resolve(__dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "vn-clone-"));
const clone = join(folder, "Téléchargements vn kit");
beforeAll(() => {
  execFileSync("git", ["-c", "core.autocrlf=true", "clone", "-q", "--no-hardlinks", PROJECT, clone]);
  symlinkSync(join(PROJECT, "node_modules"), join(clone, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What goes to host and database from this checkout, but for the runner's bundle. */
function texts(checkout: string): string {
  const program = `
    const { clientAdapter } = require("./components/render/bundle");
    const { venvBuilder } = require("./components/render/venv");
    const { print } = require("./sql/print");
    const { REPAIR_DEFAULTS } = require("./sql/installation");
    const schemas = { main: "m", check: "c", repair: "r", monitoring: "g" };
    const whole = { instance: "default", schemas, roles: null, extraGrants: [], settings: REPAIR_DEFAULTS };
    process.stdout.write(Object.values(clientAdapter()).join() + venvBuilder("2.12.0") + print("install", whole, "fr") + print("remove", whole, "fr"));`;
  return execFileSync(join(PROJECT, "node_modules/.bin/tsx"), ["-e", program], {
    cwd: checkout,
    encoding: "utf8",
    maxBuffer: 64e6,
  });
}

test("B14: a checkout with core.autocrlf has the line ends of this one", () => {
  for (const file of [
    "scripts/demo",
    "scripts/host",
    "sql/head.sql",
    "scripts/runner/download/client_job.py",
  ])
    expect(readFileSync(join(clone, file), "utf8"), file).not.toContain("\r");
});

test("B14: files that got other line ends all the same give the same texts to host and database", () => {
  for (const file of [
    "sql/4_proof/prove.sql",
    "scripts/runner/download/client_job.py",
    "components/render/venv.ts",
  ]) {
    const path = join(clone, file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("\n", "\r\n"));
  }
  // The clone is of HEAD, and so is what it is compared with.
  const other = join(folder, "plain");
  execFileSync("git", ["clone", "-q", "--no-hardlinks", PROJECT, other]);
  symlinkSync(join(PROJECT, "node_modules"), join(other, "node_modules"));
  expect(texts(clone)).toBe(texts(other));
});
