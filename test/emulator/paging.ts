import { randomBytes } from "node:crypto";
import type { Answer } from "./endpoints";

/** Answers of which pages may still be asked for. More than a few clients at once never need. */
const KEPT = 64;

/** A page of an answer, and the key that brings the next. */
export interface Page {
  value: unknown;
  /** Sightings or items in it. */
  rows: number;
  /** 1 is the first. */
  number: number;
  next: string | null;
}

/**
 * Cuts answers into pages. A key stays good after use: the client repeats a page that failed.
 * Keys hold the answer as it was found at the first request, as a portal's cursor does.
 */
export class Pager {
  private readonly kept = new Map<string, { answer: Answer; starts: number[] }>();

  constructor(private readonly size: number) {}

  first(answer: Answer): Page {
    const starts = this.starts(answer);
    const id = randomBytes(9).toString("hex");
    if (starts.length > 1) {
      this.kept.set(id, { answer, starts });
      const oldest = this.kept.keys().next().value;
      if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest);
    }
    return this.cut(id, answer, starts, 0);
  }

  /** Null: unknown key. */
  next(key: string): Page | null {
    const [id = "", index] = key.split(".");
    const found = this.kept.get(id);
    const at = Number(index);
    return found && at > 0 && at < found.starts.length ? this.cut(id, found.answer, found.starts, at) : null;
  }

  /** Number of the page that a key brings; 1 without one. */
  static numberOf(key: string | null): number {
    return key ? Number(key.split(".")[1] ?? 0) + 1 : 1;
  }

  private starts(answer: Answer): number[] {
    const starts = [0];
    if (answer.whole) return starts;
    let rows = 0;
    answer.weights.forEach((weight, i) => {
      if (rows >= this.size) {
        starts.push(i);
        rows = 0;
      }
      rows += weight;
    });
    return starts;
  }

  private cut(id: string, answer: Answer, starts: number[], at: number): Page {
    const [from = 0, to = answer.weights.length] = starts.slice(at, at + 2);
    return {
      value: answer.page(from, to),
      rows: answer.weights.slice(from, to).reduce((sum, weight) => sum + weight, 0),
      number: at + 1,
      next: at + 1 < starts.length ? `${id}.${at + 1}` : null,
    };
  }
}
