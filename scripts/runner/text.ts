import type { Problem } from "./errors";
import type { Doubt, SiteProof } from "./proof";
import type { RepairSummary } from "./repairCall";
import { french } from "./textFr";

export type Locale = "fr" | "en";

const list = (names: readonly string[]) => names.join(", ");

/** Up to ten of the pairs that lack proof, as `group/unit`. */
export function pairList(site: SiteProof): string {
  const names = site.unproven.slice(0, 10).map((pair) => `${pair.taxo}/${pair.unit}`);
  return names.join(" ") + (site.unproven.length > 10 ? " …" : "");
}

export const english = {
  jobStarts: (site: string, mode: string, controllers: readonly string[]) =>
    `${site}: ${mode}, ${list(controllers)}`,
  jobFailed: (site: string, failure: string) => `${site}: ${failure}`,
  died: (code: number | null, said: string) => `ended with ${code ?? "a signal"}; last line: ${said}`,
  watchdog: (site: string, why: "silence" | "overall", seconds: number) =>
    why === "silence"
      ? `${site}: Client-API-VN said nothing for ${seconds} s and was ended; it is tried again`
      : `${site}: Client-API-VN was still running after ${seconds} s and was ended`,
  attemptIncomplete: (site: string, attempt: number, of: number, unproven: number, expected: number) =>
    `${site}: try ${attempt} of ${of}: ${unproven} of ${expected} downloads not proven complete`,
  leftover: (pid: number) => `a client process of an earlier run was still alive (pid ${pid}) and was ended`,
  putBack: (sites: readonly string[]) =>
    `update dates put back after an update that did not end: ${list(sites)}`,
  window: (from: string, to: string) => `download window ${from} to ${to}`,
  gap: (since: string) =>
    `the last update is of ${since}: the window begins there, because updates reach 60 days back only`,
  siteProven: (site: SiteProof) =>
    `${site.site}: complete (${site.expected} of ${site.expected} downloads, ${site.rows} observations)`,
  siteUnproven: (site: SiteProof) =>
    site.expected === 0
      ? `${site.site}: nothing proven: no taxo group or territorial unit is known`
      : site.unproven.length > 0
        ? `${site.site}: ${site.unproven.length} of ${site.expected} downloads not proven complete (group/unit): ${pairList(site)}`
        : site.references.length > 0
          ? `${site.site}: not proven complete, these did not end well: ${list(site.references)}`
          : `${site.site}: not believed: ${site.doubts.map(english.doubt).join("; ")}. Look at the portal; if it is right: vn-check weekly --believe`,
  doubt: (doubt: Doubt): string =>
    doubt.kind === "fewer pairs"
      ? `${doubt.got} downloads expected, ${doubt.before} last time`
      : `${doubt.got} observations, usually ${doubt.usual}`,
  updateFailed: (site: string) =>
    `${site}: the update failed; its dates are put back, the next run asks again`,
  extrasFailed: (site: string, names: readonly string[]) => `${site}: not downloaded: ${list(names)}`,
  nextDailyGoesOn: "The repair was done with what arrived; the next daily run fetches just what lacks.",
  repair: (r: RepairSummary, dry: boolean) =>
    `${dry ? "to repair" : "repaired"}: ${r.inserted} inserted, ${r.updated} updated, ${r.deleted} deleted, ${r.set_aside} set aside` +
    (r.message ? ` (${r.message})` : ""),
  repairRefused: (r: RepairSummary) => `repair ${r.status}: ${r.message ?? ""}`,
  importUnderWay: "the first import is not finished: nothing to do before",
  importNothingToDo: "first import: all is there already",
  importBackground: (logDir: string) =>
    `First import started in the background.\nFollow it: vn-check status\nIts log: ${logDir}/init-*.log`,
  importGroup: (site: string, group: string, done: number, expected: number, from: string) =>
    `${site}: ${group} back from ${from} (${done} of ${expected} downloads done)`,
  importGroupFailed: (site: string, group: string) => `${site}: ${group} is not complete`,
  importEnded: (done: number) => `first import complete: ${done} downloads`,
  importPartial: (done: number, expected: number) =>
    `first import: ${done} of ${expected} downloads done; the rest is tried again within the hour`,
  busy: "another run is under way",
  st: {
    title: (instance: string) => `VisioNature sync check, ${instance}`,
    ok: "OK",
    ko: "KO",
    firstImport: "first import",
    daily: "last daily",
    weekly: "last weekly",
    repair: "last repair",
    init: "last import run",
    next: "next",
    never: "never",
    running: "running now",
    todo: "To do:",
    importState: (s: string, done: number, expected: number) =>
      `${{ done: "complete", running: "under way", unfinished: "not finished", "not started": "not started" }[s] ?? s} (${done} of ${expected} downloads)`,
    status: (s: string) =>
      ({ done: "done", partial: "partial", failed: "failed", running: "interrupted" })[s] ?? s,
    problems: {
      database: (cause: string) => `the database cannot be reached: ${cause}`,
      importUnfinished:
        "the first import is not finished and not running. It goes on by itself within the hour; at once: vn-check init --background",
      weeklyLate: "the weekly run was due and did not start: look whether cron runs on this machine",
      dailyLate: "the daily run was due and did not start: look whether cron runs on this machine",
      failed: (verb: string, message: string) => `the last ${verb} run failed: ${message}`,
    },
  },
  problem: (p: Problem): string => {
    switch (p.key) {
      case "noServiceFile":
        return `${p.path} cannot be read: ${p.cause}`;
      case "noService":
        return `${p.path} has no section [${p.service}]`;
      case "noDatabase":
        return `connecting to ${p.where}: ${p.cause}. Check ~/.pg_service.conf, ~/.pgpass (mode 0600) and that the server answers`;
      case "noSettings":
        return `${p.path} is not there. Is HOME the account's home? (sudo -u ACCOUNT -H vn-check …)`;
      case "badSettings":
        return `${p.path}:\n  ${p.faults.join("\n  ")}`;
      case "noConfig":
        return `${p.path} cannot be used: ${p.cause}`;
      case "endDate":
        return `${p.path}: filter.end_date (${p.value}) would leave later days out: remove it`;
      case "noSites":
        return `${p.path}: no site is enabled`;
      case "controllersOff":
        return `${p.path}: these controllers must be enabled: ${list(p.names)}`;
      case "notOwner":
        return `${p.home} belongs to another account: run this as that account (sudo -u ACCOUNT -H vn-check …)`;
      case "clientRefused":
        return `${p.site}: Client-API-VN cannot work like this: ${p.said}`;
      case "stillAlive":
        return `a client process of an earlier run cannot be ended (pid ${p.pid}): nothing was started`;
      case "noProgram":
        return `${p.program} is missing (Debian: package util-linux)`;
      case "repairFailed":
        return `the repair failed: ${p.cause}`;
      case "stopped":
        return `stopped by ${p.signal}`;
    }
  },
  help: {
    program: "Keeps a second copy of VisioNature data and repairs the main one with it.",
    codes:
      "Exit codes: 0 done; 1 failed; 2 partial (repaired, but part of the download is not proven complete, or an update or extra controller failed: the next run asks for just that); 75 another run is under way, or the first import is not finished.",
    init: "first import of the second copy; goes on where it stopped",
    background: "start it in the background and return at once",
    daily: "changes since yesterday, what the last weekly run left open, repair",
    weekly: "download the last days again, prove it complete, repair",
    watch: "go on with an unfinished first import; else do nothing, in silence",
    repair: "repair main from what the second copy has now",
    dryRun: "compare and count only, write nothing",
    all: "forms, reference tables and contents too",
    accept: "agree once to this many changes, beyond the usual limit",
    status: "OK or KO (exit 0 or 1), last runs, next runs, what to do",
    json: "for monitoring tools",
    verbose: "show what is done, the client's lines too",
    believe: "take a download that is far smaller than usual as it is: you have looked at the portal",
    fullTwoWeeks:
      "the weekly job under its old name, with the client's configuration and the database service",
    config: "Client-API-VN's configuration, relative to the home",
    service: "section of ~/.pg_service.conf",
  },
};

export type Texts = typeof english;

export function textsOf(locale: Locale): Texts {
  return locale === "fr" ? french : english;
}
