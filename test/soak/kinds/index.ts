import type { Kind } from "../scene/kind";
import { ANSWER_KINDS } from "./answers";
import { DATABASE_KINDS } from "./database";
import { HOST_KINDS } from "./host";
import { PORTAL_KINDS } from "./portal";

/** All that a year may bring. */
export const KINDS: readonly Kind[] = [...ANSWER_KINDS, ...PORTAL_KINDS, ...DATABASE_KINDS, ...HOST_KINDS];

/** @throws Error that names those there are */
export function kindOf(name: string): Kind {
  const found = KINDS.find((kind) => kind.name === name);
  if (!found) throw new Error(`${name}: no kind of fault; scripts/soak --kinds lists them`);
  return found;
}
