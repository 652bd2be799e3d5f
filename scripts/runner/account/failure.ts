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
  /** The database does not know that it began. */
  unrecorded?: boolean;
}

/** The last failure of each verb. */
export type Failures = Partial<Record<RunVerb, Failure>>;

export function keepFailure(paths: Paths, failure: Failure): void {
  keep(paths, { ...failures(paths), [failure.verb]: failure });
}

/**
 * A run has come to its end: what stopped an earlier one is over. For a weekly run of which nothing is recorded only a weekly
 * one makes up.
 */
export function forgetFailure(paths: Paths, verb: RunVerb): void {
  const { weekly } = failures(paths);
  if (weekly?.unrecorded && verb !== "weekly") keep(paths, { weekly });
  else rmSync(fileOf(paths), { force: true });
}

export function failures(paths: Paths): Failures {
  try {
    const kept = JSON.parse(readIfThere(fileOf(paths)) ?? "{}");
    // Of an earlier version, which kept one alone, or its text.
    return "at" in kept ? { [kept.verb]: { ...kept, cause: kept.cause ?? kept.message ?? "" } } : kept;
  } catch {
    return {};
  }
}

function keep(paths: Paths, all: Failures): void {
  try {
    writePrivate(fileOf(paths), JSON.stringify(all));
  } catch {} // a full disk, say: it has been told, and is in the log if that could be written
}

function fileOf(paths: Paths): string {
  return join(paths.state, "failure.json");
}
