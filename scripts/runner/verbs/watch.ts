import { readIfThere } from "../account/files";
import { inBackground, isRunning } from "../account/lock";
import { importDue, importStateOf, isIncomplete, isThere } from "../download/firstImport";
import { EXIT, type ExitCode } from "../facts";
import { firstImportEnded, lastJob } from "../run/job";
import { openHome, type RunOptions } from "../run/run";
import { stopSignal } from "../run/stop";
import { forgetTold, tellOnce, type Verb, verbose } from "../run/verb";

/** Groups that the portal offers since the first import are imported too, tried once a day at most. */
const AGAIN_AFTER_MS = 24 * 3_600_000;

/** Goes on with an unfinished first import, in the background; else nothing, quickly and in silence. */
export const watch: Verb = {
  name: "watch",
  help: (texts) => texts.watch,
  options: [verbose],
  async run(options) {
    try {
      const code = await goOn(options);
      forgetTold();
      return code;
    } catch (error) {
      return tellOnce(error);
    }
  },
};

async function goOn(options: RunOptions): Promise<ExitCode> {
  const home = openHome(options);
  home.db.waiting.stop = stopSignal();
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
