import type { PortalLimit, Problem } from "../../facts";
import { failureIn, limitIn, list, type Texts, unprovenList } from "../common/texts";
import { notBelieved } from "./doubts";
import { lacks } from "./lacks";
import { mail } from "./mail";
import { partsFailed, rowsNotStored } from "./parts";
import { problems } from "./problems";
import { repairProblem } from "./repairProblem";

const limited = ({ status, waited, asked }: PortalLimit) =>
  `the portal answers ${limitIn(status, "too many requests", "unavailable")} and ${
    asked === null
      ? `still did so after ${waited} s of waiting`
      : `asks to wait ${asked} s, longer than a job does`
  }`;

const last = {
  init: "the first import",
  daily: "the last daily run",
  weekly: "the last weekly run",
  repair: "the last repair",
};

const problem = (one: Problem) => (problems[one.key] as (one: Problem) => string)(one);

/** What is said while working, in English. */
export const facts: Texts["fact"] = {
  ...lacks,
  ...mail,
  followFailed: ({ cause }) =>
    `what comes after a job (the sending of mails) could not be done: ${typeof cause === "string" ? cause : problem(cause)}`,
  clientStarts: ({ site, mode, controllers }) => `${site}: ${mode}, ${list(controllers)}`,
  clientFailed: ({ site, failure }) =>
    `${site}: ${failureIn(failure, { died: (code, said) => `ended with ${code ?? "a signal"}; last line: ${said}`, portal: limited, controller: (name, said) => `${name}: ${said}` })}`,
  clientWithoutDatabase: ({ site, said }) =>
    `${site}: Client-API-VN got no connection to the database (${said}). It has several at once: look at the CONNECTION LIMIT of login and database, and at max_connections`,
  clientStopped: ({ site, why, seconds }) =>
    why === "silence"
      ? `${site}: Client-API-VN said nothing for ${seconds} s and was ended; it is tried again`
      : `${site}: Client-API-VN was still running after ${seconds} s and was ended`,
  attemptIncomplete: ({ site, attempt, of, unproven, expected }) =>
    `${site}: try ${attempt} of ${of}: ${unproven} of ${expected} downloads not proven complete`,
  portalWaits: ({ site, status, seconds }) =>
    `${site}: the portal answers ${limitIn(status, "too many requests", "unavailable")}: waiting ${seconds} s`,
  portalLimits: ({ site, ...limit }) =>
    `${site}: ${limited(limit)}. It limits how much one account may ask for: choose another hour (schedule), or ask its administrator`,
  databaseWaits: ({ cause, seconds }) => `${problem(cause)}; tried again in ${seconds} s`,
  clientRebuilt: () => "Client-API-VN does not start with this host's Python: it is made anew",
  leftoverEnded: ({ pid }) => `a client process of an earlier run was still alive (pid ${pid}) and was ended`,
  datesPutBack: ({ sites }) => `update dates put back after an update that did not end: ${list(sites)}`,
  window: ({ window }) => `download window ${window.from} to ${window.to}`,
  gap: ({ since }) =>
    `the last update is of ${since}: the window begins there, because updates reach 60 days back only`,
  siteProven: ({ proof }) =>
    `${proof.site}: complete (${proof.expected} of ${proof.expected} downloads, ${proof.rows} observations)`,
  siteUnproven: ({ proof }) => {
    if (proof.expected === 0)
      return `${proof.site}: nothing proven: no taxo group or territorial unit is known`;
    if (proof.unproven.length > 0)
      return `${proof.site}: ${proof.unproven.length} of ${proof.expected} downloads not proven complete (group/unit): ${unprovenList(proof)}`;
    if (proof.missing.length > 0)
      return `${proof.site}: not proven complete, these did not end well: ${list(proof.missing)}`;
    return notBelieved(proof);
  },
  notDoubted: ({ named, doubted }) =>
    `${named} is not doubted; ${doubted.length === 0 ? "nothing is" : `these are: ${list(doubted)}`}. Nothing was done`,
  brokenOff: ({ site }) =>
    `${site}: nothing is proven, for the run broke off before it could look; the next daily run makes it up`,
  updateFailed: ({ site }) => `${site}: the update failed; its dates are put back, the next run asks again`,
  partsFailed,
  rowsNotStored,
  extrasFailed: ({ site, controllers }) => `${site}: not downloaded: ${list(controllers)}`,
  nextDailyGoesOn: () => "The repair was done with what arrived; the next daily run fetches just what lacks.",
  repaired: ({ result: r, dryRun }) =>
    `${dryRun ? "to repair" : "repaired"}: ${r.inserted} inserted, ${r.updated} updated, ${r.deleted} deleted, ${r.setAside} set aside` +
    (r.message ? ` (${r.message})` : ""),
  repairNotDone: ({ result }) => `repair ${result.status}: ${result.message ?? ""}`,
  repairProblem: ({ problem }) => repairProblem(problem),
  importUnderWay: () => "the first import is not finished: nothing to do before",
  importNothingToDo: () => "first import: all is there already",
  importInBackground: ({ logs }) =>
    `First import started in the background.\nFollow it: vn-check status\nIts log: ${logs}/init-*.log`,
  importGroup: ({ progress: p, from }) =>
    `${p.site}: ${p.group} back from ${from} (${p.done} of ${p.expected} downloads done)`,
  importGroupFailed: ({ site, group }) => `${site}: ${group} is not complete`,
  importEnded: ({ done }) => `first import complete: ${done} downloads`,
  importPartial: ({ done, expected }) =>
    `first import: ${done} of ${expected} downloads done; the rest is tried again within the hour`,
  busy: () => "another run is under way",
  importUnfinished: () =>
    "the first import is not finished and not running. It goes on by itself within the hour; at once: vn-check init --background",
  late: ({ verb }) =>
    `the ${verb} run was due and did not start: look whether cron runs on this machine and may start this account's jobs (journalctl -t CRON; pam_access: /etc/security/access.conf)`,
  watchOff: ({ problem, remedy }) => `${problem}: ${remedy}`,
  blindSpell: ({ ofMain, reason, since, until, held, release }) =>
    ofMain
      ? `deletions from main may have gone unseen from ${since} to ${until} (${reason}): ${held} rows that main lacks are held back. If nothing was deleted on purpose, as main's owner: ${release}`
      : `changes of the second copy may have gone unseen from ${since} to ${until} (${reason}): whole tables were compared, and no deletion was concluded`,
  viewsNotRefreshed: ({ cause }) =>
    `the published views could not be refreshed, they show an older state: ${cause}`,
  lastFailed: ({ verb, cause }) =>
    cause === null
      ? `${last[verb]} did not come to its end: its process, or the machine, was stopped; the next one makes it up`
      : `${last[verb]} failed: ${typeof cause === "string" ? cause : problem(cause)}`,
  databaseDown: ({ cause }) =>
    typeof cause === "object" && cause.key === "noDatabase"
      ? `the database cannot be reached: ${problem(cause)}`
      : `the database cannot be asked: ${typeof cause === "string" ? cause : problem(cause)}`,
  accountUnusable: ({ cause }) => (typeof cause === "string" ? cause : problem(cause)),
};
