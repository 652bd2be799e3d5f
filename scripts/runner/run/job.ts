import type { Database } from "../account/database";
import type {
  Day,
  Job,
  JobStatus,
  JobVerb,
  Progress,
  Proof,
  RepairMode,
  RepairResult,
  Window,
} from "../facts";
import { type ProofReport, proofReport, proofsOf } from "./proofReport";

/** The `detail` of a row of job_run. */
interface Detail {
  log?: string;
  pid?: number;
  message?: string;
  updatesFailed?: string[];
  extrasFailed?: Record<string, string[]>;
  repair?: RepairResult & { dryRun?: boolean };
  /** How much of main the repair compared. */
  mode?: RepairMode;
  progress?: Progress;
}

interface Row {
  id: number;
  verb: JobVerb;
  status: JobStatus;
  started_at: Date;
  ended_at: Date | null;
  window_from: string | null;
  window_to: string | null;
  proof: ProofReport | null;
  repair_run_id: number | null;
  detail: Detail | null;
}

const COLUMNS = `id::int, verb, started_at, ended_at, status, window_from::text, window_to::text, proof, repair_run_id::int, detail`;

function jobOf(row: Row): Job {
  const detail = row.detail ?? {};
  return {
    id: row.id,
    verb: row.verb,
    status: row.status,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    window:
      row.window_from === null || row.window_to === null
        ? null
        : { from: row.window_from, to: row.window_to },
    proofs: proofsOf(row.proof),
    updatesFailed: detail.updatesFailed ?? [],
    extrasFailed: detail.extrasFailed ?? {},
    repairRun: row.repair_run_id,
    repair: detail.repair ?? null,
    progress: detail.progress ?? null,
    log: detail.log ?? null,
    message: detail.message || null,
  };
}

/** What a job's row says when it ends. */
export interface Ending {
  status: Exclude<JobStatus, "running">;
  message?: string;
  updatesFailed?: string[];
  extrasFailed?: Record<string, string[]>;
  repair?: { result: RepairResult; mode: RepairMode; dryRun: boolean };
}

/** What is known of a job when it begins. */
export interface JobBegin {
  verb: JobVerb;
  log: string;
  window?: Window;
  /** Of the sites that it downloads by date. */
  proofs?: readonly Proof[];
}

/** The row of the job under way. */
export interface JobUnderWay {
  readonly id: number;
  readonly proofs: readonly Proof[];
  /** Takes the place of what was known of that site. */
  prove(proof: Proof): Promise<void>;
  progress(at: Progress): Promise<void>;
  end(ending: Ending): Promise<void>;
}

/** Writes down that a job begins. Rows of jobs that were killed are closed first: only one runs at a time. */
export async function beginJob(db: Database, begin: JobBegin): Promise<JobUnderWay> {
  await db.rows(
    `update ${db.schema}.job_run set status = 'failed', ended_at = now(),
            detail = coalesce(detail, '{}') || '{"message": "killed"}' where ended_at is null`,
  );
  let proofs = begin.proofs ?? [];
  const stored = () => {
    const report = proofReport(proofs);
    return report && JSON.stringify(report);
  };
  const [row] = await db.rows<{ id: number }>(
    `insert into ${db.schema}.job_run (verb, status, window_from, window_to, proof, detail)
     values ($1, 'running', $2, $3, $4, $5) returning id::int`,
    [
      begin.verb,
      begin.window?.from ?? null,
      begin.window?.to ?? null,
      stored(),
      JSON.stringify({ log: begin.log, pid: process.pid } satisfies Detail),
    ],
  );
  const id = row?.id ?? 0;
  return {
    id,
    get proofs() {
      return proofs;
    },
    async prove(proof) {
      proofs = proofs.map((old) => (old.site === proof.site ? proof : old));
      await db.rows(`update ${db.schema}.job_run set proof = $2 where id = $1`, [id, stored()]);
    },
    async progress(progress) {
      await db.rows(`update ${db.schema}.job_run set detail = detail || $2::jsonb where id = $1`, [
        id,
        JSON.stringify({ progress } satisfies Detail),
      ]);
    },
    async end({ status, repair, ...rest }) {
      const detail: Detail = rest;
      if (repair) {
        detail.mode = repair.mode;
        detail.repair = { ...repair.result, ...(repair.dryRun ? { dryRun: true } : {}) };
      }
      await db.rows(
        `update ${db.schema}.job_run set status = $2, ended_at = now(), repair_run_id = $4,
                detail = detail || $3::jsonb where id = $1`,
        [id, status, JSON.stringify(detail), repair?.result.run ?? null],
      );
    },
  };
}

/** The newest job of a verb. */
export async function lastJob(db: Database, verb: JobVerb): Promise<Job | undefined> {
  const [row] = await db.rows<Row>(
    `select ${COLUMNS} from ${db.schema}.job_run where verb = $1 order by id desc limit 1`,
    [verb],
  );
  return row && jobOf(row);
}

/** The newest job that says how complete a download is: a weekly one, or a daily one that went on with it. */
export async function lastDownload(db: Database): Promise<Job | undefined> {
  const [row] = await db.rows<Row>(
    `select ${COLUMNS} from ${db.schema}.job_run where proof is not null order by id desc limit 1`,
  );
  return row && jobOf(row);
}

/** First day of the last download, if it is not proven for every site. */
export async function openSince(db: Database): Promise<Day | undefined> {
  const last = await lastDownload(db);
  return last?.proofs.some((one) => !one.proven) ? last.proofs[0]?.window.from : undefined;
}

/** Extra controllers that failed in the last job, by site. */
export async function openExtras(db: Database): Promise<Record<string, string[]>> {
  const [row] = await db.rows<{ extras: Record<string, string[]> | null }>(
    `select detail->'extrasFailed' as extras from ${db.schema}.job_run
      where verb in ('daily', 'weekly') and ended_at is not null order by id desc limit 1`,
  );
  return row?.extras ?? {};
}

/**
 * Whether the last weekly job broke off before main was compared as a whole, and no job has done so since:
 * then the daily one does.
 */
export async function wholePassDue(db: Database): Promise<boolean> {
  const rows = await db.rows(
    `select from ${db.schema}.job_run w
      where w.verb = 'weekly' and w.ended_at is not null and w.repair_run_id is null
        and not exists (select from ${db.schema}.job_run r
                         where r.id > w.id and r.repair_run_id is not null and r.detail->>'mode' = 'whole')
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
