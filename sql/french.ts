import { readFileSync } from "node:fs";
import { join } from "node:path";
import { literals } from "./literals";

/** What the database says to people, English to French: the texts of the .sql files, as `msgfmt` would read them. */
export function catalogue(): Map<string, string> {
  const entries = readFileSync(join(__dirname, "fr.po"), "utf8").matchAll(
    /^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)/gm,
  );
  return new Map([...entries].map(([, id = "", words = ""]) => [unquoted(id), unquoted(words)]));
}

function unquoted(lines: string): string {
  return [...lines.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, part = ""]) => part.replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign)))
    .join("");
}

let french: Map<string, string> | undefined;

/**
 * A file with its texts in French. Nothing else is changed: what the server reads as code stays the same, and each
 * line keeps its number, by which errors name a place.
 */
export function inFrench(sql: string): string {
  french ??= catalogue();
  let done = "";
  let from = 0;
  for (const { start, end, text } of literals(sql)) {
    const words = french.get(text);
    if (words === undefined) continue;
    const lines = sql.slice(start, end).split("\n").length - 1;
    done += `${sql.slice(from, start)}'${words.replaceAll("'", "''")}'${"\n".repeat(lines)}`;
    from = end;
  }
  return done + sql.slice(from);
}
