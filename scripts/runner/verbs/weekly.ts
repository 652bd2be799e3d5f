import { databaseNow } from "../account/database";
import { loadEvn, scopesOf } from "../download/evnFile";
import { importLacks } from "../download/firstImport";
import { putBack } from "../download/increments";
import { nothingYet } from "../download/proof";
import { downloadSites } from "../download/site";
import { windowFor, writeWindow } from "../download/window";
import { EXIT, type ExitCode } from "../facts";
import { finish } from "../run/finish";
import { firstImportEnded, openSince } from "../run/job";
import { asJob, locked, type Run, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";

interface WeeklyOptions extends RunOptions {
  /** Take a download that is smaller than usual as it is. */
  acceptDownload?: boolean;
  believe?: boolean;
}

export const weekly: Verb<WeeklyOptions> = {
  name: "weekly",
  help: (texts) => texts.weekly,
  options: [
    verbose,
    { flags: "--accept-download", help: (texts) => texts.acceptDownload },
    { flags: "--believe", help: (texts) => texts.acceptDownload, hidden: true },
  ],
  run: (options) => {
    const accept = options.acceptDownload ?? options.believe ?? false;
    return locked("weekly", options, { loadEvn, putBack }, (run) => story(run, accept));
  },
};

/** The weekly job under the name that it had before there was a kit. */
export const fullTwoWeeks: Verb = {
  name: "transfer_vn_full_2w",
  help: (texts) => texts.fullTwoWeeks,
  arguments: [
    { name: "config", help: (texts) => texts.config },
    { name: "service", help: (texts) => texts.service },
  ],
  options: [verbose],
  run: (options) => locked("weekly", options, { loadEvn, putBack }, (run) => story(run, false)),
};

/** Window → download of each site, its proof and its update → repair → record. */
async function story(run: Run, accept: boolean): Promise<ExitCode> {
  const scopes = scopesOf(run.evn);
  if (!(await firstImportEnded(run.db)) && (await importLacks(run, scopes))) {
    run.say({ fact: "importUnderWay" });
    return EXIT.busy;
  }
  // By the clock that stamps download_log.
  const since = await databaseNow(run.db);
  const window = await windowFor(run, scopes, await openSince(run.db));
  writeWindow(run.paths.evn, window);
  const proofs = scopes.map((scope) => nothingYet(scope, since, window));
  return await asJob(run, { verb: "weekly", window, proofs }, async (job) => {
    const outcome = await downloadSites(run, job, scopes, window, { since, accept });
    return await finish(run, job, "whole", outcome);
  });
}
