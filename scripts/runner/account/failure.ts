import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Problem, RunVerb } from "../facts";
import { type Paths, readIfThere, writePrivate } from "./files";

/** Why a run ended early: kept on the host, for the database may be what it lacked. */
export interface Failure {
  verb: RunVerb;
  /** ISO 8601. */
  at: string;
  /** Without secrets. */
  cause: Problem | string;
}

export function keepFailure(paths: Paths, failure: Failure): void {
  try {
    writePrivate(fileOf(paths), JSON.stringify(failure));
  } catch {} // a full disk, say: it has been told, and is in the log if that could be written
}

/** A run has come to its end: what stopped an earlier one is over. */
export function forgetFailure(paths: Paths): void {
  rmSync(fileOf(paths), { force: true });
}

export function lastFailure(paths: Paths): Failure | undefined {
  try {
    const kept = JSON.parse(readIfThere(fileOf(paths)) ?? "null") ?? undefined;
    // Of an earlier version, which kept the text alone.
    return kept && { ...kept, cause: kept.cause ?? kept.message ?? "" };
  } catch {
    return undefined;
  }
}

function fileOf(paths: Paths): string {
  return join(paths.state, "failure.json");
}
