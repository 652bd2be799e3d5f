/**
 * What the repair is to do, as a model of a few lines: both copies, who deleted what, and after each repair the rows
 * of main, the rows written and the differences left open. Written from the contract, not from the SQL.
 */

/** `id/site` within a history. */
export type Key = string;

/** Versions up to here are older than any deletion; those above are later than all, with the tolerance. */
export const LAST_PAST = 100;

/** What happens to the copies between two repairs. */
export type Op =
  /** As the synchronisations write: a newer version over an older one, else nothing. */
  | { do: "check.put" | "main.put"; key: Key; ts: number }
  /** Somebody gives a row that is there any version: stale, newer, or the same with another content. */
  | { do: "main.set"; key: Key; ts: number }
  | {
      do: // A week goes by in which no download brings the row.
        | "check.week"
        /** By the second synchronisation: the portal has deleted the row. */
        | "check.drop"
        | "check.dropByHand"
        /** By main's own synchronisation. */
        | "main.drop"
        | "main.dropByOther"
        /** Lost without a trace. */
        | "main.lose"
        /** `restore` of the row that a repair deleted last. */
        | "restore";
      key: Key;
    };

export type Mode = "journal" | "whole" | "contents";

export interface Rules {
  deletions: "report" | "apply";
  lossesByOthers: "report" | "repair";
  /** Main's deletions are noted. Without it, what no download of late has brought is not put back. */
  watchMain: boolean;
}

export interface Content {
  ts: number;
  text: string;
}

export interface Outcome {
  /** `insert 1/vn38` … */
  written: string[];
  /** `insert deleted in main 1/vn38` … */
  open: string[];
}

interface Tombstone {
  ts: number;
  byHand: boolean;
  /** Somebody has put the row back since. */
  spared?: boolean;
}

export class Model {
  readonly main = new Map<Key, Content>();
  readonly check = new Map<Key, Content>();
  /** Keys written in check since the last repair. */
  private readonly journal = new Set<Key>();
  /** Keys that a download of late proposed, changed or not. */
  private readonly seen = new Set<Key>();
  /** The last deletion in check that nothing has settled yet. */
  private readonly tombstones = new Map<Key, Tombstone>();
  /** The last one, where it is settled: main has followed, or had no such row. */
  private readonly settled = new Map<Key, Tombstone>();
  /** Who was seen to delete the row from main last. */
  private readonly removed = new Map<Key, "sync" | "other">();
  /** What a repair deleted last. */
  private readonly kept = new Map<Key, Content>();
  private readonly open = new Map<Key, string>();

  constructor(private readonly rules: Rules) {}

  apply(op: Op, text: string): void {
    const { main, check } = this;
    const [m, c] = [main.get(op.key), check.get(op.key)];
    switch (op.do) {
      case "check.put":
        this.seen.add(op.key);
        if (c && c.ts >= op.ts) return;
        check.set(op.key, { ts: op.ts, text });
        this.journal.add(op.key);
        return;
      case "main.put":
        if (!m || m.ts < op.ts) main.set(op.key, { ts: op.ts, text });
        return;
      case "main.set":
        if (m) main.set(op.key, { ts: op.ts, text });
        return;
      case "check.week":
        this.seen.delete(op.key);
        return;
      case "check.drop":
      case "check.dropByHand":
        if (!c) return;
        check.delete(op.key);
        this.settled.delete(op.key);
        this.tombstones.set(op.key, { ts: c.ts, byHand: op.do === "check.dropByHand" });
        return;
      case "main.drop":
      case "main.dropByOther":
        if (main.delete(op.key) && this.rules.watchMain)
          this.removed.set(op.key, op.do === "main.drop" ? "sync" : "other");
        return;
      case "main.lose":
        main.delete(op.key);
        return;
      case "restore": {
        const kept = this.kept.get(op.key);
        if (!kept || m) return;
        main.set(op.key, kept);
        for (const one of [this.tombstones.get(op.key), this.settled.get(op.key)]) if (one) one.spared = true;
      }
    }
  }

  repair(mode: Mode): Outcome {
    const written: string[] = [];
    const before = new Set([...this.open].filter(([, state]) => state.startsWith("insert")).map(([k]) => k));
    this.open.clear();
    for (const key of new Set([...this.main.keys(), ...this.check.keys()])) {
      const [m, c] = [this.main.get(key), this.check.get(key)];
      if (c) {
        this.tombstones.delete(key); // it came back
        if (mode !== "journal" || this.journal.has(key) || before.has(key))
          this.bring(key, m, c, mode, written);
      } else if (m) this.follow(key, m, mode, written);
    }
    for (const key of this.tombstones.keys()) if (!this.main.has(key)) this.settle(key);
    this.journal.clear();
    return { written: written.sort(), open: [...this.open].map(([k, state]) => `${state} ${k}`).sort() };
  }

  /** The newest version wins; what was deleted from main is not put back unless it is a later version. */
  private bring(key: Key, m: Content | undefined, c: Content, mode: Mode, written: string[]): void {
    if (m) {
      if (m.ts > c.ts || (m.ts === c.ts && (mode !== "contents" || m.text === c.text))) return;
    } else if (c.ts <= LAST_PAST) {
      const by = this.removed.get(key);
      if (by === "sync") return void this.open.set(key, "insert deleted in main");
      if (by === "other" && this.rules.lossesByOthers === "report")
        return void this.open.set(key, "insert lost by others");
      if (!this.rules.watchMain && !this.seen.has(key)) return void this.open.set(key, "insert unseen");
    }
    this.main.set(key, c);
    written.push(`${m ? "update" : "insert"} ${key}`);
  }

  /** A row that only main has: it goes if the sync deleted this version, or a later one, in check. */
  private follow(key: Key, m: Content, mode: Mode, written: string[]): void {
    const settled = this.settled.get(key);
    // It has it again, from a dump perhaps.
    if (mode !== "journal" && settled && !settled.spared && m.ts <= settled.ts)
      this.tombstones.set(key, settled);
    const tombstone = this.tombstones.get(key);
    if (!tombstone) return;
    if (m.ts > tombstone.ts) return void this.open.set(key, "delete newer in main");
    if (tombstone.byHand) return void this.open.set(key, "delete deleted by hand");
    if (this.rules.deletions === "report") return void this.open.set(key, "delete deletion reported");
    this.main.delete(key);
    this.settle(key);
    this.kept.set(key, m);
    // Main had the row again after whoever removed it: this deletion is the last, and ours.
    this.removed.delete(key);
    written.push(`delete ${key}`);
  }

  private settle(key: Key): void {
    const tombstone = this.tombstones.get(key);
    this.tombstones.delete(key);
    if (tombstone) this.settled.set(key, tombstone);
  }
}
