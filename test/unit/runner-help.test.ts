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

// W1
test("a command line is explained and refused in French where that is spoken", () => {
  const help = vnCheck("fr_FR.UTF-8", "--help").stdout;
  expect(help).toMatch(/^Usage\u00a0: vn-check \[options\] \[commande\]/);
  expect(help).toMatch(/\nOptions\u00a0:\n {2}-h, --help +affiche cette aide\n/);
  expect(help).toMatch(/\nCommandes\u00a0:\n/);
  expect(help).toMatch(/help \[commande\] +affiche l'aide d'une commande/);
  expect(help).not.toMatch(/Usage:|Options:|Commands:|display help/);
  for (const verb of ["status", "repair", "transfer_vn_full_2w"]) {
    const own = vnCheck("fr_FR.UTF-8", verb, "--help").stdout;
    expect(own).not.toMatch(/Usage:|Options:|Arguments:|display help/);
  }
  expect(help).not.toMatch(/\n\s+[:;!?»]/);
  const refused = (...args: string[]) => vnCheck("fr_FR.UTF-8", ...args);
  for (const [args, said] of [
    [
      ["statut"],
      "erreur\u00a0: commande inconnue\u00a0: «\u00a0statut\u00a0»\n(vouliez-vous dire status\u00a0?)\n",
    ],
    [
      ["repair", "--al"],
      "erreur\u00a0: option inconnue\u00a0: «\u00a0--al\u00a0»\n(vouliez-vous dire --all\u00a0?)\n",
    ],
    [["repair", "--accept"], "erreur\u00a0: l'option «\u00a0--accept <n>\u00a0» veut une valeur\n"],
    [["status", "x"], "erreur\u00a0: trop d'arguments\u00a0: 0 attendus, 1 donnés\n"],
    [["transfer_vn_full_2w"], "erreur\u00a0: il manque l'argument «\u00a0config\u00a0»\n"],
    [
      ["repair", "--accept", "x"],
      "erreur\u00a0: la valeur «\u00a0x\u00a0» ne va pas pour l'option «\u00a0--accept <n>\u00a0»\u00a0: 1, 2, 3 …\n",
    ],
  ] as const)
    expect(refused(...args)).toMatchObject({ code: 1, stderr: said });
});

// W2
test("another instance's program prints its own command and schemas", () => {
  const said = (...args: string[]) => {
    const env = {
      HOME: home,
      PATH: process.env["PATH"],
      VN_CHECK_COMMAND: "vn-check-savoie",
      VN_CHECK_LOCALE: "fr",
    };
    return spawnSync(process.execPath, [join(home, "vn-check.mjs"), ...args], { encoding: "utf8", env });
  };
  expect(said("--help").stdout).toMatch(/^Usage\u00a0: vn-check-savoie \[options\]/);
  // The language is the stack's, although nothing says it but the wrapper.
  expect(said("daily").stderr).toMatch(/n'existe pas.*\u00a0: vn-check-savoie status\n$/);
  expect(said("daily").status).toBe(1);
});
