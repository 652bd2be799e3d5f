import { acceptDoubts } from "../download/doubts";
import { loadEvn } from "../download/evnFile";
import { putBack } from "../download/increments";
import { readyClient } from "../download/readyClient";
import { EXIT, type ExitCode } from "../facts";
import { locked, type Run, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { importedScopes, weeklyJob } from "../weeklyJob";

interface WeeklyOptions extends RunOptions {
  /** Take a download that is smaller than usual as it is: all of it, or what is doubted of these (site, site/group). */
  acceptDownload?: boolean | string[];
  believe?: boolean | string[];
}

export const weekly: Verb<WeeklyOptions> = {
  name: "weekly",
  help: (texts) => texts.weekly,
  options: [
    verbose,
    { flags: "--accept-download [site/group...]", help: (texts) => texts.acceptDownload },
    { flags: "--believe [site/group...]", help: (texts) => texts.acceptDownload, hidden: true },
  ],
  run: (options, follow) => {
    const accept = options.acceptDownload ?? options.believe ?? false;
    return locked("weekly", options, { loadEvn, putBack, readyClient, follow }, (run) => story(run, accept));
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
  run: (options, follow) =>
    locked("weekly", options, { loadEvn, putBack, readyClient, follow }, (run) => story(run, false)),
};

async function story(run: Run, accept: boolean | string[]): Promise<ExitCode> {
  const scopes = await importedScopes(run);
  if (scopes === undefined) return EXIT.busy;
  if (typeof accept === "boolean") return await weeklyJob(run, scopes, accept);
  const wrong = await acceptDoubts(run.db, accept);
  if (wrong === undefined) return await weeklyJob(run, scopes, false);
  run.say({ fact: "notDoubted", ...wrong });
  return EXIT.failed;
}
