import { readFileSync } from "node:fs";
import type { Around } from "../config/around";

/** This machine, today. */
export function aroundHere(): Around {
  return { today: new Date().toISOString().slice(0, 10), read: readHere };
}

/** Text of a file of this machine; undefined where it cannot be read. */
export function readHere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
