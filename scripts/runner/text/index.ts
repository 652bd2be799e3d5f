import type { Locale } from "../../../config/values/key";
import type { Texts } from "./common/texts";
import { english } from "./en";
import { french } from "./fr";

export type { CauseCode } from "./causes";
export { type CauseFact, cannotTell, codeOf } from "./codes";
export { causeIn, factIn, type Texts } from "./common/texts";

export function textsOf(locale: Locale): Texts {
  return locale === "fr" ? french : english;
}
