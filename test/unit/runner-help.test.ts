import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleRunner } from "../../components/render/bundle";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "vn-help-"));
  writeFileSync(join(home, "vn-check.mjs"), bundleRunner());
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function vnCheck(lang: string, ...args: string[]) {
  const env = { HOME: home, PATH: process.env["PATH"], LANG: lang };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(home, "vn-check.mjs"), ...args], {
    encoding: "utf8",
    env,
  });
  return { code: status, stdout, stderr };
}

test.each(["init", "daily", "weekly", "watch", "repair", "status", "transfer_vn_full_2w"])(
  "%s explains itself in both languages, with the exit codes",
  (verb) => {
    for (const [lang, codes] of [
      ["en_GB.UTF-8", /Exit codes: 0 done/],
      ["fr_FR.UTF-8", /Codes de sortie\u00a0: 0 fait/],
    ] as const) {
      const { code, stdout, stderr } = vnCheck(lang, verb, "--help");
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(codes);
      expect(stdout).toMatch(/--verbose/);
    }
  },
);

test("the old name of --accept-download is understood, and shown to nobody", () => {
  const help = vnCheck("C", "weekly", "--help").stdout;
  expect(help).toMatch(/--accept-download/);
  expect(help).not.toMatch(/--believe/);
  for (const option of ["--accept-download", "--believe"])
    expect(vnCheck("C", "weekly", option)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^vn-check: .*vn-check\.json is not there/),
    });
  expect(vnCheck("C", "weekly", "--accept")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/unknown option/),
  });
});

test("a number that is none is refused before anything is read", () => {
  const { code, stderr } = vnCheck("C", "repair", "--accept", "all");
  expect(code).toBe(1);
  expect(stderr).toMatch(/'all' is invalid.*1, 2, 3/);
});
