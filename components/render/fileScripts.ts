import type { Locale } from "../../config/values/key";
import { sha256 } from "./command";
import { quote, spoken } from "./shell";

/**
 * Writes the rest of standard input to a file: into a new file beside it (its name has a dot, which cron ignores),
 * compared with what was sent, then renamed, so that a reader sees the old text or the new one, and a killed run
 * leaves the old. The first line tells length and hash.
 */
export function fileWriter(path: string, mode: string, locale: Locale = "en"): string {
  const say = spoken(locale);
  const other = say("what arrived is not what was sent", "ce qui est arrivé n'est pas ce qui a été envoyé");
  const nothing = say("nothing was written", "rien n'a été écrit");
  const not = say("not", "et non");
  const gone = say("it is not there as it was written", "il n'y est pas tel qu'il a été écrit");
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
  return [
    "IFS= read -r sent || sent=nothing",
    `mkdir -p ${quote(folder)}`,
    `new=$(mktemp ${quote(`${folder}/.vn-check.XXXXXX`)})`,
    `trap 'rm -f "$new"' EXIT`,
    `cat >"$new"`,
    `arrived=$(wc -c <"$new")-$(sha256sum <"$new")`,
    `arrived=\${arrived%% *}`,
    `[ "$arrived" = "$sent" ] || { echo ${quote(`${path}: ${other}`)} "($arrived, ${not} $sent); ${nothing}" >&2; exit 1; }`,
    `chmod ${mode} "$new"`,
    `mv -fT "$new" ${quote(path)}`,
    `[ "$(sha256sum <${quote(path)})" = "\${sent#*-}  -" ] || { echo ${quote(`${path}: ${gone}`)} >&2; exit 1; }`,
  ].join("\n");
}

/** What the writer reads: the line that tells of the text, and the text. */
export function fileInput(text: string): string {
  return `${Buffer.byteLength(text)}-${sha256(text)}\n${text}`;
}

export function fileRemoval(path: string): string {
  return `rm -f ${quote(path)}`;
}
