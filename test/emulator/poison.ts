import type { Item } from "./items";

/** What makes an observation one that a copy cannot take, as portals were seen to send it. */
export type Poison =
  /** `\u0000` in a comment. */
  | "null character"
  /** Half of a character beyond the first plane, by itself. */
  | "lone surrogate"
  | "no insert_date"
  /** An id that is larger than PostgreSQL's integer. */
  | "large id"
  /** Neither observers nor anything else that a sighting has. */
  | "malformed"
  /** A list of changes names it without saying what has changed. */
  | "no kind of change";

/** What a "large id" has more than the observation's own. */
const LARGE = 2 ** 32;

/** The id that the portal shows of an observation. */
export function shownId(id: number, poison: Poison | undefined): number {
  return poison === "large id" ? id + LARGE : id;
}

/** The observation that a shown id may be of. */
export function ownId(shown: number): number {
  return shown >= LARGE ? shown - LARGE : shown;
}

/** The item as the portal sends it. */
export function poisoned(item: Item, poison: Poison): Item {
  if (poison === "malformed") return { broken: true };
  if (poison === "no kind of change") return item;
  const [observer = {}, ...others] = item["observers"] as Item[];
  const { insert_date, update_date, ...undated } = observer;
  const changed: Record<Exclude<Poison, "malformed" | "no kind of change">, Item> = {
    "null character": { ...observer, comment: "vu \u0000 ici" },
    "lone surrogate": { ...observer, comment: "vu \ud83d ici" },
    "no insert_date": undated,
    "large id": { ...observer, id_sighting: String(shownId(Number(observer["id_sighting"]), poison)) },
  };
  return { ...item, observers: [changed[poison], ...others] };
}
