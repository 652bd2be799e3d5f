import { oneOf, randomFrom, whole } from "../emulator/random";
import { kindOf } from "./kinds";

/** A fault that a year brings. */
export interface Planned {
  /** From 1, in the order of the year: what `--only` names. */
  n: number;
  kind: string;
  /** First day, from 0. */
  day: number;
  days: number;
}

/** After the faults two weekly jobs come, the second of which leaves main as the portals are. */
const CALM_DAYS = 15;

/** What comes when: from the seed alone. */
export function planOf(seed: number, weeks: number, kinds: readonly string[]): Planned[] {
  const random = randomFrom(seed, "faults");
  const end = weeks * 7 - CALM_DAYS;
  const planned: Planned[] = [];
  let n = 0;
  for (let day = 2; day < end; day++) {
    if (kinds.length === 0 || random() > 0.4) continue;
    const kind = oneOf(random, kinds);
    const [least, most] = kindOf(kind).days ?? [1, 1];
    const days = Math.min(whole(random, least, most), end - day);
    n++;
    // What is so already, cannot begin.
    if (!planned.some((one) => one.kind === kind && day < one.day + one.days))
      planned.push({ n, kind, day, days });
  }
  return planned;
}
