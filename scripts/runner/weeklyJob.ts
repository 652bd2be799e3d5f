import { scopesOf } from "./download/evnFile";
import { importLacks } from "./download/firstImport";
import { downloadSites } from "./download/site";
import { windowFor, writeWindow } from "./download/window";
import type { ExitCode, Scope } from "./facts";
import { finish } from "./run/finish";
import { firstImportEnded, openSince } from "./run/job";
import { asJob, type Run } from "./run/run";

/** The filters of each site; undefined, and said, while the first import is under way: nothing to do before. */
export async function importedScopes(run: Run): Promise<Scope[] | undefined> {
  const scopes = scopesOf(run.evn);
  if ((await firstImportEnded(run.db)) || !(await importLacks(run, scopes))) return scopes;
  run.say({ fact: "importUnderWay" });
  return undefined;
}

/**
 * Window → download of each site, its proof and its update → repair → record.
 * @param accept take a download that is smaller than usual as it is
 */
export async function weeklyJob(run: Run, scopes: readonly Scope[], accept: boolean): Promise<ExitCode> {
  const window = await windowFor(run, scopes, await openSince(run.db));
  writeWindow(run.paths.evn, window);
  return await asJob(run, { verb: "weekly", window, scopes }, async (id) => {
    await downloadSites(run, { id, window }, scopes, accept);
    return await finish(run, id, "whole");
  });
}
