import type { Locale } from "../../../config/values/key";
import { english } from "./en";
import { french } from "./fr";
import type { Texts } from "./texts";

export { causeIn, factIn, type Texts } from "./texts";

export function textsOf(locale: Locale): Texts {
  return locale === "fr" ? french : english;
}
