/** What people have to see to, as the database has found it. */
export type RepairProblem =
  /** Main has no row of the site, or has its observations under another name. */
  | { problem: "unknown site"; site: string; rows: number; main: string[]; other: string | null }
  | { problem: "site too long"; rows: number }
  /** Rows of main that do not say when they were entered, one of them by number. */
  | { problem: "no day of entry"; rows: number; id: number }
  /** … that do not say in which territorial unit they lie, or say one that the site does not have. */
  | { problem: "no unit"; rows: number; id: number }
  /** Main refused every row. `said`: the error, where it cannot quote a row. */
  | { problem: "all refused"; rows: number; sqlstate: string; said: string | null }
  /** What main's triggers need. */
  | { problem: "rights"; statements: string[]; owner: string }
  /** A row that was tried and rolled back. */
  | { problem: "trial refused"; table: string; sqlstate: string; said?: string }
  /** Main's triggers write something else for the repair than for main's owner. */
  | { problem: "other outcome"; where: string[]; role: string; owner: string }
  /** What rows tried in main could not show; `names`: roles, functions or tables. */
  | {
      problem: "not compared";
      why: "outside" | "login" | "superuser" | "no right" | "refused";
      names: string[];
      owner: string;
    }
  /** Who holds the repair's lock; `run` null: no run of the repair. */
  | { problem: "locked by"; pid: number; role: string | null; since: string | null; run: number | null };
