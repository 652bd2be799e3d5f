import { InvalidArgumentError } from "commander";
import { loadEvn } from "../download/evnFile";
import { putBack } from "../download/increments";
import { EXIT, type ExitCode, type RepairResult } from "../facts";
import { lastDownload } from "../run/job";
import { repairMain } from "../run/repair";
import { asJob, locked, type Run, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { factIn } from "../text";

interface RepairOptions extends RunOptions {
  dryRun?: boolean;
  all?: boolean;
  accept?: number;
}

export const repair: Verb<RepairOptions> = {
  name: "repair",
  help: (texts) => texts.repair,
  options: [
    verbose,
    { flags: "--dry-run", help: (texts) => texts.dryRun },
    { flags: "--all", help: (texts) => texts.all },
    { flags: "--accept <n>", help: (texts) => texts.accept, parse: wholeNumber },
  ],
  run: (options) => locked("repair", options, { loadEvn, putBack }, (run) => story(run, options)),
};

/** Repairs main from what the second copy has now, or only says what would be repaired. */
async function story(run: Run, options: RepairOptions): Promise<ExitCode> {
  const dryRun = options.dryRun ?? false;
  const mode = options.all ? "contents" : "whole";
  return await asJob(run, { verb: "repair" }, async (job) => {
    const proofs = (await lastDownload(run.db))?.proofs ?? [];
    const result = await repairMain(run.db, { mode, dryRun, proofs, accept: options.accept });
    process.stdout.write(`${factIn(run.texts, { fact: "repaired", result, dryRun })}\n${byTable(result)}`);
    if (result.status !== "done") run.say({ fact: "repairNotDone", result });
    const status = ({ done: "done", partial: "partial", refused: "failed", busy: "failed" } as const)[
      result.status
    ];
    await job.end({ status, repair: { result, mode, dryRun } });
    return result.status === "busy" ? EXIT.busy : EXIT[status];
  });
}

/** A line for each table in which something is to be told. */
function byTable(result: RepairResult): string {
  const lines = Object.entries(result.byTable).map(([table, counts]) => {
    const parts = Object.entries(counts).filter(([, count]) => typeof count === "number" && count > 0);
    const text = parts.map(([action, count]) => `${action} ${count}`).join(", ");
    return parts.length === 0 ? "" : `  ${table}: ${text}\n`;
  });
  return lines.join("");
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("1, 2, 3 …");
  return number;
}
