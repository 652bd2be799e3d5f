import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";

/** A piece of French text as it stands in a file: where it begins, and its characters. */
export interface FrenchText {
  file: string;
  start: number;
  text: string;
}

/** A blank that could break, before a sign that has a space before it in French, or inside French quotation marks. */
export const PLAIN_BLANK = /(?<=\S|^) (?=[:;!?»](?:[\s\\`'".,)…]|$))|(?<=«) /g;

const WORDS =
  /[àâçéèêëîïôûùœÀÂÉÈÊÎŒ«]|\b(le|la|les|des|une|du|pas|est|dans|pour|avec|sur|par|aucune?|sont|voir|puis|sinon|erreur|moteur|lancez|installation de)\b/;

/** Files with nothing for people who read French: the emulated portal's data, and what is kept of other versions. */
const OTHERS = /^(test\/emulator\/|test\/sql\/fixtures\/|scripts\/lib\/engine\/[^.]+\/|package-lock\.json)/;

/** Every French text that the project shows to people. */
export function frenchTexts(): FrenchText[] {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  })
    .split("\n")
    .filter((file) => file !== "" && existsSync(file) && !OTHERS.test(file));
  return files.flatMap((file) => {
    if (/\.m?ts$/.test(file)) return inTypeScript(file, readFileSync(file, "utf8"));
    if (file.endsWith(".fr.md")) return inMarkdown(file, readFileSync(file, "utf8"));
    if (file.endsWith("fr.po")) return inCatalogue(file, readFileSync(file, "utf8"));
    const text = readFileSync(file, "utf8");
    return /^#!.*\b(ba)?sh\b|^# shellcheck shell=bash$/m.test(text.slice(0, 400)) ? inShell(file, text) : [];
  });
}

/** Literals that stand where a French text is wanted, or that have a French word. */
function inTypeScript(file: string, source: string): FrenchText[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const found: FrenchText[] = [];
  const walk = (node: ts.Node, french: boolean) => {
    const isFrench = french || begins(node);
    if (
      ts.isStringLiteralLike(node) ||
      ts.isTemplateExpression(node) ||
      ts.isRegularExpressionLiteral(node)
    ) {
      const parts = ts.isTemplateExpression(node)
        ? [node.head, ...node.templateSpans.map((span) => span.literal)]
        : [node];
      const raw = parts.map((part) => ({ start: part.getStart(), text: part.getText() }));
      if (isFrench || WORDS.test(prose(raw.map(({ text }) => text).join(" "))))
        found.push(...raw.map((part) => ({ file, ...part })));
    }
    ts.forEachChild(node, (child) => walk(child, isFrench && !isEnglish(child)));
  };
  walk(tree, /\/text\/fr\//.test(file));
  return found;
}

/** Without the code of another language that a literal may be. */
function prose(text: string): string {
  return /\$\{?\w|\b(SELECT|CREATE|esac|fi)\b|\bexec /.test(text) ? "" : text;
}

/** `fr: …`, `locale === "fr" ? …`, the second of two languages. */
function begins(node: ts.Node): boolean {
  const { parent } = node;
  if (!parent) return false;
  if ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) && parent.name.getText() === "fr")
    return true;
  if (ts.isConditionalExpression(parent) && parent.whenTrue === node)
    return /(=== "fr"|^fr)$/.test(parent.condition.getText());
  if (ts.isCallExpression(parent) && parent.arguments[1] === node)
    return /^(say|say\w*|both|copy|repair)$/.test(parent.expression.getText());
  return false;
}

function isEnglish(node: ts.Node): boolean {
  return ts.isPropertyAssignment(node) && node.name.getText() === "en";
}

/** Prose, and the comments in blocks of code. */
function inMarkdown(file: string, source: string): FrenchText[] {
  const found: FrenchText[] = [];
  let start = 0;
  let inBlock = false;
  for (const line of source.split("\n")) {
    if (line.startsWith("```")) inBlock = !inBlock;
    else if (inBlock) {
      const at = line.search(/(?<=\s)# /);
      if (at >= 0) found.push({ file, start: start + at, text: line.slice(at) });
    } else {
      // Between backticks there is code.
      let at = start;
      for (const [n, part] of line.split("`").entries()) {
        if (n % 2 === 0) found.push({ file, start: at, text: part });
        at += part.length + 1;
      }
    }
    start += line.length + 1;
  }
  return found;
}

/** Translations. */
function inCatalogue(file: string, source: string): FrenchText[] {
  const found: FrenchText[] = [];
  let translated = false;
  let start = 0;
  for (const line of source.split("\n")) {
    if (/^msg/.test(line)) translated = line.startsWith("msgstr");
    const at = line.indexOf('"');
    if (translated && at >= 0) found.push({ file, start: start + at + 1, text: line.slice(at + 1, -1) });
    start += line.length + 1;
  }
  return found;
}

/** Lines between `<<'FR'` and `FR`, and what has a French word between quotation marks. */
function inShell(file: string, source: string): FrenchText[] {
  const found: FrenchText[] = [];
  let start = 0;
  let inText = false;
  for (const line of source.split("\n")) {
    if (line === "FR") inText = false;
    else if (inText) found.push({ file, start, text: line });
    else if (/<<'FR'$/.test(line)) inText = true;
    else if (!/^\s*#/.test(line))
      for (const match of line.matchAll(/[^"]+/g)) {
        if (WORDS.test(match[0])) found.push({ file, start: start + match.index, text: match[0] });
      }
    start += line.length + 1;
  }
  return found;
}
