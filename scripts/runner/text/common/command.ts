import { namesOf } from "../../../../config/names";
import type { Texts } from "./texts";

const [, instance = "default"] = /^vn-check-([\w-]+)$/.exec(process.env["VN_CHECK_COMMAND"] ?? "") ?? [];
const { command, checkSchema, repairSchema } = namesOf(instance);

/** How people call this program, as its wrapper on the host tells: several instances have each a name of its own. */
export const COMMAND = command;

/** What is typed, not a path or the program's own name. */
const TYPED = /(?<![\w/.-])vn-check(?= (?:init|daily|weekly|watch|repair|status|help|--))/g;

/** Texts whose commands and schemas are those of this instance. */
export function named(texts: Texts): Texts {
  return instance === "default" ? texts : (inside(texts) as Texts);
}

function inside(part: unknown): unknown {
  if (typeof part === "string")
    return part
      .replace(TYPED, command)
      .replace(/\bsrc_vn_json_repair(?=\.)/g, repairSchema)
      .replace(/\bsrc_vn_json_check(?=\.)/g, checkSchema);
  if (typeof part === "function") return (...args: unknown[]) => inside(part(...args));
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, inside(value)]));
}
