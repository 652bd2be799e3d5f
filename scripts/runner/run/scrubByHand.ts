import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writePrivate } from "../account/files";

/** A log that was written to less long ago may still be in use. */
const QUIET_MS = 3_600_000;

/**
 * transfer_vn itself, run by hand in this account, keeps logs in ~/tmp, with the password of every failed
 * request in them. Those that nobody writes to any more are cleaned.
 */
export function scrubByHand(home: string, scrub: (line: string) => string): void {
  const dir = join(home, "tmp");
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir).filter((one) => one.startsWith("transfer_vn.log"))) {
    const path = join(dir, name);
    chmodSync(path, 0o600);
    if (Date.now() - statSync(path).mtimeMs < QUIET_MS) continue;
    const text = readFileSync(path, "utf8");
    const clean = text.split("\n").map(scrub).join("\n");
    try {
      if (clean !== text) writePrivate(path, clean);
    } catch {} // no room: the next run has another try
  }
}
