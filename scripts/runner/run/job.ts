import type { Database } from "../account/database";
import type {
  Day,
  Fact,
  Job,
  JobSite,
  JobStatus,
  JobVerb,
  LastRepair,
  Progress,
  Scope,
  Window,
} from "../facts";

/** What is known of a job when it begins. */
export interface JobBegin {
  verb: JobVerb;
  log: string;
  /** The days that it downloads; of one that goes on with another: that one's. */
  window?: Window;
  /** The job whose download it goes on with. */
  resumes?: number;
  /** The sites that it downloads by date, or of which it has to know how complete that is. */
  scopes?: readonly Scope[];
}

/**
 * Writes down that a job begins. Jobs that were killed are closed first: only one runs at a time. All of its
 * sites begin with it, so that a job that is killed leaves each of them unproven.
 * @returns its number
 */
export async function beginJob(db: Database, begin: JobBegin): Promise<number> {
  const { verb, window, resumes, scopes = [] } = begin;
  return await db.session(async (client) => {
    await client.query("begin");
    const { rows } = await client.query<{ job: number }>(
      `select ${db.repair}.begin_job($1, $2, $3, $4, $5)::int as job`,
      [verb, window?.from, window?.to, resumes, begin.log],
    );
    const job = rows[0]?.job ?? 0;
    for (const { site, taxoExclude, units } of scopes)
      await client.query(`select ${db.repair}.begin_site($1, $2, $3, $4)`, [job, site, taxoExclude, units]);
    await client.query("commit");
    return job;
  });
}

export async function tellProgress(db: Database, job: number, at: Progress): Promise<void> {
  await db.call("progress", job, JSON.stringify(at));
}

/**
 * @param ending.repairRun the run of the repair that followed; null: none
 * @param ending.causes what kept it from bringing all, without secrets: `status` tells it as long as it lacks
 */
export async function endJob(
  db: Database,
  job: number,
  ending: {
    status: Exclude<JobStatus, "running">;
    message?: string;
    repairRun?: number | null;
    causes?: readonly Fact[];
  },
): Promise<void> {
  const { status, message, repairRun, causes = [] } = ending;
  // Once: asked again after a connection broke, it has been said already.
  await db.rows(
    `select ${db.repair}.note_causes(id, $2) from ${db.repair}.job where id = $1 and status = 'running'`,
    [job, JSON.stringify(causes)],
  );
  await db.rows(
    `select ${db.repair}.end_job(id, $2, $3, $4) from ${db.repair}.job where id = $1 and status = 'running'`,
    [job, status, message, repairRun],
  );
}

/** What became of the sites of the job `$1` or of the table `j`, as JSON. */
function sitesSql(db: Database, job: string): string {
  return `(select coalesce(json_agg(json_build_object('site', s.site, 'updated', s.updated, 'extrasFailed', s.extras_failed,
                                                      'proof', ${db.repair}.site_proof(s.job, s.site))
                                    order by s.since, s.site), '[]')
             from ${db.repair}.job_site s where s.job = ${job})`;
}

/** What became of the job's sites so far. */
export async function jobSites(db: Database, job: number): Promise<JobSite[]> {
  const [row] = await db.rows<{ sites: JobSite[] }>(`select ${sitesSql(db, "$1")} as sites`, [job]);
  return row?.sites ?? [];
}

