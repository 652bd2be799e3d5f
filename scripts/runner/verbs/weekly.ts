import { loadEvn, scopesOf } from "../download/evnFile";
import { importLacks } from "../download/firstImport";
import { putBack } from "../download/increments";
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
  const window = await windowFor(run, scopes, await openSince(run.db));
  writeWindow(run.paths.evn, window);
  return await asJob(run, { verb: "weekly", window, scopes }, async (id) => {
    await downloadSites(run, { id, window }, scopes, accept);
    return await finish(run, id, "whole");
  });
}
