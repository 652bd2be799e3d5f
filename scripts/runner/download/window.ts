import { readFileSync } from "node:fs";
import { addDays, latestDay, localDay } from "../account/days";
import { writePrivate } from "../account/files";
import type { Day, Scope, Window } from "../facts";
import type { Downloading } from "./downloading";
import { startDateOf, usable, withWindow } from "./evnFile";
import { gapSince } from "./increments";

/** No window is longer because of what earlier jobs left unproven: beyond this it is told, not widened. */
const LONGEST_DAYS = 70;

/** How many days a window has. */
export function days(window: Window): number {
  return Math.round((Date.parse(window.to) - Date.parse(window.from)) / 86_400_000) + 1;
}

/**
 * From `windowDays` ago to today, by the client's own clock; earlier where the last download was never
 * proven complete, or where the last update is too long ago for updates alone.
 * @param openSince first day of the last download, if it is not proven
 */
export async function windowFor(
  d: Downloading,
  scopes: readonly Scope[],
  openSince: Day | undefined,
): Promise<Window> {
  const today = localDay(new Date());
  let from = addDays(today, -d.limits.windowDays);
  if (openSince !== undefined) {
    const since = latestDay([addDays(today, -LONGEST_DAYS), openSince]);
    if (since < from) from = since;
  }
  const gap = await gapSince(d.db, scopes);
  if (gap !== null && gap < from) {
    d.say({ fact: "gap", since: gap });
    from = gap;
  }
  const window = { from, to: today };
  d.say({ fact: "window", window });
  return window;
}

/** Writes the window's start into the client's configuration, and reads it back. */
export function writeWindow(evn: string, { from }: Window): void {
  writePrivate(
    evn,
    usable(evn, () => withWindow(readFileSync(evn, "utf8"), from)),
  );
  const found = startDateOf(readFileSync(evn, "utf8"));
  if (found !== from) throw new Error(`${evn}: start_date is ${found}, not ${from}`);
}
