import { readFileSync } from "node:fs";
import type { Run } from "../context";
import type { Scope } from "../coverage";
import { downloadSite, scopesOf, updateSite } from "../download";
import { EXIT } from "../errors";
import { startDateOf, withWindow } from "../evnYaml";
import { writePrivate } from "../files";
import { gapSince } from "../increments";
import { addDays, latestDay, localDay } from "../log";
import { nothingYet, type Proof, REFERENCES, type SiteProof } from "../proof";
import { beginRecord, lastProof } from "../record";
import { finish, type Outcome } from "./finish";
import { importComesFirst, locked, type RunOptions, recorded } from "./frame";

/** No window is longer because of what earlier runs left unproven: beyond this it is told, not widened. */
const LONGEST_DAYS = 70;

export interface WeeklyOptions extends RunOptions {
  /** Take a download that is smaller than usual as it is. */
  believe?: boolean;
}

/** The weekly job: window → download → proof that it is complete → repair → record. */
export function weekly(options: WeeklyOptions): Promise<number> {
  return locked("weekly", options, (run) => weeklyRun(run, options.believe ?? false));
}

export async function weeklyRun(run: Run, believe = false): Promise<number> {
  const scopes = scopesOf(run);
  if (await importComesFirst(run, scopes)) {
    run.log.info(run.texts.importUnderWay);
    return EXIT.busy;
  }
  // The start by the clock that stamps download_log; the window's end by the client's own date.
  const t0 = await databaseNow(run);
  const window = await windowOf(run, scopes, localDay(new Date()));
  writeWindow(run, window.from);
  let proof = nothingYet(scopes, t0, window);
  const record = await beginRecord(run.db, "weekly", { log: run.log.path, pid: process.pid }, window, proof);
  return await recorded(run, record, async () => {
    const outcome: Outcome = { updatesFailed: [], extrasFailed: {} };
    for (const [i, scope] of scopes.entries()) {
      const site = await downloadSite(run, scope, window, { t0, believe }, extrasOf(run, i === 0));
      if (site.extrasFailed.length > 0) outcome.extrasFailed[scope.site] = site.extrasFailed;
      proof = withSite(proof, site.proof);
      await record.update({ proof });
      if (!(await updateSite(run, record.id, scope))) outcome.updatesFailed.push(scope.site);
    }
    return await finish(run, record, "weekly", proof, outcome);
  });
}

export async function databaseNow(run: Run): Promise<string> {
  const [row] = await run.db.rows<{ now: string }>("select localtimestamp::text as now");
  return row?.now ?? "";
}

/** The proof with one site's part replaced. */
export function withSite(proof: Proof, site: SiteProof): Proof {
  const sites = proof.sites.map((old) => (old.site === site.site ? site : old));
  return { ...proof, sites, proven: sites.every((one) => one.proven) };
}

/** Controllers beyond those of the proof; the fields are the same for every site. */
export function extrasOf(run: Run, firstSite: boolean): string[] {
  return run.config.controllers.filter(
    (name) => name !== "observations" && !REFERENCES.includes(name) && (firstSite || name !== "fields"),
  );
}

/**
 * From `windowDays` ago to today; earlier where the last download was never proven complete, or where the
 * last update is too long ago for updates alone.
 */
async function windowOf(
  run: Run,
  scopes: readonly Scope[],
  today: string,
): Promise<{ from: string; to: string }> {
  let from = addDays(today, -run.settings.windowDays);
  const open = await lastProof(run.db);
  if (open?.proof && !open.proof.proven) {
    const limit = addDays(today, -LONGEST_DAYS);
    const since = latestDay([limit, open.proof.window_from]);
    if (since < from) from = since;
  }
  const gap = await gapSince(run.db, scopes);
  if (gap !== null && gap < from) {
    run.log.info(run.texts.gap(gap));
    from = gap;
  }
  run.log.info(run.texts.window(from, today));
  return { from, to: today };
}

/** Writes the window's start into the client's configuration, and reads it back. */
export function writeWindow(run: Run, from: string): void {
  writePrivate(run.configPath, withWindow(readFileSync(run.configPath, "utf8"), from));
  const found = startDateOf(readFileSync(run.configPath, "utf8"));
  if (found !== from) throw new Error(`${run.configPath}: start_date is ${found}, not ${from}`);
}
