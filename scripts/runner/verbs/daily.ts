import { databaseNow } from "../account/database";
import { loadEvn, type Scope, scopesOf } from "../download/evnFile";
import { importLacks } from "../download/firstImport";
import { gapSince, putBack } from "../download/increments";
import { nothingYet } from "../download/proof";
import { downloadSite, downloadSites, type Outcome, updateSite } from "../download/site";
import { windowFor, writeWindow } from "../download/window";
import { EXIT, type ExitCode, type Proof } from "../facts";
import { finish } from "../run/finish";
import {
  firstImportEnded,
  type JobUnderWay,
  lastDownload,
  openExtras,
  openSince,
  wholePassDue,
} from "../run/job";
import { asJob, locked, type Run } from "../run/run";
import { type Verb, verbose } from "../run/verb";

export const daily: Verb = {
  name: "daily",
  help: (texts) => texts.daily,
  options: [verbose],
  run: (options) => locked("daily", options, { loadEvn, putBack }, story),
};

/** Changes since the last update → what the last download left unproven → repair. */
async function story(run: Run): Promise<ExitCode> {
  const scopes = scopesOf(run.evn);
  if (!(await firstImportEnded(run.db)) && (await importLacks(run, scopes))) {
    run.say({ fact: "importUnderWay" });
    return EXIT.busy;
  }
  // After a long pause the portal's list of changes no longer reaches: the gap is downloaded by date.
  if ((await gapSince(run.db, scopes)) !== null) return await afterPause(run, scopes);
  const proofs = await openProofs(run);
  const extras = await openExtras(run.db);
  const window = proofs[0]?.window;
  return await asJob(run, { verb: "daily", proofs, ...(window ? { window } : {}) }, async (job) => {
    const outcome: Outcome = { updatesFailed: [], extrasFailed: {} };
    for (const scope of scopes)
      if (!(await updateSite(run, job, scope))) outcome.updatesFailed.push(scope.site);
    if (proofs.length > 0) await fetchRest(run, job, scopes, extras, outcome);
    return await finish(run, job, (await wholePassDue(run.db)) ? "whole" : "journal", outcome);
  });
}

/** As the weekly job, whose turn it is by now. */
async function afterPause(run: Run, scopes: Scope[]): Promise<ExitCode> {
  const since = await databaseNow(run.db);
  const window = await windowFor(run, scopes, await openSince(run.db));
  writeWindow(run.paths.evn, window);
  const proofs = scopes.map((scope) => nothingYet(scope, since, window));
  return await asJob(run, { verb: "weekly", window, proofs }, async (job) => {
    const outcome = await downloadSites(run, job, scopes, window, { since, accept: false });
    return await finish(run, job, "whole", outcome);
  });
}

/** The last download's proofs of sites that are enabled, if one of these is still open; else none. */
async function openProofs(run: Run): Promise<Proof[]> {
  const all = (await lastDownload(run.db))?.proofs ?? [];
  const proofs = all.filter((proof) => run.evn.sites.includes(proof.site));
  return proofs.some((proof) => !proof.proven) ? proofs : [];
}

/** Fetches just what the last download left unproven, over its own window. */
async function fetchRest(
  run: Run,
  job: JobUnderWay,
  scopes: readonly Scope[],
  extras: Record<string, string[]>,
  outcome: Outcome,
): Promise<void> {
  const before = new Map(job.proofs.map((proof) => [proof.site, proof]));
  const [first] = job.proofs;
  if (first) writeWindow(run.paths.evn, first.window);
  for (const scope of scopes) {
    const left = before.get(scope.site);
    const controllers = (extras[scope.site] ?? []).filter((name) => run.evn.controllers.includes(name));
    if (!left || (left.proven && controllers.length === 0)) continue;
    // A download that was not believed is made anew as a whole: the portal may have recovered.
    const begin = left.doubts.length > 0 ? { since: await databaseNow(run.db) } : { since: left.since, left };
    const failed = await downloadSite(run, job, scope, left.window, begin, controllers);
    if (failed.length > 0) outcome.extrasFailed[scope.site] = failed;
  }
}
