import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { programOf, proves } from "../../../components/render/command";
import { cronEntry } from "../../../components/render/cronEntry";
import { cronTrial } from "../../../components/render/cronTrial";
import { type EvnYaml, evnYaml } from "../../../components/render/evnYaml";
import { fileInput, fileWriter } from "../../../components/render/fileScripts";
import { installPackages } from "../../../components/render/hostPackages";
import { launcher, launcherRemoval, launcherWriter } from "../../../components/render/launcher";
import { pgPass, pgService } from "../../../components/render/pgFiles";
import { probe } from "../../../components/render/probe";
import { fullWrapper, runnerWrapper } from "../../../components/render/runnerFiles";
import { scramVerifier } from "../../../components/render/scram";
import { asAccount, asRoot, quote } from "../../../components/render/shell";
import { makeAccount, removeAccount, removeRest, stopProcesses } from "../../../components/render/systemUser";
import { venvBuilder } from "../../../components/render/venv";
import { nextSteps, scheduleInWords } from "../../../components/render/words";
import { namesOf } from "../../../config/names";
import { cronFault, whenInWords } from "../../../config/values/cron";
import { cronLine } from "../../../config/values/fields";
import type { Locale } from "../../../config/values/key";

const names = namesOf("default");
const times = { daily: "30 4 * * *", weekly: "0 22 * * 6", watch: "17 * * * *", mailTo: "admin@example.org" };
const target = { address: "db.example.org", port: 5432, database: "a:b\\c", sslmode: "require" };
const folder = mkdtempSync(join(tmpdir(), "vn-render-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("names of an instance, all within PostgreSQL's 63 bytes", () => {
  expect(namesOf("savoie")).toMatchSnapshot();
  for (const name of Object.values(namesOf(`a${"b".repeat(20)}`))) expect(name.length).toBeLessThan(64);
});

test("cron file", () => {
  expect(cronEntry(names, times, "fr")).toMatchSnapshot();
  expect(cronEntry(namesOf("savoie"), times, "en")).toMatchSnapshot();
});

test.each(["* * * * *", "*/5 0-6/2 1,15 jan-mar mon", "0 22 * * 7", "  0  5 * * sun "])(
  "cron takes %s",
  (line) => {
    expect(cronLine.parse(line)).toBe(line.trim().split(/\s+/).join(" "));
  },
);

test.each([
  ["60 * * * *", 'minute "60": outside 0-59'],
  ["* * 0 * *", 'day of month "0": outside 1-31'],
  ["* * * * 8", 'day of week "8": outside 0-7'],
  ["5-1 * * * *", "range is backwards"],
  ["5/2 * * * *", "a step needs * or a range"],
  ["@daily", "needs five fields"],
  ["* * * * lundi", "not a number"],
  ["* * * mon *", "not a name that cron knows here"],
  ["%0 * * * *", "not a number"],
])("cron would not take %s", (line, message) => {
  expect(cronFault(line)?.en).toContain(message);
  expect(cronLine.safeParse(line).success).toBe(false);
});

test("service file and pgpass", () => {
  expect(pgService(namesOf("default"), target, false)).toMatchSnapshot();
  expect(pgPass("vn_check", "p:w\\d", target)).toBe("db.example.org:5432:a\\:b\\\\c:vn_check:p\\:w\\\\d\n");
  expect(pgPass("u", "p", { ...target, address: "::1" })).toBe("\\:\\:1:5432:a\\:b\\\\c:u:p\n");
});

test("SCRAM verifier: the same password, the same text; PostgreSQL's form", () => {
  const verifier = scramVerifier("0123456789abcdef");
  expect(verifier).toBe(scramVerifier("0123456789abcdef"));
  expect(verifier).not.toBe(scramVerifier("0123456789abcdeg"));
  expect(verifier).toMatch(
    /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/,
  );
});

const evn: EvnYaml = {
  names,
  adminEmail: "admin@example.org",
  sites: [
    {
      name: "vn38",
      enabled: true,
      url: "https://www.faune-isere.org/",
      userEmail: "x@example.org",
      userPassword: 'pa"ss: #1\\',
      clientKey: "007",
      clientSecret: "yes",
    },
    {
      name: "vn07",
      enabled: false,
      url: "https://www.faune-ardeche.org/",
      userEmail: "x@example.org",
      userPassword: "é*&!",
      clientKey: "k",
      clientSecret: "s",
    },
  ],
  taxoExclude: [],
  territorialUnits: ["07", "38"],
  windowDays: 14,
  references: ["observers", "fields"],
  database: { address: "db.example.org", port: 5432, name: "geonature2db", password: "secret" },
};

test("evn.yaml: eleven controllers, two sites, no empty list", () => {
  expect(evnYaml(evn)).toMatchSnapshot();
  expect(evnYaml({ ...evn, territorialUnits: [] })).not.toContain("territorial_unit_ids");
});

