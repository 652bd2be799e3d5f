import type { EvnFault, HostRefusal } from "../../facts";
import { list, type Texts } from "../common/texts";
import { mailProblem } from "./mail";

/** What to do where the database is not to be had, in English. */
export const noDatabase: Texts["noDatabase"] = {
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
};

/** … and where it refuses a statement. */
export const refusal: Texts["refusal"] = {
  "read-only":
    "Nothing may be written there: a standby, or a database made so. Name the server that may write in ~/.pg_service.conf (database.fromHost.address, then pulumi up), or promote this one",
  "no room": "Disk or memory of the server is full: make room there, then run this again",
  limited:
    "A limit that somebody set is too small for the work: as a superuser, raise temp_file_limit or max_stack_depth for this login (ALTER ROLE … SET …)",
  rights: "A right that the kit had is gone: pulumi up gives it back",
  "not installed": "What the kit has put there is gone, or of another version: pulumi up makes it anew",
  cancelled: "Somebody, or a limit, has cancelled it: run it again",
  locked: "Another session holds what is needed (pg_locks): run it again when that has ended",
};

function evnFault(fault: EvnFault): string {
  switch (fault.is) {
    case "no YAML":
      return `line ${fault.line} is no YAML (${fault.code})`;
    case "no mapping":
      return "it has no sections (site:, filter:, …)";
    case "in braces":
      return "filter: has to be written line by line, not in braces";
    case "no value":
      return `filter.${fault.key} has to be one value`;
    case "not written":
      return `filter.${fault.key} could not be set`;
  }
}

const host: Record<HostRefusal, string> = {
  full: "The disk, or the account's quota, is full: make room there (df -h, df -i, quota), then run this again",
  "read-only": "That disk may only be read: look at dmesg, mount it anew for writing",
  rights: "It is not the account's to read or write: look at owner and mode (ls -l), and give them back",
  limit:
    "The machine, or a limit of the account's (ulimit, systemd), has no more: end what nobody needs, or raise it",
  gone: "It is not there: pulumi up makes it anew",
  broken: "The disk has faults: look at dmesg, and at a backup",
};

/** What went wrong on the user's side or in the surroundings. */
export const problems: Texts["problem"] = {
  noServiceFile: (p) => `${p.path} cannot be read: ${p.cause}`,
  noService: (p) => `${p.path} has no section [${p.service}]`,
  noDatabase: (p) => `connecting to ${p.where}: ${p.cause}. ${noDatabase[p.why]}`,
  databaseRefuses: (p) => `${p.where}: ${p.cause}.${p.why ? ` ${refusal[p.why]}` : ""}`,
  noPassword: (p) =>
    `connecting to ${p.where}: the server asks for a password, and ${
      {
        absent: `${p.path} is not there`,
        open: `${p.path} may be read by others, so that nobody takes it: chmod 600 ${p.path}`,
        "no line": `${p.path} has no line for it`,
      }[p.why]
    }${p.why === "open" ? "" : ". pulumi up writes it (mode 0600)"}`,
  host: (p) => `${p.path}: ${p.cause}. ${host[p.why]}`,
  locked: (p) =>
    `${p.where}: a lock was not let go in time${p.holders === null ? "" : `: ${p.holders}`}. Wait until that has ended, or end it: SELECT pg_terminate_backend(…)`,
  noTriggers: (p) =>
    `the sessions of ${p.login} in ${p.database} fire no triggers: main's own would not run when it is repaired. As a superuser: ALTER ROLE "${p.login}" RESET session_replication_role; ALTER DATABASE "${p.database}" RESET session_replication_role;`,
  noSettings: (p) =>
    `${p.path} is not there. Is HOME the account's home? As the right account: vn-check status`,
  badSettings: (p) => `${p.path}:\n  ${p.faults.join("\n  ")}`,
  otherVersion: (p) =>
    `${p.path} is of version ${p.theirs} of the kit and this program of ${p.ours}: an upgrade is under way. Try again when \`pulumi up\` has ended`,
  noConfig: (p) =>
    `${p.path} cannot be used: ${typeof p.cause === "string" ? p.cause : evnFault(p.cause)}. Correct it, or pulumi up`,
  endDate: (p) => `${p.path}: filter.end_date (${p.value}) would leave later days out: remove it`,
  noSites: (p) => `${p.path}: no site is enabled`,
  controllersOff: (p) => `${p.path}: these controllers must be enabled: ${list(p.names)}`,
  notOwner: (p) =>
    `${p.home} belongs to another account: vn-check status, for one, becomes that account by itself (/usr/local/bin)`,
  noClient: (p) => `Client-API-VN does not start, and could not be made anew:\n${p.said}`,
  clientStartsNot: (p) => `${p.site}: Client-API-VN does not start: ${p.said}. To do: pulumi up`,
  clientRefused: (p) => `${p.site}: Client-API-VN cannot work like this: ${p.said}`,
  stillAlive: (p) => `a client process of an earlier run cannot be ended (pid ${p.pid}): nothing was started`,
  noProgram: (p) => `${p.program} is missing (Debian: package util-linux)`,
  repairFailed: (p) => `the repair failed: ${p.cause}${p.why ? `. ${refusal[p.why]}` : ""}`,
  noMail: mailProblem,
  stopped: (p) => `stopped by ${p.signal}`,
};
