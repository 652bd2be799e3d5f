import { loadEvn } from "../download/evnFile";
import { gapSince, putBack } from "../download/increments";
import { beginAgain, siteEnded } from "../download/proof";
import { readyClient } from "../download/readyClient";
import { downloadSite, fetchExtras, updateSite } from "../download/site";
import { writeWindow } from "../download/window";
import { EXIT, type ExitCode, type Job, type Proof, type Scope } from "../facts";
import { finish } from "../run/finish";
import { jobSites, lastDownload, openExtras, wholePassDue } from "../run/job";
import { listsLeft } from "../run/openParts";
import { asJob, locked, type Run } from "../run/run";
import { type Verb, verbose } from "../run/verb";
import { importedScopes, weeklyJob } from "../weeklyJob";

export const daily: Verb = {
  name: "daily",
  help: (texts) => texts.daily,
  options: [verbose],
  run: (options, follow) => locked("daily", options, { loadEvn, putBack, readyClient, follow }, story),
};

/** Changes since the last update → what the last download left unproven → repair. */
async function story(run: Run): Promise<ExitCode> {
  const scopes = await importedScopes(run);
  if (scopes === undefined) return EXIT.busy;
  // After a long pause the portal's list of changes no longer reaches: the gap is downloaded by date, as the weekly
  // job does, whose turn it is by now.
  if ((await gapSince(run.db, scopes)) !== null) return await weeklyJob(run, scopes, false);
  const open = await openDownload(run);
  const extras = await openExtras(run.db);
  const lists = await listsLeft(run.db);
  const begin = open && { resumes: open.id, scopes: scopes.filter(({ site }) => proofOf(open, site)) };
  return await asJob(run, { verb: "daily", ...begin }, async (job) => {
    const updated = new Map<string, boolean>();
    for (const scope of scopes) updated.set(scope.site, await updateSite(run, job, scope));
    const left = new Map((await jobSites(run.db, job)).map(({ site, proof }) => [site, proof]));
    for (const scope of scopes) {
      const proof = left.get(scope.site);
      const asked = [...(extras.get(scope.site) ?? []), ...(lists.get(scope.site) ?? [])];
      const again = [...new Set(asked)].filter((name) => run.evn.controllers.includes(name));
      const extrasFailed = proof
        ? await fetchRest(run, job, scope, proof, again)
        : await fetchExtras(run, job, scope, again);
      const ended = { updated: updated.get(scope.site) ?? false, extrasFailed };
      await siteEnded(run.db, job, scope.site, ended);
    }
    return await finish(run, job, (await wholePassDue(run.db)) ? "whole" : "journal");
  });
}

/** The last download, if it is still open for a site that is enabled. */
async function openDownload(run: Run): Promise<Job | undefined> {
  const last = await lastDownload(run.db);
  return run.evn.sites.some((site) => last && proofOf(last, site)?.proven === false) ? last : undefined;
}

function proofOf(job: Job, site: string): Proof | null | undefined {
  return job.sites.find((one) => one.site === site)?.proof;
}

/**
 * Fetches just what the last download of a site left unproven, over its own window.
 * @returns extra controllers that failed again
 */
async function fetchRest(
  run: Run,
  id: number,
  scope: Scope,
  left: Proof,
  controllers: readonly string[],
): Promise<readonly string[]> {
  if (left.proven && controllers.length === 0) return [];
  const { window } = left;
  writeWindow(run.paths.evn, window);
  if (left.doubts.length === 0) return await downloadSite(run, { id, window }, scope, controllers, { left });
  // A download that was not believed is made anew as a whole: the portal may have recovered.
  await beginAgain(run.db, id, scope);
  return await downloadSite(run, { id, window }, scope, controllers, {});
}
