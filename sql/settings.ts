/** Settings of the repair's SQL objects. Untrusted: `parseSqlSettings` checks them and fills in the defaults. */
export interface SqlSettings {
  /** Name of the instance, written into monitoring rows; default "default". */
  instance?: string;
  /** Schema of the production copy; default src_vn_json. */
  mainSchema?: string;
  /** Schema of the second copy; default src_vn_json_check. */
  checkSchema?: string;
  /** Schema of the monitoring table and the mail function; default dbadmin. */
  monitoringSchema?: string;
  /** Roles that the stack made. `null`: installed by hand, the caller's role owns everything. */
  roles: SqlRoles | null;
  /** What happens to rows that the portal deleted: "report" (default) or "apply". */
  deletions?: "report" | "apply";
  /** Deletions of one run, at most; beyond it none is done (default 200). */
  maxDeletes?: number;
  /** The same as a share of main's rows (default 0.001). */
  maxDeleteShare?: number;
  /** A row that someone else than main's sync deleted from main: "report" (default) or "repair". */
  lossesByOthers?: "report" | "repair";
  /** Puts a trigger on main that notes who deletes what (default true; needs main's owner). */
  watchMain?: boolean;
  /** Database logins of main's own synchronisation. Empty: whoever deletes counts as that. */
  mainSyncLogins?: string[];
  /** Both API accounts see the same observations: then what a whole download lacks is suspected deleted. */
  sameRights?: boolean;
  /** The second synchronisation downloads some territorial units only. */
  territorialFilter?: boolean;
  /** Seconds by which a version must be later than main's deletion to be put back (default 3600). */
  tolerance?: number;
  /** Controllers besides observations that the second synchronisation downloads (repair.references). */
  references?: string[];
  /** Keys at the top of an item that change without meaning anything. */
  volatileKeys?: string[];
  /** Role to repair as, instead of roles.repair. A superuser is refused. */
  runAs?: string;
  /** What main's triggers need: "SELECT ON TABLE ref.areas", as after GRANT and before TO. */
  extraGrants?: string[];
  /** Schemas in which main's triggers find functions; default PostGIS's and public. */
  triggerSearchPath?: string[];
  /** Address for the mails of fct_fix_sync(TRUE). */
  email?: string;
  /** Rows of a batch, at most (default 50). */
  batchSize?: number;
  /** Milliseconds that a batch waits for a lock (default 200; never more than half of deadlock_timeout). */
  lockTimeoutMs?: number;
  /** Differences above which a run writes nothing: a number (50 000), a share of main (0.05), never below (500). */
  maxCandidates?: number;
  maxCandidateShare?: number;
  minCandidates?: number;
  /** Entries of the journal above which whole tables are compared (default 1 000 000). */
  journalCap?: number;
  /** Days that runs are kept (730), and kept deletions (180). */
  keepRunsDays?: number;
  keepDeletionsDays?: number;
}

export interface SqlRoles {
  /** NOLOGIN, owns schemas and tables that hold data. */
  owner: string;
  /** NOLOGIN, owns the functions that write to main. */
  repair: string;
  /** Login of the second synchronisation. */
  login: string;
}

export type ParsedSqlSettings = Required<Omit<SqlSettings, "runAs" | "triggerSearchPath" | "email">> & {
  runAs: string | null;
  triggerSearchPath: string[] | null;
  email: string | null;
};

const NAME = /^[\p{L}_][\p{L}\p{N}_ .-]*$/u;
const GRANT = /^[A-Za-z, ]+ ON [\p{L}\p{N}_".,() -]+$/u;

/** Checks settings and fills in defaults. Throws an Error that lists every wrong setting. */
export function parseSqlSettings(s: SqlSettings): ParsedSqlSettings {
  const errors: string[] = [];
  const name = (key: string, value: string) => {
    // 63 bytes is PostgreSQL's limit: a longer name would be cut off, and then be another one.
    if (!NAME.test(value) || Buffer.byteLength(value) > 63) {
      errors.push(
        `${key}: ${JSON.stringify(value)} is no name of at most 63 bytes of letters, digits, _ . - and blanks`,
      );
    }
    return value;
  };
  const number = (key: string, value: number | undefined, fallback: number, min: number, max: number) => {
    const n = value ?? fallback;
    if (!Number.isFinite(n) || n < min || n > max)
      errors.push(`${key}: ${n} is not between ${min} and ${max}`);
    return n;
  };
  const parsed: ParsedSqlSettings = {
    instance: name("instance", s.instance ?? "default"),
    mainSchema: name("mainSchema", s.mainSchema ?? "src_vn_json"),
    checkSchema: name("checkSchema", s.checkSchema ?? "src_vn_json_check"),
    monitoringSchema: name("monitoringSchema", s.monitoringSchema ?? "dbadmin"),
    roles: s.roles && {
      owner: name("roles.owner", s.roles.owner),
      repair: name("roles.repair", s.roles.repair),
      login: name("roles.login", s.roles.login),
    },
    deletions: s.deletions ?? "report",
    maxDeletes: number("maxDeletes", s.maxDeletes, 200, 0, 1e9),
    maxDeleteShare: number("maxDeleteShare", s.maxDeleteShare, 0.001, 0, 1),
    lossesByOthers: s.lossesByOthers ?? "report",
    watchMain: s.watchMain ?? true,
    mainSyncLogins: s.mainSyncLogins ?? [],
    sameRights: s.sameRights ?? false,
    territorialFilter: s.territorialFilter ?? false,
    tolerance: number("tolerance", s.tolerance, 3600, 0, 1e8),
    references: s.references ?? [],
    volatileKeys: s.volatileKeys ?? [],
    runAs: s.runAs ? name("runAs", s.runAs) : null,
    extraGrants: s.extraGrants ?? [],
    triggerSearchPath: s.triggerSearchPath?.map((x) => name("triggerSearchPath", x)) ?? null,
    email: s.email || null,
    batchSize: number("batchSize", s.batchSize, 50, 1, 1000),
    lockTimeoutMs: number("lockTimeoutMs", s.lockTimeoutMs, 200, 1, 60_000),
    maxCandidates: number("maxCandidates", s.maxCandidates, 50_000, 0, 1e9),
    maxCandidateShare: number("maxCandidateShare", s.maxCandidateShare, 0.05, 0, 1),
    minCandidates: number("minCandidates", s.minCandidates, 500, 0, 1e9),
    journalCap: number("journalCap", s.journalCap, 1_000_000, 1, 1e9),
    keepRunsDays: number("keepRunsDays", s.keepRunsDays, 730, 1, 36_500),
    keepDeletionsDays: number("keepDeletionsDays", s.keepDeletionsDays, 180, 1, 36_500),
  };
  const schemas = [parsed.mainSchema, parsed.checkSchema, parsed.monitoringSchema];
  if (new Set(schemas).size < 3)
    errors.push(`main, check and monitoring schema must be three: ${schemas.join(", ")}`);
  if (!["report", "apply"].includes(parsed.deletions))
    errors.push(`deletions: "report" or "apply", not ${parsed.deletions}`);
  if (!["report", "repair"].includes(parsed.lossesByOthers)) {
    errors.push(`lossesByOthers: "report" or "repair", not ${parsed.lossesByOthers}`);
  }
  for (const grant of parsed.extraGrants) {
    if (!GRANT.test(grant))
      errors.push(`extraGrants: ${JSON.stringify(grant)} is not like "SELECT ON TABLE ref.areas"`);
  }
  if (errors.length > 0) throw new Error(`settings of the repair:\n  ${errors.join("\n  ")}`);
  return parsed;
}
