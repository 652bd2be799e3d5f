import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Job, type JobResult, runJob } from "./client";
import type { Run } from "./context";
import { coverage, type Scope, slices } from "./coverage";
import { type ClientConfig, type Slice, sliceOf } from "./evnYaml";
import { writePrivate } from "./files";
import { prepareUpdate, putBack, updateEnded } from "./increments";
import { proveSite, REFERENCES, type SiteProof } from "./proof";

/** What one site's download by date came to. */
export interface Downloaded {
  proof: SiteProof;
  /** Other controllers that failed in every try. */
  extrasFailed: string[];
}

/** Where a site's download stands when it begins: at nothing, or at what an earlier run left. */
export interface Beginning {
  t0: string;
  /** Go on with what the earlier run proved; else everything is asked for. */
  goOn?: SiteProof;
  believe?: boolean;
}

/** The filters of evn.yaml for each of its sites. */
export function scopesOf(run: Run): Scope[] {
  return scopesFrom(run.config);
}

export function scopesFrom(config: ClientConfig): Scope[] {
  return config.sites.map((site) => ({ site, taxoExclude: config.taxoExclude, units: config.units }));
}

/**
 * Downloads a site by date until it is proven complete or the tries are used up. After a failure only
 * what is unproven is asked for again. Extra controllers (species, places …) come after the observations.
 */
export async function downloadSite(
  run: Run,
  scope: Scope,
  window: { from: string; to: string },
  begin: Beginning,
  extras: readonly string[],
): Promise<Downloaded> {
  const { settings, log, texts } = run;
  let missing = begin.goOn ? begin.goOn.references : REFERENCES;
  let extrasLeft = [...extras];
  const prove = () => proveSite(run.db, scope, begin.t0, window, missing, begin.believe);
  let proof = begin.goOn ? await prove() : undefined;
  const took = (result: JobResult) => {
    missing = missing.filter((name) => !result.ended.includes(name));
    extrasLeft = extrasLeft.filter((name) => !result.ended.includes(name));
    for (const failure of result.failures) log.info(texts.jobFailed(scope.site, failure));
  };
  for (let attempt = 1; attempt <= settings.attempts; attempt++) {
    if (attempt > 1) await sleep(settings.retryDelaySeconds * 1000, undefined, { signal: run.stop });
    if (!proof || proof.expected === 0) {
      // References first: the client reads the units from the table, so a new one counts at once.
      took(await full(run, scope.site, [...missing, "observations", ...extrasLeft], run.settings.config));
    } else {
      if (missing.length + extrasLeft.length > 0)
        took(await full(run, scope.site, [...missing, ...extrasLeft], run.settings.config));
      const unproven = (await prove()).unproven;
      for (const slice of slices(unproven)) {
        took(await fullSlice(run, scope, slice, { startDate: window.from, stepDays: stepDays(window) }));
      }
    }
    proof = await prove();
    if (proof.unproven.length === 0 && proof.expected > 0 && missing.length + extrasLeft.length === 0) break;
    log.info(
      texts.attemptIncomplete(scope.site, attempt, settings.attempts, proof.unproven.length, proof.expected),
    );
  }
  return { proof: proof ?? (await prove()), extrasFailed: extrasLeft };
}

/** One step for the whole window, from now back: its last day and one more. */
function stepDays(window: { from: string; to: string }): number {
  return Math.round((Date.parse(window.to) - Date.parse(window.from)) / 86_400_000) + 1;
}

function full(run: Run, site: string, controllers: string[], config: string): Promise<JobResult> {
  const overallSeconds = run.settings.watchdog.overallSeconds;
  return runJob(run, { site, mode: "full", controllers, config, overallSeconds });
}

/** Downloads just the named groups and units, by a configuration that lives only meanwhile. */
export async function fullSlice(
  run: Run,
  scope: Scope,
  wanted: { groups: string[]; units: string[] },
  dates: Pick<Slice, "startDate" | "stepDays" | "endDate">,
  overallSeconds: number = run.settings.watchdog.overallSeconds,
): Promise<JobResult> {
  // The client knows no list of groups to fetch, only one of those to leave out.
  const others = (
    await run.db.rows<{ name: string }>(
      `select distinct item->>'name_constant' as name from ${run.db.schema}.taxo_groups_json
      where site = $1 and item->>'name_constant' is not null order by 1`,
      [scope.site],
    )
  ).map((row) => row.name);
  const exclude = new Set([...others, ...scope.taxoExclude].filter((name) => !wanted.groups.includes(name)));
  const text = sliceOf(readFileSync(run.configPath, "utf8"), {
    ...dates,
    exclude: [...exclude],
    units: wanted.units,
  });
  writePrivate(run.paths.slice, text);
  try {
    const job: Job = {
      site: scope.site,
      mode: "full",
      controllers: ["observations"],
      config: run.paths.slice,
      overallSeconds,
    };
    return await runJob(run, job);
  } finally {
    rmSync(run.paths.slice, { force: true });
  }
}

/**
 * Brings a site's changes and deletions since its last update, with an overlap.
 * @returns whether it ended well; if not, the dates are as they were
 */
export async function updateSite(run: Run, runId: number, scope: Scope): Promise<boolean> {
  const { settings, log, texts } = run;
  for (let attempt = 1; attempt <= settings.attempts; attempt++) {
    if (attempt > 1) await sleep(settings.retryDelaySeconds * 1000, undefined, { signal: run.stop });
    await prepareUpdate(run.db, runId, scope, settings.overlapDays, settings.windowDays);
    const result = await runJob(run, {
      site: scope.site,
      mode: "update",
      controllers: ["observations"],
      config: settings.config,
      overallSeconds: settings.watchdog.overallSeconds,
    });
    if (result.outcome === "done") {
      await updateEnded(run.db, runId, scope.site);
      return true;
    }
    await putBack(run.db);
    for (const failure of result.failures) log.info(texts.jobFailed(scope.site, failure));
  }
  return false;
}

/** Whether the first import of every pair of the scopes has reached its first day, and how many have. */
export async function firstImportState(run: Pick<Run, "db" | "settings">, scopes: readonly Scope[]) {
  return await Promise.all(
    scopes.map(async (scope) => ({ scope, pairs: await coverage(run.db, scope, "-infinity") })),
  );
}