/** A point in time as JavaScript reads it, whatever the session's way to write dates. */
function instant(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** The newest job that fits. */
async function newest(db: Database, where: string, values: unknown[]): Promise<Job | undefined> {
  const [row] = await db.rows<
    Omit<Job, "startedAt" | "endedAt"> & { startedAt: string; endedAt: string | null }
  >(
    `select j.id::int, j.verb, j.status, ${instant("j.started_at")} as "startedAt", ${instant("j.ended_at")} as "endedAt",
            j.log_path as log, j.message, j.progress::json as progress, j.causes, ${sitesSql(db, "j.id")} as sites,
            (select json_build_object('inserted', r.inserted, 'updated', r.updated, 'deleted', r.deleted, 'setAside', r.set_aside)
               from ${db.repair}.run r where r.id = j.repair_run) as repair
       from ${db.repair}.job j where ${where} order by j.id desc limit 1`,
    values,
  );
  if (row === undefined) return undefined;
  const { startedAt, endedAt } = row;
  return { ...row, startedAt: new Date(startedAt), endedAt: endedAt === null ? null : new Date(endedAt) };
}

/** @param ended leave out one that has not written down its end */
export async function lastJob(db: Database, verb: JobVerb, ended = false): Promise<Job | undefined> {
  return await newest(db, `j.verb = $1${ended ? " and j.ended_at is not null" : ""}`, [verb]);
}

/** The newest job that says how complete a download is: one that downloaded by date, or went on with it. */
export async function lastDownload(db: Database): Promise<Job | undefined> {
  return await newest(db, `j.id = ${db.repair}.last_download()`, []);
}

/**
 * The same of those that are over.
 * @param killed one that has not written down its end is: no run is under way
 */
export async function lastEndedDownload(db: Database, killed: boolean): Promise<Job | undefined> {
  return await newest(
    db,
    `exists (select from ${db.repair}.job_site s where s.job = j.id and s.since is not null)
       ${killed ? "" : "and j.ended_at is not null"}`,
    [],
  );
}

/** First day of the last download, if it is not proven for every site. */
export async function openSince(db: Database): Promise<Day | undefined> {
  const proofs = ((await lastDownload(db))?.sites ?? []).flatMap(({ proof }) => proof ?? []);
  return proofs.find((proof) => !proof.proven)?.window.from;
}

/** What became of each site beside its proof, in the last job that could say it. */
export async function lastSites(db: Database): Promise<Pick<JobSite, "site" | "updated" | "extrasFailed">[]> {
  return await db.rows(
    `select distinct on (s.site) s.site, s.updated, s.extras_failed as "extrasFailed"
       from ${db.repair}.job_site s join ${db.repair}.job j on j.id = s.job
      where (s.updated is not null or s.extras_failed <> '{}') and j.ended_at is not null
      order by s.site, j.id desc`,
  );
}

/** Extra controllers that failed when they were last asked for, by site. */
export async function openExtras(db: Database): Promise<Map<string, string[]>> {
  return new Map((await lastSites(db)).map(({ site, extrasFailed }) => [site, extrasFailed]));
}

/**
 * Whether the last weekly job broke off before main was compared as a whole, and nobody, by hand neither, has had it
 * compared since: then the daily one does.
 */
export async function wholePassDue(db: Database): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.repair}.job w
      where w.verb = 'weekly' and w.ended_at is not null and w.repair_run is null
        and not exists (select from ${db.repair}.run r
                         where r.started_at > w.started_at and r.whole and r.status in ('done', 'partial'))
      limit 1`,
  );
  return rows.length > 0;
}

/** The last run of the repair; one that nobody closed and whose session is gone counts as interrupted. */
export async function lastRepair(db: Database): Promise<LastRepair | undefined> {
  const [row] = await db.rows<LastRepair>(
    `select id::int, job::int, case when status = 'running' then 'interrupted' else status end as status, message, problems,
            views_error as "viewsError"
       from ${db.repair}.run r
      where status <> 'running' or not exists (select from pg_stat_activity a where a.pid = r.pid)
      order by id desc limit 1`,
  );
  return row;
}

/** Whether main was ever compared as a whole. */
export async function everCompared(db: Database): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.repair}.run where whole and status in ('done', 'partial') limit 1`,
  );
  return rows.length > 0;
}

/** Whether a first import has ever come to its end. */
export async function firstImportEnded(db: Database): Promise<boolean> {
  const rows = await db.rows(`select from ${db.repair}.job where verb = 'init' and status = 'done' limit 1`);
  return rows.length > 0;
}
