import { readIfThere } from "../account/files";
import { inBackground, isRunning } from "../account/lock";
import { importDue, importStateOf, isIncomplete, isThere } from "../download/firstImport";
import { EXIT, type ExitCode } from "../facts";
import { followJob } from "../run/follow";
import { firstImportEnded, lastJob } from "../run/job";
import { type Home, openHome } from "../run/run";
import { stopSignal } from "../run/stop";
import { forgetTold, tellOnce, type Verb, verbose } from "../run/verb";

/** Groups that the portal offers since the first import are imported too, tried once a day at most. */
const AGAIN_AFTER_MS = 24 * 3_600_000;

/** Goes on with an unfinished first import, in the background, and sends mails; else nothing, quickly and in silence. */
export const watch: Verb = {
  name: "watch",
  help: (texts) => texts.watch,
  options: [verbose],
  async run(options, follow) {
    const stop = stopSignal();
    const looksOn = options.verbose || process.stderr.isTTY === true;
    // A run under way may take days: mails leave meanwhile. What fails is for status to tell, once, not for each hour.
    const tell = (text: string) => {
      if (looksOn) process.stderr.write(`${text}\n`);
    };
    try {
      const home = openHome(options);
      home.db.waiting.stop = stop;
      const code = await goOn(home);
      await followJob(follow, () => openHome({ ...options, atOnce: true }), tell, stop);
      forgetTold();
      return code;
    } catch (error) {
      return tellOnce(error);
    }
  },
};

async function goOn(home: Home): Promise<ExitCode> {
  if (isRunning(home.paths)) return EXIT.busy;
  const sites = await importStateOf(home);
  if (sites === null) return EXIT.done;
  if (await firstImportEnded(home.db)) {
    const last = await lastJob(home.db, "init");
    const newSite = sites.some((site) => site.expected === 0);
    const lately = last && Date.now() - last.startedAt.getTime() < AGAIN_AFTER_MS;
    if (!newSite && (lately || !sites.some(isIncomplete))) return EXIT.done;
  } else {
    // Begun by the stack or by hand, never by itself.
    const asked = readIfThere(home.paths.importAsked) !== undefined;
    if (!asked || !sites.some(isIncomplete)) return EXIT.done;
    // Parts that do not come hold nothing up: daily and weekly have their turn, and these are come back to.
    if (sites.every(isThere) && !(await importDue(home))) return EXIT.done;
  }
  await inBackground(["init"]);
  return EXIT.done;
}
