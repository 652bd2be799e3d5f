import type { Texts } from "./texts";

const told = process.env["VN_CHECK_COMMAND"] ?? "";

/** How people call this program, as its wrapper on the host tells: several instances have each a name of its own. */
export const COMMAND = /^vn-check-[\w-]+$/.test(told) ? told : "vn-check";

/** In what is typed, not in a path or in the program's own name. */
const TYPED = /(?<![\w/.-])vn-check(?= (?:init|daily|weekly|watch|repair|status|help|--))/g;

/** Texts whose commands are those of this instance. */
export function named(texts: Texts): Texts {
  return COMMAND === "vn-check" ? texts : (inside(texts) as Texts);
}

function inside(part: unknown): unknown {
  if (typeof part === "string") return part.replace(TYPED, COMMAND);
  if (typeof part === "function") return (...args: unknown[]) => inside(part(...args));
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, inside(value)]));
}
