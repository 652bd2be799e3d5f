import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleRunner } from "../../components/render/bundle";
import { SCHEMA } from "../../config/schema";
import { type Keys, keysOf, type Node } from "../../config/values/key";
import { run } from "../support/command";
import { documented, said } from "../support/printed";

// W2: each command that is printed anywhere, and how it is tried.

const ROOT = resolve(__dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "vn-commands-"));
  writeFileSync(join(home, "vn-check.mjs"), bundleRunner());
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Throws where a command would not do what is said of it. */
type Try = (command: string) => Promise<void> | void;

/** Refused for the files that are not there: its words were understood. */
const byTheRunner: Try = async (command) => {
  const args = command
    .replace(/ N\b/, " 7")
    .replace(/ (SITE|x)\b/, " vn38")
    .split(" ")
    .slice(1);
  const { code, stderr } = await run(process.execPath, [join(home, "vn-check.mjs"), ...args], {
    env: { PATH: process.env["PATH"], HOME: home, LANG: "C" },
  });
  if (args[0] === "status") expect([1, 2], command).toContain(code);
  else
    expect([code, stderr], command).toEqual([
      1,
      expect.stringMatching(/^vn-check: .*vn-check\.json is not there/),
    ]);
};

/** With --help it says what it is, and refuses what it does not know before. */
const byItsHelp: Try = async (command) => {
  const [program = "", ...args] = command.split(" -- ")[0]?.split(" ") ?? [];
  for (const file of command.split(" ").filter((word) => /^test\//.test(word)))
    expect(existsSync(join(ROOT, file)), command).toBe(true);
  const { code, stdout } = await run(join(ROOT, program), [...args, "--help"], {
    cwd: ROOT,
    env: { HOME: home, PATH: process.env["PATH"], VN_LANG: "en" },
  });
  expect([code, stdout], command).toEqual([0, expect.stringMatching(/^Usage: /)]);
};

/** Of package.json; those that have a help are asked for it. */
const byNpm: Try = async (command) => {
  const [, name = ""] = /^npm run (?:-s )?([\w:]+)/.exec(command) ?? [];
  expect(Object.keys(scripts), command).toContain(name);
  if (!["sql", "recover", "emulator"].includes(name)) return; // generate, check, format, build:package: tests of their own
  const { code, stdout, stderr } = await run("npm", ["run", "-s", name, "--", "--help"], {
    cwd: ROOT,
    env: { ...process.env, LANG: "C", LC_ALL: "" },
  });
  expect([code, stdout + stderr], command).toEqual([0, expect.stringMatching(/^Usage: /)]);
};

/** A configuration's key that the kit has. The engine itself is asked in test/e2e/engine.test.ts. */
const byItsKey: Try = (command) => {
  const [, key] =
    /'?(?:vn-sync-check:)?([\w.[\]<>]+)'?(?: (?:<.*>|'.*'|\S+))?$/.exec(
      command.replace(/.* --\w+(?= )/, ""),
    ) ?? [];
  expect(key && node(key.split("."), SCHEMA), command).toBeTruthy();
};

function node([first = "", ...rest]: string[], keys: Keys): Node | undefined {
  const found = keys[first] ?? Object.values(keys).find(() => Object.keys(keys).includes("<name>"));
  if (found === undefined || rest.length === 0) return found;
  if (found.kind === "key") return undefined;
  return node(found.kind === "each" ? rest.slice(1) : rest, keysOf(found));
}

const inEngineTest: Try = () => {};
const inSqlTest: Try = () => {};
const inHostTest: Try = () => {};
const ofGit: Try = () => {};

const TRIED: [pattern: RegExp, by: Try][] = [
  [/^vn-check /, byTheRunner],
  [/^scripts\/\w+\b/, byItsHelp],
  [/^npm run /, byNpm],
  [/^pulumi config (set|rm) .*(vn-sync-check:(?!x')|(adoptExisting|destroyData|instance) )/, byItsKey],
  // test/e2e/engine.test.ts
  [/^pulumi config (set|rm)( --(path|secret))*( 'vn-sync-check:x'| …)?$/, inEngineTest],
  [/^pulumi (up|preview|destroy|login|stack (init|rename))\b/, inEngineTest],
  // test/sql/printed.test.ts
  [/^(SELECT|CALL|select|DELETE FROM dbadmin\.mail_queue) /, inSqlTest],
  // test/unit/code.test.ts and package.test.ts; fresh.test.ts on a bare Debian
  [
    /^npm (ci|install( --package-lock-only)?)$/,
    () => expect(existsSync(join(ROOT, "package-lock.json"))).toBe(true),
  ],
  [/^npm install --install-links <kit>\/dist$/, () => expect(scripts).toHaveProperty("build:package")],
  [/^git (clone|pull)$/, ofGit],
  [
    /^npx vitest run --project (unit|sql|runner|e2e)( test\/\S+)? -u$/,
    (command) => {
      const [, project = "", file] = /--project (\w+)( test\/\S+)?/.exec(command) ?? [];
      expect(readFileSync(join(ROOT, "vitest.config.mts"), "utf8")).toContain(`"${project}"`);
      if (file) expect(existsSync(join(ROOT, file.trim()))).toBe(true);
    },
  ],
  [
    /^cp (Pulumi\.example\.yaml) \S+$/,
    (command) => expect(existsSync(join(ROOT, command.split(" ")[1] ?? ""))).toBe(true),
  ],
  // test/e2e/hostScripts.test.ts
  [/^(ssh-keyscan -t ed25519 <\w+>|pg_dump -n src_vn_json_check -n dbadmin)$/, inHostTest],
];

/** Between backticks in the documents, and nothing that is typed. */
const NO_COMMAND = [
  /^([*\d]+ ){4}[*\d]+$/, // a line of cron
  /^(ALTER DATABASE … SET|SET LOCAL|COMMENT ON)$/, // a kind of statement
  /^CALL (src_vn_json_check\.)?fct_fix_sync\(…\)$/, // all of its calls
  /^session_replication_role = replica$|^repair\.\w+: \w+$/, // a setting
  /^import \{.*\} from ".*"$/,
  /^kill -9$/, // what is borne
  /src_vn_json_check\.fix_\w+\(/, // of version 0.1: what is called otherwise now
  /^\\sf /, // psql's own: test/sql/printed.test.ts
  /^(deleted by a run|deleted in main|deletion reported|lost by others|newer in main|version unknown)$/,
];

const unique = (commands: string[]) => [...new Set(commands)].sort();

describe("each command", () => {
  const docs = documented();
  const { commands, tools, bare } = said();

  test("of the documents is known", () => {
    const unknown = docs.filter(
      ({ command }) =>
        ![...TRIED.map(([pattern]) => pattern), ...NO_COMMAND].some((pattern) => pattern.test(command)),
    );
    expect(unknown.map(({ file, command }) => `${file}: say in TRIED how this is tried: ${command}`)).toEqual(
      [],
    );
    expect(docs.length).toBeGreaterThan(80);
  });

  test("of the programs' texts is known", () => {
    const unknown = commands.filter(({ command }) => !TRIED.some(([pattern]) => pattern.test(command)));
    expect(unknown.map(({ file, command }) => `${file}: say in TRIED how this is tried: ${command}`)).toEqual(
      [],
    );
    expect(commands.length).toBeGreaterThan(60);
    expect(bare).toEqual([]);
    // Each is looked for on a host: test/e2e/hostScripts.test.ts.
    expect(tools.length).toBeGreaterThan(30);
  });

  test("works as it is printed", { timeout: 120_000 }, async () => {
    const all = unique([...docs, ...commands].map(({ command }) => command)).filter(
      (command) => !NO_COMMAND.some((pattern) => pattern.test(command)),
    );
    for (const command of all) await TRIED.find(([pattern]) => pattern.test(command))?.[1](command);
  });

  test("that is not ours is refused by what tries it", async () => {
    for (const [wrong, by] of [
      ["vn-check statut", byTheRunner],
      ["vn-check repair --dry", byTheRunner],
      ["scripts/test --bogus", byItsHelp],
      ["scripts/test sql -- test/sql/nothing.test.ts", byItsHelp],
      ["npm run nothing", byNpm],
      ["pulumi config set --path vn-sync-check:windowDay 7", byItsKey],
      ["pulumi config set --path 'vn-sync-check:sites.vn38.key' x", byItsKey],
    ] as const)
      await expect((async () => await by(wrong))(), wrong).rejects.toThrow();
  });
});

test("every option that a program's help names is one that it takes", { timeout: 120_000 }, async () => {
  const values: Record<string, string> = {
    "--release": "bookworm",
    "--postgres": "15",
    "--observations": "1500",
    "--lang": "fr",
    "--rows": "50000",
    "--dir": "/tmp/x",
    "--port": "2222",
    "--owner": "1",
    "--authorized-key": "/tmp/x",
    "--admin-user": "ops",
  };
  for (const [name, before] of [
    ["demo", []],
    ["test", []],
    ["bench", ["repair"]],
    ["host", ["start"]],
  ] as const)
    for (const VN_LANG of ["en", "fr"]) {
      const said = async (...args: string[]) =>
        await run(join(ROOT, "scripts", name), args, {
          env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin", VN_LANG },
        });
      const help = await said("--help");
      expect(help.code, help.stderr).toBe(0);
      const options = unique(
        [...help.stdout.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option),
      );
      for (const option of options.filter((one) => one !== "--help")) {
        const value = values[option] === undefined ? [] : [values[option]];
        const group = name === "test" && option === "--release" ? ["fresh"] : before;
        const { code, stderr } = await said(...group, option, ...value, "--help");
        expect([code, stderr], `scripts/${name} ${option}`).toEqual([0, ""]);
      }
    }
});

test("every option that vn-check's help names is one that it takes", { timeout: 120_000 }, async () => {
  const env = { PATH: process.env["PATH"], HOME: home };
  for (const LANG of ["C", "fr_FR.UTF-8"]) {
    const help = async (...args: string[]) =>
      (
        await run(process.execPath, [join(home, "vn-check.mjs"), ...args, "--help"], {
          env: { ...env, LANG },
        })
      ).stdout;
    const verbs = [...(await help()).matchAll(/^ {2}([a-z]\w+) \[options\]/gm)].map(([, verb = ""]) => verb);
    expect(verbs).toContain("weekly");
    for (const verb of verbs) {
      const words = await help(verb);
      const given = verb === "transfer_vn_full_2w" ? ["evn.yaml", "vn_check"] : [];
      for (const [, option = "", value] of words.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)(?: [<[](\w+))?/gm))
        if (option !== "--help")
          await byTheRunner(["vn-check", verb, ...given, option, ...(value ? ["7"] : [])].join(" "));
    }
  }
});
