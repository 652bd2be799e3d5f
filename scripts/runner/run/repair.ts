import type { Database } from "../account/database";
import { type RepairMode, type RepairResult, RunError } from "../facts";

export interface RepairRequest {
  mode: RepairMode;
  /** The job under way: deletions may be concluded from its downloads, as far as these are proven. */
  job: number;
  dryRun?: boolean;
  /** The number of changes that a person has agreed to, beyond the usual limit. */
  accept?: number | undefined;
}

type ResultRow = Omit<RepairResult, "setAside" | "byTable"> & {
  set_aside: number;
  by_table?: RepairResult["byTable"];
};

/**
 * Lets the database repair main. All that is written to main is written by the SQL side, with its own
 * rights: this login has none there. Outside a transaction, because the procedure commits its batches.
 */
export async function repairMain(db: Database, request: RepairRequest): Promise<RepairResult> {
  const { mode, job, dryRun = false, accept } = request;
  try {
    const [row] = await db.long<{ _result: ResultRow | null }>(
      `call ${db.repair}.repair($1::text, $2::bigint, $3::boolean, $4::integer, null::jsonb)`,
      [mode, job, dryRun, accept],
    );
    if (!row?._result) throw new Error("no result");
    const { run, status, message, inserted, updated, deleted } = row._result;
    const { set_aside: setAside, by_table: byTable = {}, problems = [] } = row._result;
    return { run, status, message, problems, inserted, updated, deleted, setAside, byTable };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { problem } = error;
    throw problem.key === "databaseRefuses" ? new RunError({ ...problem, key: "repairFailed" }) : error;
  }
}
