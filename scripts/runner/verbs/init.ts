import { writePrivate } from "../account/files";
import { inBackground } from "../account/lock";
import { loadEvn, scopesOf } from "../download/evnFile";
import { importSite } from "../download/firstImport";
import { putBack } from "../download/increments";
import { readyClient } from "../download/readyClient";
import { EXIT, type ExitCode } from "../facts";
import { endJob, tellProgress } from "../run/job";
import { openParts } from "../run/openParts";
import { asJob, locked, openHome, type Run, type RunOptions } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { factIn } from "../text";

interface InitOptions extends RunOptions {
  background?: boolean;
}

export const init: Verb<InitOptions> = {
  name: "init",
  help: (texts) => texts.init,
  options: [verbose, { flags: "--background", help: (texts) => texts.background }],
  async run(options, follow) {
    const home = openHome(options);
    writePrivate(home.paths.importAsked, `${new Date().toISOString()}\n`);
    if (!options.background)
      return await locked("init", options, { loadEvn, putBack, readyClient, follow }, story);
    await inBackground(["init"]);
    process.stdout.write(`${factIn(home.texts, { fact: "importInBackground", logs: home.paths.log })}\n`);
    return EXIT.done;
  },
};

/** Said when it happened. */
const SAID: ReadonlySet<string> = new Set(["importGroupFailed", "extrasFailed"]);

/** The first import: site by site, group by group, each from where it stopped. */
async function story(run: Run): Promise<ExitCode> {
  const scopes = scopesOf(run.evn);
  return await asJob(run, { verb: "init" }, async (job) => {
    let done = 0;
    let expected = 0;
    let worked = false;
    for (const [i, scope] of scopes.entries()) {
      const site = await importSite(run, job, scope, i === 0, (at) => tellProgress(run.db, job, at));
      worked ||= site.worked;
      done += site.done;
      expected += site.expected;
    }
    const whole = done === expected && expected > 0;
    const causes = whole ? [] : [...run.causes.values()];
    for (const cause of causes) if (!SAID.has(cause.fact)) run.say(cause);
    if (!whole) for (const open of await openParts(run.db, run.evn.sites)) run.say(open);
    if (!whole) run.say({ fact: "importPartial", done, expected });
    else run.say(worked ? { fact: "importEnded", done } : { fact: "importNothingToDo" });
    await endJob(run.db, job, { status: whole ? "done" : "partial", causes });
    return whole ? EXIT.done : EXIT.partial;
  });
}
