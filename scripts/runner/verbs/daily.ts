import type { Run } from "../context";
import { downloadSite, scopesOf, updateSite } from "../download";
import { EXIT } from "../errors";
import { gapSince } from "../increments";
import type { Proof } from "../proof";
import { beginRecord, lastProof, type RunRecord, wholePassDue } from "../record";
import { finish, type Outcome } from "./finish";
import { importComesFirst, locked, type RunOptions, recorded } from "./frame";
import { databaseNow, weeklyRun, withSite, writeWindow } from "./weekly";

/** The daily job: changes since the last update → what the last weekly run left unproven → repair. */
export function daily(options: RunOptions): Promise<number> {
  return locked("daily", options, dailyRun);
}

async function dailyRun(run: Run): Promise<number> {
  const scopes = scopesOf(run);
  if (await importComesFirst(run, scopes)) {
    run.log.info(run.texts.importUnderWay);
    return EXIT.busy;
  }
  // After a long pause the portal's list of changes no longer reaches: the weekly job downloads the gap.
  if ((await gapSince(run.db, scopes)) !== null) return await weeklyRun(run);
  const open = await openProof(run);
  const window = open ? { from: open.window_from, to: open.window_to } : undefined;
  const extras = await openExtras(run);
  const record = await beginRecord(run.db, "daily", { log: run.log.path, pid: process.pid }, window, open);
  return await recorded(run, record, async () => {
    const outcome: Outcome = { updatesFailed: [], extrasFailed: {} };
    for (const scope of scopes) {
      if (!(await updateSite(run, record.id, scope))) outcome.updatesFailed.push(scope.site);
    }
    const proof = open ? await goOn(run, record, open, extras, outcome) : null;
    return await finish(run, record, (await wholePassDue(run.db)) ? "weekly" : "daily", proof, outcome);
  });
}

/** The last download's proof, if it is still open for a site that is enabled. */
async function openProof(run: Run): Promise<Proof | undefined> {
  const proof = (await lastProof(run.db))?.proof;
  if (!proof || proof.proven) return undefined;
  const sites = proof.sites.filter((site) => run.config.sites.includes(site.site));
  return sites.some((site) => !site.proven) ? { ...proof, sites } : undefined;
}

/** Extra controllers that failed in the last run, by site. */
async function openExtras(run: Run): Promise<Record<string, string[]>> {
  const [row] = await run.db.rows<{ extras: Record<string, string[]> | null }>(
    `select detail->'extrasFailed' as extras from ${run.db.schema}.job_run
      where verb in ('daily', 'weekly') and ended_at is not null order by id desc limit 1`,
  );
  return row?.extras ?? {};
}

/** Fetches just what the last weekly run left unproven, over its own window. */
async function goOn(
  run: Run,
  record: RunRecord,
  open: Proof,
  extras: Record<string, string[]>,
  outcome: Outcome,
): Promise<Proof> {
  const window = { from: open.window_from, to: open.window_to };
  writeWindow(run, window.from);
  let proof = open;
  for (const scope of scopesOf(run)) {
    const before = open.sites.find((site) => site.site === scope.site);
    const left = (extras[scope.site] ?? []).filter((name) => run.config.controllers.includes(name));
    if (!before || (before.proven && left.length === 0)) continue;
    // A download that was not believed is made anew as a whole: the portal may have recovered.
    const begin = before.doubts.length > 0 ? { t0: await databaseNow(run) } : { t0: before.t0, goOn: before };
    const site = await downloadSite(run, scope, window, begin, left);
    if (site.extrasFailed.length > 0) outcome.extrasFailed[scope.site] = site.extrasFailed;
    proof = withSite(proof, site.proof);
    await record.update({ proof });
  }
  return proof;
}
