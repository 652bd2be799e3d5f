import { setTimeout as sleep } from "node:timers/promises";
import { runJob } from "../client";
import { openHome, type Run } from "../context";
import { type Covered, coverage, reached, type Scope } from "../coverage";
import { fullSlice, scopesOf } from "../download";
import { EXIT } from "../errors";
import { writePrivate } from "../files";
import { inBackground } from "../lock";
import { latestDay, localDay } from "../log";
import { REFERENCES } from "../proof";
import { beginRecord, type RunRecord } from "../record";
import { imported, locked, type RunOptions, recorded } from "./frame";
import { extrasOf } from "./weekly";

/** After so many groups in a row that could not be completed the portal is left alone; watch tries again. */
const GIVE_UP_AFTER = 3;

export interface InitOptions extends RunOptions {
  background?: boolean;
}

/** The first import: site by site, group by group, each from where it stopped. */
export async function init(options: InitOptions): Promise<number> {
  const home = openHome(options.overrides);
  writePrivate(home.paths.importAsked, `${new Date().toISOString()}\n`);
  if (options.background) {
    inBackground(["init"]);
    process.stdout.write(`${home.texts.importBackground(home.paths.log)}\n`);
    return EXIT.done;
  }
  return await locked("init", options, initRun);
}

async function initRun(run: Run): Promise<number> {
  const { log, texts } = run;
  const scopes = scopesOf(run);
  const record = await beginRecord(run.db, "init", { log: run.log.path, pid: process.pid });
  return await recorded(run, record, async () => {
    let done = 0;
    let expected = 0;
    let worked = false;
    for (const [i, scope] of scopes.entries()) {
      const site = await importSite(run, record, scope, i === 0);
      worked ||= site.worked;
      done += site.done;
      expected += site.expected;
    }
    const whole = done === expected && expected > 0;
    if (whole) log.info(worked ? texts.importEnded(done) : texts.importNothingToDo);
    else log.problem(texts.importPartial(done, expected));
    await record.end(whole ? "done" : "partial");
    return whole ? EXIT.done : EXIT.partial;
  });
}

interface Imported {
  done: number;
  expected: number;
  worked: boolean;
}

async function importSite(run: Run, record: RunRecord, scope: Scope, firstSite: boolean): Promise<Imported> {
  const since = run.settings.firstImport.since;
  const state = () => coverage(run.db, scope, "-infinity");
  const undone = (pairs: readonly Covered[]) => pairs.filter((pair) => !imported(pair, since));
  let pairs = await state();
  if (pairs.length > 0 && undone(pairs).length === 0)
    return { done: pairs.length, expected: pairs.length, worked: false };
  // References first: they say which groups and units there are.
  if (!(await controllers(run, scope, REFERENCES)))
    return { done: 0, expected: Math.max(pairs.length, 1), worked: true };
  pairs = await state();
  // Groups that the portal no longer offers to this account: asked for, answered well, nothing came.
  const absent = new Set<number>();
  let inARow = 0;
  for (const taxo of new Set(undone(pairs).map((pair) => pair.taxo))) {
    const whole = await importGroup(run, record, scope, taxo, absent);
    inARow = whole ? 0 : inARow + 1;
    if (inARow === GIVE_UP_AFTER) break;
  }
  pairs = (await state()).filter((pair) => !absent.has(pair.taxo));
  const left = undone(pairs).length;
  if (left === 0) {
    const extras = extrasOf(run, firstSite);
    // They are downloaded anew each week: one that fails now does not hold the import up.
    if (extras.length > 0) await controllers(run, scope, extras);
  }
  return { done: pairs.length - left, expected: Math.max(pairs.length, 1), worked: true };
}

/** @returns whether all of them ended well within the tries */
async function controllers(run: Run, scope: Scope, names: readonly string[]): Promise<boolean> {
  const { settings, log, texts } = run;
  let left = [...names];
  for (let attempt = 1; attempt <= settings.attempts && left.length > 0; attempt++) {
    if (attempt > 1) await sleep(settings.retryDelaySeconds * 1000, undefined, { signal: run.stop });
    const overallSeconds = settings.watchdog.overallSeconds;
    const job = {
      site: scope.site,
      mode: "full" as const,
      controllers: left,
      config: settings.config,
      overallSeconds,
    };
    const result = await runJob(run, job);
    left = left.filter((name) => !result.ended.includes(name));
    for (const failure of result.failures) log.info(texts.jobFailed(scope.site, failure));
  }
  if (left.length > 0) log.problem(texts.extrasFailed(scope.site, left));
  return left.length === 0;
}

/** @returns whether the group is complete now */
async function importGroup(
  run: Run,
  record: RunRecord,
  scope: Scope,
  taxo: number,
  absent: Set<number>,
): Promise<boolean> {
  const { settings, log, texts } = run;
  const { since, stepDays } = settings.firstImport;
  for (let attempt = 1; ; attempt++) {
    const pairs = await coverage(run.db, scope, "-infinity");
    const ours = pairs.filter((pair) => pair.taxo === taxo);
    const left = ours.filter((pair) => !imported(pair, since));
    const group = ours[0]?.group ?? String(taxo);
    if (left.length === 0) return true;
    if (attempt > settings.attempts) {
      log.problem(texts.importGroupFailed(scope.site, group));
      return false;
    }
    if (attempt > 1) await sleep(settings.retryDelaySeconds * 1000, undefined, { signal: run.stop });
    const end = resumeAt(left);
    const done = pairs.filter((pair) => imported(pair, since)).length;
    log.info(texts.importGroup(scope.site, group, done, pairs.length, end ?? localDay(new Date())));
    await record.update({ detail: { progress: { site: scope.site, group, done, expected: pairs.length } } });
    const result = await fullSlice(
      run,
      scope,
      { groups: [group], units: left.length < ours.length ? left.map((pair) => pair.short) : [] },
      { startDate: since, stepDays, ...(end ? { endDate: end } : {}) },
      settings.watchdog.firstImportSeconds,
    );
    for (const failure of result.failures) log.info(texts.jobFailed(scope.site, failure));
    if (result.outcome === "done") {
      const now = (await coverage(run.db, scope, "-infinity")).filter((pair) => pair.taxo === taxo);
      if (now.every((pair) => pair.firstTop === null)) {
        absent.add(taxo);
        return true;
      }
    }
  }
}

/** From which day a group's import goes on backwards: the latest that one of its units has reached. */
function resumeAt(left: readonly Covered[]): string | undefined {
  const days = left.map(reached);
  if (days.some((day) => day === null)) return undefined;
  return latestDay(days as string[]);
}
