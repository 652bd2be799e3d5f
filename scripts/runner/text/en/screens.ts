import type { Texts } from "../common/texts";

/** As the columns of monitoring are called. */
export const written: Texts["written"] = (table, counts) =>
  `${table}: ${counts.map(([action, rows]) => `${action} ${rows}`).join(", ")}`;

/** The screen of `status`, in English. */
export const status: Texts["status"] = {
  title: "VisioNature sync check",
  ok: "OK",
  ko: "KO",
  unknown: "UNKNOWN",
  firstImport: "first import",
  daily: "last daily",
  weekly: "last weekly",
  repair: "last repair",
  next: { daily: "next daily", weekly: "next weekly" },
  never: "never",
  running: "running now",
  todo: "To do:",
  importState: {
    done: "complete",
    running: "under way",
    unfinished: "not finished",
    "not started": "not started",
  },
  downloads: (done, expected) => `${done} of ${expected} downloads`,
  ended: { done: "done", partial: "partial", failed: "failed", running: "interrupted" },
};

/** What `--help` says. */
export const help: Texts["help"] = {
  program: "Keeps a second copy of VisioNature data and repairs the main one with it.",
  codes:
    "Exit codes: 0 done; 1 failed; 2 partial (repaired, but part of the download is not proven complete, or an update or extra controller failed: the next run asks for just that); 75 another run or an upgrade is under way, or the first import is not finished; 137, 143 killed (kill -9, out of memory), or told to stop before it had begun: the next run makes it up. Of status: 0 OK; 1 KO; 2 it cannot tell.",
  init: "first import of the second copy; goes on where it stopped",
  background: "start it in the background and return at once",
  daily: "changes since yesterday, what the last weekly run left open, repair",
  weekly: "download the last days again, prove it complete, repair",
  watch: "go on with an unfinished first import, send mails that wait; else do nothing, in silence",
  repair: "repair main from what the second copy has now",
  dryRun: "compare and count only, write nothing",
  all: "forms, reference tables and contents too",
  accept: "agree once to this many changes, beyond the usual limit",
  status: "OK, KO or UNKNOWN (exit 0, 1 or 2), last runs, next runs, what lacks and what to do",
  json: "for monitoring tools",
  verbose: "show what is done, the client's lines too",
  acceptDownload:
    "take what is doubted of a download as it is, of one site, group or unit, or all of it: you have looked at the portal",
  fullTwoWeeks: "the weekly job under its old name, with the client's configuration and the database service",
  config: "Client-API-VN's configuration, relative to the home",
  service: "section of ~/.pg_service.conf",
};
