import { openHome } from "../context";
import { firstImportState, scopesFrom } from "../download";
import { EXIT } from "../errors";
import { readClientConfig } from "../evnYaml";
import { below, readIfThere } from "../files";
import { inBackground, isRunning } from "../lock";
import { firstImportEnded, lastRun } from "../record";
import { importComesFirst, imported, type RunOptions } from "./frame";

/** Groups that the portal offers since the first import are imported too, tried once a day at most. */
const AGAIN_AFTER_MS = 24 * 3_600_000;

/** Goes on with an unfinished first import, in the background; else nothing, quickly and in silence. */
export async function watch(options: RunOptions): Promise<number> {
  const home = openHome(options.overrides);
  if (isRunning(home.paths)) return EXIT.busy;
  const text = readIfThere(below(home.paths.home, home.settings.config));
  if (text === undefined) return EXIT.done;
  const scopes = scopesFrom(readClientConfig(text));
  const last = await lastRun(home.db, "init");
  if (await firstImportEnded(home.db)) {
    const state = await firstImportState(home, scopes);
    const since = home.settings.firstImport.since;
    const newSite = state.some(({ pairs }) => pairs.length === 0);
    const lately = last && Date.now() - last.started_at.getTime() < AGAIN_AFTER_MS;
    const whole = state.every(({ pairs }) => pairs.every((pair) => imported(pair, since)));
    if (!newSite && (whole || lately)) return EXIT.done;
  } else {
    // Begun by the stack or by hand, never by itself.
    if (readIfThere(home.paths.importAsked) === undefined || !(await importComesFirst(home, scopes)))
      return EXIT.done;
  }
  inBackground(["init"]);
  return EXIT.done;
}
