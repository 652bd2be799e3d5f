import type { ChildProcess } from "node:child_process";
import type { Random } from "../../emulator/random";
import type { Ground } from "./ground";
import type { MainRows, Oracle } from "./oracle";

/** A run of the account's program that has just been started. */
export interface Started {
  verb: string;
  child: ChildProcess;
  /** Fulfilled when it has ended. */
  ended: Promise<unknown>;
}

/** What a fault works on. */
export interface Scene extends Ground {
  oracle: Oracle;
  /** Main as it is. */
  mainRows(): Promise<MainRows>;
  /** Main as it was some days ago, or the oldest that is known: a dump. */
  dump(daysAgo: number): Promise<Dump>;
  /** Lets something happen in the next run of `daily` or `weekly`. */
  inNextRun(happens: (run: Started) => Promise<void>): void;
  /** Nothing is started on the host while it is asleep. */
  asleep: boolean;
}

/** Rows of main's tables, as JSON. */
export interface Dump {
  observations: string;
  forms: string;
}

/** What brings all into order again. */
export type Undo = () => Promise<void> | void;

/** A kind of fault. */
export interface Kind {
  name: string;
  /** For people, in both languages. */
  en: string;
  fr: string;
  /** How long it lasts, in days; 1 by default. */
  days?: readonly [least: number, most: number];
  /**
   * What the portal says while it is so cannot be told from the truth: what lacks then, nobody can know until it has
   * been asked again.
   */
  lie?: true;
  /** Main has lost something or is held up itself: what lacks is the fault's own doing until the next weekly job. */
  begin(scene: Scene, random: Random): Promise<Undo | undefined> | Undo | undefined;
}
