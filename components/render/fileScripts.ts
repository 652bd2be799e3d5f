import { quote } from "./shell";

/**
 * Writes standard input to a file: into a new file beside it (its name has a dot, which cron ignores),
 * then renamed, so that a reader sees the old text or the new one, and a killed run leaves the old.
 */
export function fileWriter(path: string, mode: string): string {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
  return [
    `mkdir -p ${quote(folder)}`,
    `new=$(mktemp ${quote(`${folder}/.vn-check.XXXXXX`)})`,
    `trap 'rm -f "$new"' EXIT`,
    `cat >"$new"`,
    `[ -s "$new" ] || { echo ${quote(`${path}: nothing arrived on standard input`)} >&2; exit 1; }`,
    `chmod ${mode} "$new"`,
    `mv -fT "$new" ${quote(path)}`,
  ].join("\n");
}

export function fileRemoval(path: string): string {
  return `rm -f ${quote(path)}`;
}
