import { type Home, type Overrides, openHome } from "../context";
import { lastDue, nextDue } from "../cron";
import { firstImportState, scopesFrom } from "../download";
import { EXIT } from "../errors";
import { readClientConfig } from "../evnYaml";
import { below, readIfThere } from "../files";
import { isRunning } from "../lock";
import { stamp } from "../log";
import { firstImportEnded, type JobRun, lastProof, lastRun, type Verb } from "../record";
import { imported, wording } from "./frame";

/** A run that was due may begin this much later: the machine was busy, or another run held the lock. */
const LATE_MS = 3 * 3_600_000;

/** What `status --json` prints; times are ISO 8601, days YYYY-MM-DD. */
export interface StatusReport {
  ok: boolean;
  instance: string;
  checkedAt: string;
  /** A run holds the lock now. */
  running: boolean;
  firstImport: {
    state: "done" | "running" | "unfinished" | "not started";
    done: number;
    expected: number;
    sites: { site: string; done: number; expected: number }[];
    current: { site: string; group: string } | null;
  } | null;
  last: Partial<Record<Verb, LastRun>>;
  next: { daily: string | null; weekly: string | null };
  /** How complete the last download by date is. */
  proof: JobRun["proof"];
  /** What is wrong and what to do, in the user's language. */
  problems: string[];
}

interface LastRun {
  status: string;
  startedAt: string;
  endedAt: string | null;
  message: string | null;
  log: string | null;
  repair: { inserted: number; updated: number; deleted: number; set_aside: number } | null;
}

/** Says whether all is well, what ran, what runs next and what to do. Exit 0: OK, 1: KO. */
export async function status(options: { json?: boolean; overrides?: Overrides }): Promise<number> {
  const home = openHome(options.overrides);
  const report = await reportOf(home, new Date());
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : asText(home, report));
  return report.ok ? EXIT.done : EXIT.failed;
}

async function reportOf(home: Home, now: Date): Promise<StatusReport> {
  const { settings, texts } = home;
  const next = (expression: string) => {
    const at = nextDue(expression, now);
    return at ? at.toISOString() : null;
  };
  const report: StatusReport = {
    ok: false,
    instance: settings.instance,
    checkedAt: now.toISOString(),
    running: isRunning(home.paths),
    firstImport: null,
    last: {},
    next: { daily: next(settings.schedule.daily), weekly: next(settings.schedule.weekly) },
    proof: null,
    problems: [],
  };
  const runs: Partial<Record<Verb, JobRun>> = {};
  try {
    for (const verb of ["init", "daily", "weekly", "repair"] as const) {
      const run = await lastRun(home.db, verb);
      if (run) {
        runs[verb] = run;
        report.last[verb] = summaryOf(run, report.running);
      }
    }
    report.firstImport = await importOf(home, runs.init, report.running);
    report.proof = (await lastProof(home.db))?.proof ?? null;
  } catch (error) {
    report.problems.push(texts.st.problems.database(wording(home, error)));
    return report;
  }
  report.problems.push(...problemsOf(home, report, runs, now));
  report.ok = report.problems.length === 0;
  return report;
}

function summaryOf(run: JobRun, running: boolean): LastRun {
  const repair = run.detail?.repair as LastRun["repair"] | undefined;
  return {
    status:
      run.status === "running" && running ? "running" : run.status === "running" ? "failed" : run.status,
    startedAt: run.started_at.toISOString(),
    endedAt: run.ended_at?.toISOString() ?? null,
    message: run.detail?.message || null,
    log: run.detail?.log ?? null,
    repair: repair
      ? {
          inserted: repair.inserted,
          updated: repair.updated,
          deleted: repair.deleted,
          set_aside: repair.set_aside,
        }
      : null,
  };
}

