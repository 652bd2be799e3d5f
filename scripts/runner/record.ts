import type { Database } from "./database";
import type { Proof } from "./proof";

export type Verb = "init" | "daily" | "weekly" | "repair";
export type Status = "running" | "done" | "partial" | "failed";

/** last_ts of a site's groups as they were before an update: put back if it fails. */
export type SavedIncrements = Record<string, { taxo: number; last: string }[]>;

/** The `detail` of a run, for status, report and the next run. */
export interface Detail {
  log?: string;
  pid?: number;
  message?: string;
  /** Sites whose update failed after all tries. */
  updatesFailed?: string[];
  /** Controllers beyond the proof's own that failed, by site. */
  extrasFailed?: Record<string, string[]>;
  repair?: Record<string, unknown>;
  /** How much of main the repair compared. */
  mode?: "daily" | "weekly";
  /** First import: where it is. */
  progress?: { site: string; group: string; done: number; expected: number };
  increments?: SavedIncrements;
}

/** A row of job_run. */
export interface JobRun {
  id: number;
  verb: Verb;
  started_at: Date;
  ended_at: Date | null;
  status: Status;
  window_from: string | null;
  window_to: string | null;
  proof: Proof | null;
  repair_run_id: number | null;
  detail: Detail | null;
}

const COLUMNS = `id::int, verb, started_at, ended_at, status, window_from::text, window_to::text, proof, repair_run_id::int, detail`;

/** The row of a run under way. */
export interface RunRecord {
  id: number;
  update(values: { detail?: Detail; proof?: Proof }): Promise<void>;
  end(status: Status, detail?: Detail, repairRun?: number): Promise<void>;
}

/** Writes down that a run begins. Rows of runs that were killed are closed first: only one runs at a time. */
export async function beginRecord(
  db: Database,
  verb: Verb,
  detail: Detail,
  window?: { from: string; to: string },
  proof?: Proof,
): Promise<RunRecord> {
  await db.rows(
    `update ${db.schema}.job_run set status = 'failed', ended_at = now(),
            detail = coalesce(detail, '{}') || '{"message": "killed"}' where ended_at is null`,
  );
  const [row] = await db.rows<{ id: number }>(
    `insert into ${db.schema}.job_run (verb, status, window_from, window_to, proof, detail)
     values ($1, 'running', $2, $3, $4, $5) returning id::int`,
    [
      verb,
      window?.from ?? null,
      window?.to ?? null,
      proof ? JSON.stringify(proof) : null,
      JSON.stringify(detail),
    ],
  );
  const id = row?.id ?? 0;
  return {
    id,
    async update({ detail: more, proof: newer }) {
      await db.rows(
        `update ${db.schema}.job_run
            set detail = coalesce(detail, '{}') || coalesce($2::jsonb, '{}'), proof = coalesce($3::jsonb, proof) where id = $1`,
        [id, more ? JSON.stringify(more) : null, newer ? JSON.stringify(newer) : null],
      );
    },
    async end(status, more, repairRun) {
      await db.rows(
        `update ${db.schema}.job_run set status = $2, ended_at = now(), repair_run_id = $4,
                detail = coalesce(detail, '{}') || coalesce($3::jsonb, '{}') where id = $1`,
        [id, status, more ? JSON.stringify(more) : null, repairRun ?? null],
      );
    },
  };
}

/** The newest run of a verb; of those that ended, where `ended` is asked for. */
export async function lastRun(db: Database, verb: Verb, ended = false): Promise<JobRun | undefined> {
  const [row] = await db.rows<JobRun>(
    `select ${COLUMNS} from ${db.schema}.job_run where verb = $1 and (not $2 or ended_at is not null) order by id desc limit 1`,
    [verb, ended],
  );
  return row;
}

/** The newest run that says how complete a download is: a weekly one, or a daily one that went on with it. */
export async function lastProof(db: Database): Promise<JobRun | undefined> {
  const [row] = await db.rows<JobRun>(
    `select ${COLUMNS} from ${db.schema}.job_run where proof is not null order by id desc limit 1`,
  );
  return row;
}

/**
 * Whether the last weekly run broke off before main was compared as a whole, and no run has done so since:
 * then the daily one does.
 */
export async function wholePassDue(db: Database): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.schema}.job_run w
      where w.verb = 'weekly' and w.ended_at is not null and w.repair_run_id is null
        and not exists (select from ${db.schema}.job_run r
                         where r.id > w.id and r.repair_run_id is not null and r.detail->>'mode' = 'weekly')
      limit 1`,
  );
  return rows.length > 0;
}

/** Whether a first import has ever come to its end. */
export async function firstImportEnded(db: Database): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.schema}.job_run where verb = 'init' and status = 'done' limit 1`,
  );
  return rows.length > 0;
}
