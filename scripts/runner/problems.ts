/** What goes wrong around a run, as plain values. */

import type { MailProblem } from "./mailFacts";

/** Why the database does not answer: each has a remedy of its own. */
export type NoDatabase =
  | "refused"
  | "unreachable"
  | "unknown host"
  | "stopping"
  | "starting"
  | "too many connections"
  | "closed"
  | "password"
  | "not let in"
  | "no database"
  | "session ended"
  | "pooler"
  | "no room"
  | "other";

/** Why the database refuses a statement, where that lies in the surroundings. */
export type Refusal =
  | "read-only"
  | "no room"
  | "limited"
  | "rights"
  | "not installed"
  | "cancelled"
  | "locked";

/** What is wrong with a text of Client-API-VN's configuration; `code` is the YAML parser's own. */
export type EvnFault =
  | { is: "no YAML"; line: number; code: string }
  | { is: "no mapping" }
  | { is: "in braces" }
  | { is: "no value"; key: string }
  | { is: "not written"; key: string };

/** Why the host does not let a file or a process be. */
export type HostRefusal = "full" | "read-only" | "rights" | "limit" | "gone" | "broken";

const ERRNO: Record<string, HostRefusal> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EROFS: "read-only",
  EACCES: "rights",
  EPERM: "rights",
  EMFILE: "limit",
  ENFILE: "limit",
  ENOMEM: "limit",
  EAGAIN: "limit",
  ENOENT: "gone",
  ENOTDIR: "gone",
  EISDIR: "gone",
  EIO: "broken",
};

/** What went wrong on the user's side or in the surroundings. */
export type Problem =
  | { key: "noServiceFile"; path: string; cause: string }
  | { key: "noService"; path: string; service: string }
  | { key: "noDatabase"; where: string; why: NoDatabase; cause: string }
  /** The server asks for a password, and the file of passwords gives none. */
  | { key: "noPassword"; path: string; why: "absent" | "open" | "no line"; where: string }
  /** A statement; `why` null: it is none of the known causes. */
  | { key: "databaseRefuses"; where: string; why: Refusal | null; cause: string }
  /** A statement has waited for a lock in vain; `holders`: who was in the way, as the database says. */
  | { key: "locked"; where: string; holders: string | null }
  /** The login's sessions fire no triggers. */
  | { key: "noTriggers"; login: string; database: string }
  | { key: "noSettings"; path: string }
  | { key: "badSettings"; path: string; faults: string[] }
  /** Of the kit: the file's and this program's. */
  | { key: "otherVersion"; path: string; theirs: string; ours: string }
  /** `cause`: what the system says, or what is wrong in the text. */
  | { key: "noConfig"; path: string; cause: string | EvnFault }
  | { key: "endDate"; path: string; value: string }
  | { key: "noSites"; path: string }
  | { key: "controllersOff"; path: string; names: string[] }
  | { key: "notOwner"; home: string }
  | { key: "clientRefused"; site: string; said: string }
  | { key: "clientStartsNot"; site: string; said: string }
  | { key: "noClient"; said: string }
  | { key: "stillAlive"; pid: number }
  | { key: "noProgram"; program: string }
  | { key: "repairFailed"; cause: string; why: Refusal | null }
  /** Of the system: which file, and what it said. */
  | { key: "host"; why: HostRefusal; path: string; cause: string }
  | MailProblem
  | { key: "stopped"; signal: string };

/** A problem that ends the run: shown as one text, without a stack. */
export class RunError extends Error {
  override name = "RunError";
  constructor(readonly problem: Problem) {
    super(problem.key);
  }
}

/** What an error says to people; of one that is none of theirs, where it came from. */
export function causeOf(error: unknown): Problem | string {
  const cause = error instanceof Error && error.name === "AbortError" && error.cause ? error.cause : error;
  if (cause instanceof RunError) return cause.problem;
  const refused = hostRefusal(cause);
  if (refused) return refused;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

function hostRefusal(error: unknown): Problem | undefined {
  const { code, path, syscall, message } = (error ?? {}) as NodeJS.ErrnoException;
  const why = ERRNO[code ?? ""];
  // Only the system's own calls have one.
  if (why === undefined || syscall === undefined) return undefined;
  return { key: "host", why, path: path ?? syscall, cause: String(message) };
}
