/** What of a download stands by itself, and what can be wrong with it, as plain values. Imports nothing. */

/** A taxo group in a territorial unit, as download_log writes it; unit "": the group's changes. */
export interface Part {
  taxoGroup: number;
  unit: string;
}

/** What was asked of a part: its days, its changes, all of it; or a whole list, whose controller stands for the unit. */
export type PartKind = "download" | "update" | "import" | "list";

/** Why a part did not come, from where it was noticed. */
export type PartCause =
  /** What the portal answered. */
  | { kind: "http"; status: number }
  /** What it answered with 200 in place of what was asked for. */
  | { kind: "body"; body: string }
  | { kind: "network"; said: string }
  | { kind: "database"; sqlstate: string | null; said: string }
  /** Ended by a watchdog while it was asked for. */
  | { kind: "stopped"; why: "silence" | "overall"; seconds: number }
  /** Rows that nobody could ask for again by themselves. */
  | { kind: "rows"; said: string }
  | { kind: "other"; said: string };

/** What became of a part that was asked for. */
export interface PartEnded extends Part {
  /** null: it has come. */
  cause: PartCause | null;
  /** Rows of it that could not be stored. */
  rows?: number;
}

/** Parts of a site and a group that do not come, for one cause. */
export interface PartsFailed {
  site: string;
  kinds: PartKind[];
  taxoGroup: number;
  /** name_constant; null: not known. */
  groupName: string | null;
  units: string[];
  cause: PartCause;
  /** Of the first failure since it last came. */
  since: string;
}

/** What is wrong with a row that the database could not take. */
export type RowFault =
  | "null character"
  | "lone surrogate"
  | "lacks"
  | "out of range"
  | "malformed"
  | "refused";

/** Rows of a site and a group that the portal gives and the second copy cannot take. */
export interface RowsNotStored {
  site: string;
  table: string;
  /** null: rows of a list. */
  taxoGroup: number | null;
  groupName: string | null;
  ids: string[];
  fault: RowFault;
  /** What lacks, or what the database said. */
  detail: string;
}
