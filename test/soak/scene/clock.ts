import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** How many times less a pause of the client's lasts than it says: ten minutes, after a 503. */
const HURRY = "60";

/** The variables under which a program goes by the year's clock; files stand in `dir`. */
export function buildClock(dir: string): Record<string, string> {
  const [library, file] = [join(dir, "clock.so"), join(dir, "clock")];
  execFileSync("cc", ["-O2", "-fPIC", "-shared", "-o", library, join(__dirname, "clock.c"), "-ldl"]);
  for (const path of [file, ofHost(file)]) writeFileSync(path, Buffer.alloc(8), { mode: 0o644 });
  return { LD_PRELOAD: library, VN_SOAK_CLOCK: file };
}

/** The host of the account has a clock of its own, which may go wrong. */
function ofHost(path: string): string {
  return `${path}.host`;
}

/** The clock that this process and the database's server go by, and that of the account's host. */
export class Clock {
  private readonly files: [number, number];
  private moved = 0;
  private hostIsAhead = 0;

  constructor(path: string) {
    this.files = [openSync(path, "r+"), openSync(ofHost(path), "r+")];
  }

  /**
   * What a program of the account is given so that it has the host's clock.
   * @param hurried it waits for nobody but itself: its pauses are cut short
   */
  static env(hurried = false): Record<string, string> {
    const { LD_PRELOAD = "", VN_SOAK_CLOCK = "", TZ = "" } = process.env;
    const env = { LD_PRELOAD, VN_SOAK_CLOCK: ofHost(VN_SOAK_CLOCK), TZ };
    return hurried ? { ...env, VN_SOAK_HURRY: HURRY } : env;
  }

  /** Sets the time of day, forward or back; it goes on from there. */
  set(to: Date): void {
    this.moved += to.getTime() - Date.now();
    this.write();
  }

  /** Lets the host's clock be wrong by so many seconds. */
  skewHost(seconds: number): void {
    this.hostIsAhead = seconds * 1000;
    this.write();
  }

  private write(): void {
    for (const [i, ms] of [this.moved, this.moved + this.hostIsAhead].entries()) {
      const text = Buffer.alloc(8);
      text.writeBigInt64LE(BigInt(Math.round(ms)) * 1000n);
      writeSync(this.files[i] as number, text, 0, 8, 0);
    }
  }

  /** Sets it forward; what has already come is let be. */
  reach(to: Date): void {
    if (to.getTime() > Date.now()) this.set(to);
  }

  close(): void {
    for (const file of this.files) closeSync(file);
  }
}
