import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { HOME_FILES } from "../../../config/names";

/** The keys of one section of a service file, as libpq reads it; undefined where it has no such section. */
export function parseService(text: string, service: string): Record<string, string> | undefined {
  let keys: Record<string, string> | undefined;
  let inside = false;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      inside = line === `[${service}]` && keys === undefined;
      if (inside) keys = {};
    } else if (inside && keys) {
      const at = line.indexOf("=");
      if (at > 0) keys[line.slice(0, at).trim()] = line.slice(at + 1).trim();
    }
  }
  return keys;
}

/** One line of ~/.pgpass: host, port, database, user (each may be `*`), password. */
type Entry = readonly [string, string, string, string, string];

/** The lines of a password file, unescaped: libpq takes `\:` and `\\` in every field. */
export function parsePgpass(text: string): Entry[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) =>
      /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/.exec(line)?.slice(1),
    )
    .filter((fields) => fields !== undefined)
    .map((fields) => fields.map((field) => field.replace(/\\(.)/g, "$1")) as unknown as Entry);
}

/** The entries of ~/.pgpass; none where it is absent or, as libpq has it, readable by others. */
export function readPgpass(home: string): Entry[] {
  const path = join(home, HOME_FILES.password);
  try {
    if ((statSync(path).mode & 0o077) !== 0) return [];
    return parsePgpass(readFileSync(path, "utf8"));
  } catch {
    return [];
  }
}

/** The password of the first line that fits, as libpq looks it up. */
export function passwordFor(
  entries: readonly Entry[],
  to: { host: string; port: string; database: string; user: string },
): string | undefined {
  // libpq: a socket folder is looked up as localhost.
  const wanted = [to.host.startsWith("/") ? "localhost" : to.host, to.port, to.database, to.user];
  return entries.find((entry) => wanted.every((value, i) => entry[i] === "*" || entry[i] === value))?.[4];
}

/** Why the file of passwords gives none. */
export function whyNoPassword(path: string): "absent" | "open" | "no line" {
  try {
    return (statSync(path).mode & 0o077) !== 0 ? "open" : "no line";
  } catch {
    return "absent";
  }
}
