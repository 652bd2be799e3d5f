import type { Database } from "../account/database";
import { type Proof, type RepairMode, type RepairResult, RunError } from "../facts";

/** What `fix_run` says of a repair (see sql/). */
interface Summary {
  run_id: number | null;
  status: RepairResult["status"];
  message: string | null;
  inserted: number;
  updated: number;
  deleted: number;
  set_aside: number;
  by_table?: RepairResult["byTable"];
}

export interface RepairRequest {
  mode: RepairMode;
  dryRun?: boolean;
  /** The number of changes that a person has agreed to, beyond the usual limit. */
  accept?: number | undefined;
  /** Of the download that deletions may be concluded from. */
  proofs: readonly Proof[];
}

const SQL_MODE = { journal: "daily", whole: "weekly", contents: "all" } as const;

/**
 * Lets the database repair main. All that is written to main is written by the SQL side, with its own
 * rights: this login has none there. Outside a transaction, because the procedure commits its batches.
 */
export async function repairMain(db: Database, request: RepairRequest): Promise<RepairResult> {
  const window = request.proofs[0]?.window;
  const context = {
    ...(request.accept === undefined ? {} : { accept: request.accept }),
    ...(window
      ? {
          proof: {
            window_from: window.from,
            window_to: window.to,
            proven: request.proofs.every((one) => one.proven),
            started_at: request.proofs.map((one) => one.since).sort()[0],
          },
        }
      : {}),
  };
  try {
    const [row] = await db.rows<{ _summary: Summary }>(
      `call ${db.schema}.fix_run($1::text, $2::boolean, $3::jsonb, null::jsonb)`,
      [SQL_MODE[request.mode], request.dryRun ?? false, JSON.stringify(context)],
    );
    if (!row?._summary) throw new Error("no summary");
    const { run_id: run, set_aside: setAside, by_table: byTable = {}, ...same } = row._summary;
    const { status, message, inserted, updated, deleted } = same;
    return { run, status, message, inserted, updated, deleted, setAside, byTable };
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError({ key: "repairFailed", cause: (error as Error).message });
  }
}