test("commands and scripts", () => {
  expect({
    root: asRoot("echo it's root"),
    account: asAccount("vn_check", "/home/vn_check", "echo $HOME", true),
    packages: installPackages(),
    make: makeAccount(names, "prod", false),
    trial: cronTrial(names),
    stop: stopProcesses("vn_check"),
    remove: removeAccount(names),
    venv: venvBuilder("2.12.0"),
    runner: runnerWrapper(names, "en"),
    full: fullWrapper(names, "fr"),
    launcher: launcher(names),
    launcherWriter: launcherWriter(names, false),
    launcherTaken: launcherWriter(names, true),
    launcherRemoval: launcherRemoval(names),
  }).toMatchSnapshot();
});

const scriptsIn = (locale: Locale) => [
  installPackages(locale),
  makeAccount(names, "it's prod", true, locale),
  makeAccount(names, "prod", false, locale),
  cronTrial(names, locale),
  removeAccount(names, locale),
  removeRest(names, locale),
  fileWriter("bin/x", "0755", locale),
  venvBuilder("2.12.0", locale),
  launcher(names, locale),
  launcherWriter(names, true, locale),
  launcherRemoval(names),
];

test.each([
  ["en", [...scriptsIn("en"), probe(names), stopProcesses("vn_check")]],
  ["fr", scriptsIn("fr")],
] as const)(
  "every script is a program that dash can read, and shellcheck has nothing to say of it: %s",
  (locale, scripts) => {
    for (const script of scripts) {
      const account = asAccount("vn_check", "/home/vn_check", script, false, locale);
      execFileSync("sh", ["-n"], { input: account });
      const { stdout } = spawnSync("shellcheck", ["--shell=dash", "-e", "SC2016,SC1003", "-"], {
        input: script,
        encoding: "utf8",
      });
      expect(stdout).toBe("");
    }
  },
);

test("W1: what a script on the host says is French in a French stack, sudo's and the shell's advice too", () => {
  const said = (texts: string[]) =>
    texts.flatMap((text) =>
      [...text.matchAll(/echo (?:"([^"]*)"|'([^']*)')/g)].map((m) =>
        (m[1] ?? m[2] ?? "").replace(/\$\w+/g, ""),
      ),
    );
  const whole = (locale: Locale) => [
    ...scriptsIn(locale),
    asRoot("true", locale),
    programOf({ create: "true" }, "x", locale).command("create"),
  ];
  const english = /\b(the|is|are|not|there|could|that|needs?|has|waiting|installing|What|No|look)\b/;
  const en = said(whole("en")).filter((text) => english.test(text));
  expect(en.length).toBeGreaterThan(30);
  const fr = said(whole("fr"));
  expect(fr.length).toBe(said(whole("en")).length);
  expect(fr.filter((text) => english.test(text))).toEqual([]);
});

test("a quoted word is one word again in the shell", () => {
  for (const word of ["plain", "it's", 'a "b" $c `d` \\e', "two\nlines", "", "*"]) {
    expect(execFileSync("sh", ["-c", `printf %s ${quote(word)}`], { encoding: "utf8" })).toBe(word);
  }
});

