import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleRunner } from "../../components/render/bundle";
import { hostConfigOf } from "../../config/host";
import { parseConfig } from "../../config/parse";
import { MINIMAL, settings } from "./components/stack";

const home = mkdtempSync(join(tmpdir(), "vn-version-"));
const program = join(home, "vn-check.mjs");
const config = hostConfigOf(parseConfig(settings(MINIMAL)));

beforeAll(() => writeFileSync(program, bundleRunner()));
afterAll(() => rmSync(home, { recursive: true }));

/** Runs a verb in a home whose vn-check.json is this. */
function run(verb: string, file: object) {
  writeFileSync(join(home, "vn-check.json"), JSON.stringify(file));
  const env = { HOME: home, PATH: process.env["PATH"] };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, verb], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

test.each(["daily", "weekly", "watch", "repair", "status"])(
  "%s of another version than its file's says that an upgrade is under way, and is no failure",
  (verb) => {
    const { status, stderr } = run(verb, { ...config, version: "99.0.0", aKeyOfLater: 1 });
    expect(stderr).toMatch(
      /vn-check\.json est de la version 99\.0\.0 du kit .* une mise à jour est en cours/,
    );
    expect(status).toBe(75);
  },
);

test("a faulty file is a failure, told by key in the stack's language; status cannot tell then", () => {
  const said = "windowDays vaut 0 : donner un nombre entier de 1 à 365";
  const daily = run("daily", { ...config, windowDays: 0 });
  expect(daily.stderr).toContain(said);
  expect(daily.status).toBe(1);
  const status = run("status", { ...config, windowDays: 0 });
  expect(status.stdout).toMatch(/^INCONNU {2}/);
  expect(status.stdout).toContain(`${said} [settings-file]`);
  expect(status.status).toBe(2);
});
