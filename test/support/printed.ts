import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";
import { catalogue } from "../../sql/french";

/** A command as people find it printed, and in which file. */
export interface Printed {
  file: string;
  command: string;
}

const tracked = (...paths: string[]) =>
  execFileSync("git", ["ls-files", "--", ...paths], { encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "");

/** Between backticks, and the lines of blocks of shell, in all documents. */
export function documented(): Printed[] {
  return tracked("*.md").flatMap((file) => {
    const found: Printed[] = [];
    const prose = readFileSync(file, "utf8").replace(
      /```(\w*)\n([\s\S]*?)```/g,
      (_, language, block: string) => {
        if (language === "sh")
          for (const line of block.split("\n"))
            if (line.trim() !== "") found.push({ file, command: line.replace(/\s+#.*/, "") });
        return "";
      },
    );
    for (const [, span = ""] of prose.matchAll(/`([^`]+)`/g))
      if (/\s/.test(span) && !/^["[{-]/.test(span))
        found.push({ file, command: span.replace(/\s+/g, " ").replaceAll("\\|", "|") });
    return found;
  });
}

/** What stands for a value in a template. */
const FILLED: Record<string, string> = {
  at: "host",
  account: "vn_check",
  home: "/home/vn_check",
  command: "vn-check",
  status: "vn-check status",
  dryRun: "vn-check repair --dry-run",
  init: "vn-check init --background",
};

/** Where the texts are that people read, not scripts. */
const TEXTS = [
  "config/*.ts",
  "components/host/*.ts",
  "components/render/words.ts",
  "components/render/databaseLogin.ts",
  "components/*.ts",
  "sql/*.ts",
  "scripts/runner/text/*.ts",
  "scripts/recover/*.ts",
];

/** Texts of the programs, in both languages, with something in the places of their values. */
function texts(): { file: string; text: string }[] {
  const files = tracked(...TEXTS.map((path) => `:(glob)${path.replace("*.ts", "**/*.ts")}`)).filter(
    (file) => !/^components\/render\/(?!words|databaseLogin)/.test(file),
  );
  const found = files.flatMap((file) => {
    const tree = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);
    const here: { file: string; text: string }[] = [];
    const walk = (node: ts.Node) => {
      if (ts.isStringLiteralLike(node)) here.push({ file, text: node.text });
      else if (ts.isTemplateExpression(node))
        here.push({
          file,
          text:
            node.head.text +
            node.templateSpans
              .map(({ expression, literal }) => (FILLED[expression.getText()] ?? "x") + literal.text)
              .join(""),
        });
      ts.forEachChild(node, walk);
    };
    walk(tree);
    return here;
  });
  const said = [...catalogue()].flat().map((text) => ({ file: "sql/fr.po", text }));
  return [...found, ...said];
}

/** What follows a program's name in running text: options, and what is no word of a sentence. */
const IN_PROSE = [
  /\bpulumi (?:config (?:set|rm)|stack (?:init|rename)|up|destroy|preview|refresh|cancel)(?: --[\w-]+)*(?: (?:'vn-sync-check:[^']+'|vn-sync-check:[\w.<>]+|[a-z]+[A-Z]\w*|instance)(?: (?:<[^>]+>|true|false|\d+|'[^']*'|ca\.crt))?)?/g,
  /(?<![\w/.-])vn-check (?:init|daily|weekly|watch|repair|status)(?: --[a-z-]+(?: (?:\d+|(?:[A-Z]+|x|vn38)(?:\/(?:[A-Z]+|x))?(?![\w:])))?)*/g,
  /\bnpm (?:ci|run (?:-s )?[\w:]+)/g,
  /\bgit (?:pull|clone)\b/g,
];
const SQL =
  /\b(?:SELECT|CALL) (?:\* FROM )?(?:src_vn_json_\w+|\{\{repair\}\})\.\w+\((?:[^()…]|\([^()]*\))*\)/g;
/** A program of Debian's with an argument that no sentence has. */
const TOOL =
  /(?<![\w/.-])(systemctl|chown|chmod|chage|findmnt|df|lsattr|chattr|mount|mv|usermod|visudo|timedatectl|apt-get|journalctl|ssh-keyscan|createdb|ssh|sudo|psql)(?= (?:-|\/|[a-z]+=|[\w+]+: |install |enable |set-ntp |o\+x |\d{3,4} |x |vn_check))/g;

const BARE = /\b(?:SELECT|CALL) (?:\* FROM )?(?!pg_|count\(|coalesce\(|x\()[a-z_]+\(/g;

export interface Said {
  /** Of our programs and the engine's. */
  commands: Printed[];
  sql: Printed[];
  /** Calls of our functions for which a person would have to know the schema. */
  bare: Printed[];
  /** Programs that a person runs on the host, or on this machine. */
  tools: Printed[];
}

/** The commands in what the programs say. */
export function said(): Said {
  const all = texts();
  const found = (patterns: RegExp[]) =>
    all.flatMap(({ file, text }) =>
      patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([command]) => ({ file, command }))),
    );
  return { commands: found(IN_PROSE), sql: found([SQL]), bare: found([BARE]), tools: found([TOOL]) };
}
