import { rmSync } from "node:fs";
import { join } from "node:path";
import type { PortalLimit } from "../facts";
import { type Paths, readIfThere, writePrivate } from "./files";

/** Why a run ended early: kept on the host, for the database may be what it lacked. */
export interface Failure {
  verb: string;
  /** ISO 8601. */
  at: string;
  /** In the user's language, without secrets. */
  message: string;
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
    return JSON.parse(readIfThere(fileOf(paths)) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Portals by whose limits the last download lacks something, by site. */
export function keepLimits(paths: Paths, limits: Record<string, PortalLimit>): void {
  const path = join(paths.state, "limits.json");
  if (Object.keys(limits).length === 0) rmSync(path, { force: true });
  else writePrivate(path, JSON.stringify(limits));
}

export function lastLimits(paths: Paths): Record<string, PortalLimit> {
  try {
    return JSON.parse(readIfThere(join(paths.state, "limits.json")) ?? "{}");
  } catch {
    return {};
  }
}

function fileOf(paths: Paths): string {
  return join(paths.state, "failure.json");
}
