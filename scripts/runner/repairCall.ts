import type { Run } from "./context";
import { RunError } from "./errors";
import type { Proof } from "./proof";

/** What `fix_run` says of a repair (see sql/). */
export interface RepairSummary {
  run_id: number | null;
  status: "done" | "partial" | "refused" | "busy";
  message: string | null;
  inserted: number;
  updated: number;
  deleted: number;
  set_aside: number;
  by_table?: Record<string, Record<string, number>>;
}

export interface RepairAsk {
  /** daily: from the journal; weekly: journal and whole table; all: forms and references too. */
  mode: "daily" | "weekly" | "all";
  dryRun?: boolean;
  /** The number of changes that a person has agreed to, beyond the usual limit. */
  accept?: number;
  proof?: Proof | null;
}

/**
 * Lets the database repair main. All that is written to main is written by the SQL side, with its own
 * rights: this login has none there. Outside a transaction, because the procedure commits its batches.
 */
export async function repairMain(run: Run, ask: RepairAsk): Promise<RepairSummary> {
  const context = {
    ...(ask.accept === undefined ? {} : { accept: ask.accept }),
    ...(ask.proof
      ? {
          proof: {
            window_from: ask.proof.window_from,
            window_to: ask.proof.window_to,
            proven: ask.proof.proven,
            started_at: ask.proof.sites.map((site) => site.t0).sort()[0],
          },
        }
      : {}),
  };
  try {
    const [row] = await run.db.rows<{ _summary: RepairSummary }>(
      `call ${run.db.schema}.fix_run($1::text, $2::boolean, $3::jsonb, null::jsonb)`,
      [ask.mode, ask.dryRun ?? false, JSON.stringify(context)],
    );
    if (!row?._summary) throw new Error("no summary");
    return row._summary;
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError({ key: "repairFailed", cause: (error as Error).message });
  }
}