test("a file is replaced as a whole, with its mode, or not at all", () => {
  const path = join(folder, "deep/er/file");
  const write = (input: string, before = "") =>
    execFileSync("sh", ["-euc", `${before}${fileWriter(path, "0600")}`], { input, stdio: "pipe" });
  write(fileInput("one\n"));
  write(fileInput("two\n"));
  expect(readFileSync(path, "utf8")).toBe("two\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const wrong = `${path}: what arrived is not what was sent`;
  expect(() => write("")).toThrow(wrong);
  expect(() => write(fileInput("three\n").slice(0, -1))).toThrow(wrong);
  expect(() => write(fileInput("three\n").slice(1))).toThrow(wrong);
  expect(() => write("three\n")).toThrow(wrong);
  expect(() => write(fileInput("three\n"), "cat() { command cat; false; }\n")).toThrow();
  expect(readFileSync(path, "utf8")).toBe("two\n");
  expect(execFileSync("ls", ["-A", join(folder, "deep/er")], { encoding: "utf8" })).toBe("file\n");
});

test("B9: a marker is known by the stack's identity, an older one by the stack's name or by the account's own password", () => {
  const home = join(folder, "home-of-account");
  const marker = join(folder, "marker/default.json");
  execFileSync("mkdir", ["-p", home, join(folder, "marker")]);
  writeFileSync(join(home, ".pgpass"), "db:5432:x\\:y:vn_check:the-password\n");
  const hash = (text: string) => createHash("sha256").update(`${text}\n`).digest("hex");
  const make = (before: object | undefined, id = "our-id", password = "the-password") => {
    if (before === undefined) rmSync(marker, { force: true });
    else writeFileSync(marker, `${JSON.stringify(before)}\n`);
    const script = makeAccount({ ...names, home, marker }, "prod", false);
    const stubs =
      "getent() { [ -e $marker ]; }; groupadd() { :; }; useradd() { :; }; install() { :; }; id() { echo vn_check; }";
    const done = spawnSync("sh", ["-euc", `${stubs}\n${script}`], {
      input: `${id} ${hash(password)}\n`,
      encoding: "utf8",
    });
    return { code: done.status, said: done.stderr, marker: JSON.parse(readFileSync(marker, "utf8")) };
  };
  const own = { instance: "default", account: "vn_check", id: "our-id" };
  const older = (stack: string) => ({ instance: "default", account: "vn_check", stack });
  expect(make(own)).toMatchObject({ code: 0, marker: own });
  expect(make(older("prod"), "our-id", "another")).toMatchObject({ code: 0, marker: own });
  expect(make(older("before-the-rename"))).toMatchObject({ code: 0, marker: own });
  for (const foreign of [older("theirs"), { ...own, id: "their-id" }]) {
    const refused = make(foreign, "our-id", "another");
    expect(refused).toMatchObject({ code: 1, marker: foreign });
    expect(refused.said).toContain("belongs to another stack");
    expect(refused.said).toContain(`echo '${JSON.stringify(own)}' >${marker}`);
  }
});

test("B1: what is left is removed by the stack that made it, and by no other", () => {
  const marker = join(folder, "rest/default.json");
  execFileSync("mkdir", ["-p", join(folder, "rest")]);
  const script = removeRest({ ...names, marker, home: join(folder, "rest/home"), cronFile: "no-such" });
  const removed = (id: string) => {
    writeFileSync(
      marker,
      `${JSON.stringify({ instance: "default", account: names.account, id: "our-id" })}\n`,
    );
    const stubs = "getent() { return 1; }; id() { return 1; }";
    execFileSync("sh", ["-euc", `${stubs}\n${script}`], { input: `${id}\n` });
    return !existsSync(marker);
  };
  expect(removed("another-id")).toBe(false);
  expect(removed("our-id")).toBe(true);
});

test("B3: a file may be empty, long, and without a line end", () => {
  const path = join(folder, "any");
  for (const text of ["", "\n", "é\u0001 x".repeat(100_000)]) {
    execFileSync("sh", ["-euc", fileWriter(path, "0600")], { input: fileInput(text) });
    expect(readFileSync(path, "utf8")).toBe(text);
  }
});

test("B1: a proof is that of one script, for one thing, and not a part of the command", () => {
  const one = programOf({ create: "echo a" }, "x");
  const others = [programOf({ create: "echo b" }, "x"), programOf({ create: "echo a" }, "y")];
  for (const other of others) expect(other.proof).not.toBe(one.proof);
  expect(one.command("create")).not.toContain(one.proof);
  expect(proves(`hello\n${one.proof}\r\n`, one.proof)).toBe(true);
  for (const said of ["", "done", `x ${one.proof}`, `${one.proof} x`, others[0]?.proof ?? ""])
    expect(proves(said, one.proof)).toBe(false);
});

test("B1: a script that fails midway proves nothing", () => {
  const run = (script: string) => {
    const program = programOf({ create: asRoot(script) }, "x");
    const command = program.command("create");
    const { stdout, status } = spawnSync("sh", ["-c", command], { input: program.text, encoding: "utf8" });
    return [status === 0, proves(stdout, program.proof)];
  };
  expect(run("true")).toEqual([true, true]);
  for (const script of ["false; true", "exit 3", "kill -9 $$", "kill -9 $PPID"])
    expect(run(script), script).toEqual([false, false]);
});

test("processes that are gone need no waiting, and an account that does not exist none either", () => {
  execFileSync("sh", ["-euc", stopProcesses("vn_check_that_nobody_made")]);
});

test("what runs when, in plain words", () => {
  expect(whenInWords("30 4 * * *", "fr")).toBe("chaque jour à 04:30");
  expect(whenInWords("0 22 * * 7", "fr")).toBe("chaque dimanche à 22:00");
  expect(whenInWords("17 * * * *", "en")).toBe("every hour, at minute 17");
  expect(whenInWords("*/5 2 1 * *", "en")).toBe('as cron reads "*/5 2 1 * *"');
  for (const locale of ["fr", "en"] as const) {
    expect(scheduleInWords(times, locale)).toMatchSnapshot();
    expect(nextSteps(names, true, locale)).toMatchSnapshot();
    expect(nextSteps(names, false, locale)[0]).toContain("init --background");
    // W2: longer lines the engine cuts.
    for (const begun of [true, false])
      for (const line of nextSteps(namesOf(`a${"b".repeat(20)}`), begun, locale))
        expect(Buffer.byteLength(line), line).toBeLessThanOrEqual(150);
  }
});