async function importOf(
  home: Home,
  last: JobRun | undefined,
  running: boolean,
): Promise<StatusReport["firstImport"]> {
  const text = readIfThere(below(home.paths.home, home.settings.config));
  if (text === undefined) return null;
  const since = home.settings.firstImport.since;
  const state = await firstImportState(home, scopesFrom(readClientConfig(text)));
  const sites = state.map(({ scope, pairs }) => ({
    site: scope.site,
    done: pairs.filter((pair) => imported(pair, since)).length,
    expected: pairs.length,
  }));
  const done = sites.reduce((sum, site) => sum + site.done, 0);
  const expected = sites.reduce((sum, site) => sum + site.expected, 0);
  const under = running && last?.ended_at === null;
  // Once ended it stays so: a group that the portal adds later is imported beside the daily work.
  const whole =
    sites.every((site) => site.expected > 0) &&
    ((await firstImportEnded(home.db)) || sites.every((site) => site.done === site.expected));
  const asked = last !== undefined || readIfThere(home.paths.importAsked) !== undefined;
  return {
    state: under ? "running" : whole ? "done" : asked ? "unfinished" : "not started",
    done,
    expected,
    sites,
    current: under && last?.detail?.progress ? last.detail.progress : null,
  };
}

function problemsOf(
  home: Home,
  report: StatusReport,
  runs: Partial<Record<Verb, JobRun>>,
  now: Date,
): string[] {
  const { texts, settings } = home;
  const st = texts.st.problems;
  const importState = report.firstImport?.state;
  if (importState === "running") return [];
  if (importState !== "done") return [st.importUnfinished];
  const problems: string[] = [];
  const importEnded = runs.init?.ended_at ?? null;
  for (const verb of ["daily", "weekly"] as const) {
    const run = runs[verb];
    const due = lastDue(settings.schedule[verb], new Date(now.getTime() - LATE_MS));
    // A run that was due before there was anything to check was not missed.
    const dueNow =
      due && (importEnded === null || due > importEnded) && (run !== undefined || importEnded !== null);
    if (dueNow && (!run || run.started_at < due))
      problems.push(verb === "weekly" ? st.weeklyLate : st.dailyLate);
    const last = report.last[verb];
    // A later run makes up for one that broke off (the daily one for a weekly one too), not for a refusal.
    const other = runs[verb === "daily" ? "weekly" : "daily"];
    const madeUp = run && other && other.id > run.id && ["done", "partial"].includes(other.status);
    if (last?.status === "failed" && (!madeUp || last.repair !== null))
      problems.push(st.failed(verb, last.message ?? ""));
  }
  const open = report.proof?.sites.filter((site) => !site.proven) ?? [];
  if (!report.running) problems.push(...open.map((site) => texts.siteUnproven(site)));
  const newest = [runs.daily, runs.weekly]
    .filter((run) => run?.ended_at)
    .sort((a, b) => (a?.id ?? 0) - (b?.id ?? 0))
    .pop();
  for (const site of newest?.detail?.updatesFailed ?? []) problems.push(texts.updateFailed(site));
  for (const [site, names] of Object.entries(newest?.detail?.extrasFailed ?? {}))
    problems.push(texts.extrasFailed(site, names));
  return problems;
}

function asText(home: Home, report: StatusReport): string {
  const st = home.texts.st;
  const lines = [`${report.ok ? st.ok : st.ko}  ${st.title(report.instance)}`, ""];
  const row = (name: string, value: string) => lines.push(`  ${name.padEnd(22)} ${value}`);
  const day = (iso: string) => stamp(new Date(iso)).replace("T", " ").slice(0, 16);
  const first = report.firstImport;
  if (first) {
    row(st.firstImport, st.importState(first.state, first.done, first.expected));
    if (first.state !== "done")
      for (const site of first.sites) row("", `${site.site}: ${site.done}/${site.expected}`);
    if (first.current) row("", `→ ${first.current.site}, ${first.current.group}`);
  }
  for (const verb of ["weekly", "daily", "repair"] as const) {
    const last = report.last[verb];
    const counts = last?.repair
      ? `; +${last.repair.inserted} ~${last.repair.updated} -${last.repair.deleted}`
      : "";
    row(
      st[verb],
      last
        ? `${day(last.startedAt)}, ${last.status === "running" ? st.running : st.status(last.status)}${counts}`
        : st.never,
    );
  }
  for (const verb of ["weekly", "daily"] as const) {
    const at = report.next[verb];
    if (at) row(`${st.next} (${verb})`, day(at));
  }
  if (report.problems.length > 0) {
    lines.push("", st.todo);
    for (const problem of report.problems) lines.push(`  - ${problem}`);
  }
  return `${lines.join("\n")}\n`;
}
