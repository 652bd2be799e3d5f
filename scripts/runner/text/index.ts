import { english } from "./en";
import { french } from "./fr";
import type { Texts } from "./texts";

export { causeIn, factIn, type Texts } from "./texts";

export type Locale = "fr" | "en";

export function textsOf(locale: Locale): Texts {
  return locale === "fr" ? french : english;
}
