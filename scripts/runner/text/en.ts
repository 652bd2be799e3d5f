import type { PortalLimit } from "../facts";
import { failureIn, limitIn, list, problemIn, type Texts, unprovenList } from "./texts";

const limited = ({ status, waited, asked }: PortalLimit) =>
  `the portal answers ${limitIn(status, "too many requests", "unavailable")} and ${
    asked === null
      ? `still did so after ${waited} s of waiting`
      : `asks to wait ${asked} s, longer than a job does`
  }`;

const notCompared = {
  outside: "they act outside the transaction",
  login: "they go by who is connected",
  superuser: "main's owner is a superuser",
  "no right": "the administrator may not act for main's owner",
  refused: "main refuses its owner each row that is tried",
};

/** What the runner says in English. */
export const english: Texts = {
  fact: {
    clientStarts: ({ site, mode, controllers }) => `${site}: ${mode}, ${list(controllers)}`,
    clientFailed: ({ site, failure }) =>
      `${site}: ${failureIn(failure, { died: (code, said) => `ended with ${code ?? "a signal"}; last line: ${said}`, portal: limited })}`,
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
    databaseWaits: ({ cause, seconds }) => `${problemIn(english, cause)}; tried again in ${seconds} s`,
    clientRebuilt: () => "Client-API-VN does not start with this host's Python: it is made anew",
    leftoverEnded: ({ pid }) =>
      `a client process of an earlier run was still alive (pid ${pid}) and was ended`,
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
      const doubts = proof.doubts.map(({ kind, got, usual }) =>
        kind === "fewer downloads"
          ? `${got} downloads expected, ${usual} last time`
          : `${got} observations, usually ${usual}`,
      );
      return `${proof.site}: not believed: ${doubts.join("; ")}. Look at the portal; if it is right: vn-check weekly --accept-download`;
    },
    brokenOff: ({ site }) =>
      `${site}: nothing is proven, for the run broke off before it could look; the next daily run makes it up`,
    updateFailed: ({ site }) => `${site}: the update failed; its dates are put back, the next run asks again`,
    extrasFailed: ({ site, controllers }) => `${site}: not downloaded: ${list(controllers)}`,
    nextDailyGoesOn: () =>
      "The repair was done with what arrived; the next daily run fetches just what lacks.",
    repaired: ({ result: r, dryRun }) =>
      `${dryRun ? "to repair" : "repaired"}: ${r.inserted} inserted, ${r.updated} updated, ${r.deleted} deleted, ${r.setAside} set aside` +
      (r.message ? ` (${r.message})` : ""),
    repairNotDone: ({ result }) => `repair ${result.status}: ${result.message ?? ""}`,
    repairProblem: ({ problem }) => {
      switch (problem.problem) {
        case "unknown site":
          return problem.other === null
            ? `${problem.site}: the main copy has no site of this name; its sites are: ${list(problem.main)}. Nothing was written for it (${problem.rows} rows). Name it under sites as main's evn.yaml does; if main is about to get it, set sites.${problem.site}.newInMain: true`
            : `${problem.site}: the main copy has these observations under the name ${problem.other}. Nothing was written for it (${problem.rows} rows). Name the site ${problem.other} under sites`;
        case "site too long":
          return `${problem.rows} observations are left out: the name of their site has more than 1000 bytes`;
        case "no day of entry":
          return `${problem.rows} observations of main do not say when they were entered (one is ${problem.id}): whether they were deleted cannot be told`;
        case "all refused":
          return `the main copy has refused every row, ${problem.rows} in all: ${problem.said ?? `error ${problem.sqlstate}, see src_vn_json_check.mv_data_missing_or_not_updated`}`;
        case "rights":
          return `main's triggers need rights that the repair has not. As main's owner, or in repair.extraGrants:\n  ${problem.statements.join(";\n  ")};\nWith repair.runAs: ${problem.owner} none of these`;
        case "trial refused":
          return `a row tried in ${problem.table} was refused (${problem.said ?? problem.sqlstate}); SELECT * FROM preflight() says what to do`;
        case "other outcome":
          return `main's triggers do something else for ${problem.role} than for main's owner, in: ${list(problem.where)}. Set repair.runAs: ${problem.owner}, then pulumi up`;
        case "not compared":
          return `what main's triggers do for the repair was not compared with what they do for main's owner ${problem.owner} (${notCompared[problem.why]}: ${list(problem.names)}); SELECT * FROM preflight() says what to do`;
        case "locked by":
          return `the lock of the repair is held by process ${problem.pid} of the role ${problem.role ?? "?"}, since ${problem.since ?? "?"}${problem.run === null ? "; that is no run of the repair: look at it in pg_stat_activity" : ` (run ${problem.run})`}`;
      }
    },
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
    lastFailed: ({ verb, message }) =>
      message === ""
        ? `the last ${verb} run did not come to its end: its process, or the machine, was stopped; the next one makes it up`
        : `the last ${verb} run failed: ${message}`,
    databaseDown: ({ cause }) =>
      `the database cannot be reached: ${typeof cause === "string" ? cause : problemIn(english, cause)}`,
  },
  problem: {
    noServiceFile: (p) => `${p.path} cannot be read: ${p.cause}`,
    noService: (p) => `${p.path} has no section [${p.service}]`,
    noDatabase: (p) => `connecting to ${p.where}: ${p.cause}. ${english.noDatabase[p.why]}`,
    databaseRefuses: (p) => `${p.where}: ${p.cause}.${p.why ? ` ${english.refusal[p.why]}` : ""}`,
    locked: (p) =>
      `${p.where}: a lock was not let go in time${p.holders === null ? "" : `: ${p.holders}`}. Wait until that has ended, or end it: SELECT pg_terminate_backend(…)`,
    noTriggers: (p) =>
      `the sessions of ${p.login} in ${p.database} fire no triggers: main's own would not run when it is repaired. As a superuser: ALTER ROLE "${p.login}" RESET session_replication_role; ALTER DATABASE "${p.database}" RESET session_replication_role;`,
    noSettings: (p) => `${p.path} is not there. Is HOME the account's home? (sudo -u ACCOUNT -H vn-check …)`,
    badSettings: (p) => `${p.path}:\n  ${p.faults.join("\n  ")}`,
    otherVersion: (p) =>
      `${p.path} is of version ${p.theirs} of the kit and this program of ${p.ours}: an upgrade is under way. Try again when \`pulumi up\` has ended`,
    noConfig: (p) => `${p.path} cannot be used: ${p.cause}`,
    endDate: (p) => `${p.path}: filter.end_date (${p.value}) would leave later days out: remove it`,
    noSites: (p) => `${p.path}: no site is enabled`,
    controllersOff: (p) => `${p.path}: these controllers must be enabled: ${list(p.names)}`,
    notOwner: (p) =>
      `${p.home} belongs to another account: run this as that account (sudo -u ACCOUNT -H vn-check …)`,
    noClient: (p) => `Client-API-VN does not start, and could not be made anew:\n${p.said}`,
    clientRefused: (p) => `${p.site}: Client-API-VN cannot work like this: ${p.said}`,
    stillAlive: (p) =>
      `a client process of an earlier run cannot be ended (pid ${p.pid}): nothing was started`,
    noProgram: (p) => `${p.program} is missing (Debian: package util-linux)`,
    repairFailed: (p) => `the repair failed: ${p.cause}${p.why ? `. ${english.refusal[p.why]}` : ""}`,
    stopped: (p) => `stopped by ${p.signal}`,
  },
  noDatabase: {
    refused: "Nothing listens there: does PostgreSQL run, and are host and port in ~/.pg_service.conf right?",
    unreachable: "The connection does not come about, or broke: look at the network and the server",
    "unknown host": "Correct host in ~/.pg_service.conf (database.fromHost.address, then pulumi up)",
    stopping: "The server is being stopped or restarted: look at it if this lasts",
    starting: "The server is starting or recovering: it is tried again",
    "too many connections":
      "All connections of the server, the database or the login are in use: raise max_connections or the CONNECTION LIMIT, or end sessions that nobody needs (pg_stat_activity)",
    closed: "The database takes no connections: ALTER DATABASE … ALLOW_CONNECTIONS true, when it may again",
    password:
      "The password in ~/.pgpass (mode 0600) is not the login's: pulumi up puts it right; or it has expired: ALTER ROLE … VALID UNTIL 'infinity'",
    "not let in":
      "The server does not let this login in from here: look at pg_hba.conf, ALTER ROLE … LOGIN and GRANT CONNECT ON DATABASE",
    "no database": "There is no such database on this server: correct dbname, or restore it",
    "session ended": "A limit that somebody set ended the session: look at idle_session_timeout and its like",
    pooler:
      "A connection pooler says or passes that on: look at it (its users, databases and limits) and at the server behind it",
    "no room": "Disk or memory of the server is full: make room there",
    other: "Check ~/.pg_service.conf, ~/.pgpass (mode 0600) and that the server answers",
  },
  refusal: {
    "read-only":
      "Nothing may be written there: a standby, or a database made so. Name the server that may write in ~/.pg_service.conf (database.fromHost.address, then pulumi up), or promote this one",
    "no room": "Disk or memory of the server is full: make room there, then run this again",
    limited:
      "A limit that somebody set is too small for the work: as a superuser, raise temp_file_limit or max_stack_depth for this login (ALTER ROLE … SET …)",
    rights: "A right that the kit had is gone: pulumi up gives it back",
    "not installed": "What the kit has put there is gone, or of another version: pulumi up makes it anew",
    cancelled: "Somebody, or a limit, has cancelled it: run it again",
    locked: "Another session holds what is needed (pg_locks): run it again when that has ended",
  },
  status: {
    title: "VisioNature sync check",
    ok: "OK",
    ko: "KO",
    firstImport: "first import",
    daily: "last daily",
    weekly: "last weekly",
    repair: "last repair",
    next: "next",
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
  },
  help: {
    program: "Keeps a second copy of VisioNature data and repairs the main one with it.",
    codes:
      "Exit codes: 0 done; 1 failed; 2 partial (repaired, but part of the download is not proven complete, or an update or extra controller failed: the next run asks for just that); 75 another run or an upgrade is under way, or the first import is not finished.",
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
    acceptDownload: "take a download that is far smaller than usual as it is: you have looked at the portal",
    fullTwoWeeks:
      "the weekly job under its old name, with the client's configuration and the database service",
    config: "Client-API-VN's configuration, relative to the home",
    service: "section of ~/.pg_service.conf",
  },
};
