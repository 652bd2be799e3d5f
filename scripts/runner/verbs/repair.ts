import { InvalidArgumentError } from "commander";
import { loadEvn } from "../download/evnFile";
import { putBack } from "../download/increments";
import { EXIT, type ExitCode, type Job, type RepairResult, type Scope } from "../facts";
import { endJob, lastDownload } from "../run/job";
import { repairMain } from "../run/repair";
import { asJob, locked, type Run, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { factIn, type Texts } from "../text";

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
  run: (options, follow) =>
    locked("repair", options, { loadEvn, putBack, follow }, (run) => story(run, options)),
};

/** Repairs main from what the second copy has now, or only says what would be repaired. */
async function story(run: Run, options: RepairOptions): Promise<ExitCode> {
  const dryRun = options.dryRun ?? false;
  const mode = options.all ? "contents" : "whole";
  // What the last download says counts too: the database looks again how complete it is.
  const last = await lastDownload(run.db);
  const begin = last && { resumes: last.id, scopes: scopesAgain(run, last) };
  return await asJob(run, { verb: dryRun ? "dry run" : "repair", ...begin }, async (job) => {
    const result = await repairMain(run.db, { mode, job, dryRun, accept: options.accept });
    // Of one that did nothing no figure is told.
    if (dryRun || result.status === "done" || result.status === "partial")
      process.stdout.write(
        `${factIn(run.texts, { fact: "repaired", result, dryRun })}\n${byTable(run.texts, result)}`,
      );
    if (result.status !== "done") run.say({ fact: "repairNotDone", result });
    for (const problem of result.problems) run.say({ fact: "repairProblem", problem });
    const status = (
      { done: "done", partial: "partial", refused: "failed", busy: "failed", failed: "failed" } as const
    )[result.status];
    await endJob(run.db, job, { status, repairRun: result.run });
    return result.status === "busy" ? EXIT.busy : EXIT[status];
  });
}

/** All sites of that download, with today's filters. */
function scopesAgain(run: Run, { sites }: Job): Scope[] {
  const { taxoExclude, units } = run.evn;
  return sites.flatMap(({ site, proof }) => (proof ? { site, taxoExclude, units } : []));
}

/** A line for each table in which something is to be told. */
function byTable(texts: Texts, result: RepairResult): string {
  const lines = Object.entries(result.byTable).map(([table, counts]) => {
    const parts = Object.entries(counts).filter(([, count]) => typeof count === "number" && count > 0);
    return parts.length === 0 ? "" : `  ${texts.written(table, parts)}\n`;
  });
  return lines.join("");
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("1, 2, 3 …");
  return number;
}
