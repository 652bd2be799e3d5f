import type { Locale } from "../../../config/values/key";
import { named } from "./common/command";
import type { Texts } from "./common/texts";
import { english } from "./en";
import { french } from "./fr";

export type { CauseCode } from "./causes";
export { type CauseFact, cannotTell, codeOf, isCause } from "./codes";
export { COMMAND } from "./common/command";
export { causeIn, factIn, type Texts } from "./common/texts";

export function textsOf(locale: Locale): Texts {
  return named(locale === "fr" ? french : english);
}
