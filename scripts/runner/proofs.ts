/** What is downloaded, and how complete it is, as plain values. Imports nothing. */

/** YYYY-MM-DD. */
export type Day = string;

/** Days of entry that are downloaded; both are included. */
export interface Window {
  from: Day;
  to: Day;
}

/** One thing to download of a site: a taxo group in a territorial unit. */
export interface GroupUnit {
  taxoGroup: number;
  /** name_constant, by which the client can be told to leave the group out. */
  groupName: string;
  /** The unit as download_log writes it: id_country and short_name together. */
  unit: string;
  /** The unit's short_name, by which the client can be told to fetch only it. */
  shortName: string;
}

/** Why a download that ended well is not believed: what the client cannot see. */
export interface Doubt {
  /**
   * A group or unit that the portal does not list any more; far fewer observations than usual; observations that
   * earlier downloads brought and this one, over the same days, did not.
   */
  kind: "fewer downloads" | "few rows" | "not brought";
  got: number;
  usual: number;
  /** The group that it is about; neither group nor unit: the whole site. */
  taxoGroup?: number;
  groupName?: string;
  /** The unit, as download_log writes it. */
  unit?: string;
  /** Days of entry that it is about. */
  from?: Day;
  to?: Day;
}

/** The client's filters for a site: which groups and units it has to bring. */
export interface Scope {
  site: string;
  /** name_constant of the groups that are left out. */
  taxoExclude: string[];
  /** short_name; empty: all. */
  units: string[];
}

/** How complete the download of one site is: a row of job_site, as the database proves it. */
export interface Proof {
  site: string;
  /** Since when pieces count, by the clock that stamps download_log. */
  since: string;
  window: Window;
  /** Groups and units that have to come. */
  expected: number;
  /** Observations received. */
  rows: number;
  unproven: GroupUnit[];
  /** Controllers of the proof that have not ended well since then. */
  missing: string[];
  doubts: Doubt[];
  proven: boolean;
}

/** What became of a site in a job. */
export interface JobSite {
  site: string;
  /** Of its download by date; null: there was none. */
  proof: Proof | null;
  /** Whether its update ended well; null: not asked for, or not yet. */
  updated: boolean | null;
  /** Controllers beyond the proof's own that failed in every try. */
  extrasFailed: string[];
}
