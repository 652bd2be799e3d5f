import { EXIT } from "../errors";
import { beginRecord, lastProof } from "../record";
import { repairMain } from "../repairCall";
import { locked, type RunOptions, recorded } from "./frame";

export interface RepairOptions extends RunOptions {
  dryRun?: boolean;
  all?: boolean;
  accept?: number;
}

/** Repairs main from what the second copy has now, or only says what would be repaired. */
export function repair(options: RepairOptions): Promise<number> {
  return locked("repair", options, async (run) => {
    const dryRun = options.dryRun ?? false;
    const record = await beginRecord(run.db, "repair", { log: run.log.path, pid: process.pid });
    return await recorded(run, record, async () => {
      const proof = (await lastProof(run.db))?.proof ?? null;
      const summary = await repairMain(run, {
        mode: options.all ? "all" : "weekly",
        dryRun,
        proof,
        ...(options.accept === undefined ? {} : { accept: options.accept }),
      });
      process.stdout.write(`${run.texts.repair(summary, dryRun)}\n`);
      for (const [table, counts] of Object.entries(summary.by_table ?? {})) {
        const parts = Object.entries(counts).filter(([, count]) => typeof count === "number" && count > 0);
        if (parts.length === 0) continue;
        process.stdout.write(
          `  ${table}: ${parts.map(([action, count]) => `${action} ${count}`).join(", ")}\n`,
        );
      }
      const status = { done: "done", partial: "partial", refused: "failed", busy: "failed" } as const;
      if (summary.status !== "done") run.log.problem(run.texts.repairRefused(summary));
      await record.end(
        status[summary.status],
        { repair: { ...summary, dryRun } },
        summary.run_id ?? undefined,
      );
      return summary.status === "busy" ? EXIT.busy : EXIT[status[summary.status]];
    });
  });
}
