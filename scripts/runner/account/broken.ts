import { DatabaseError } from "pg";
import type { NoDatabase, Refusal } from "../facts";

/** Whether there was a connection: what the same code means depends on it. */
export type Phase = "connecting" | "working";

const BY_CODE: Record<string, NoDatabase> = {
  ECONNREFUSED: "refused",
  ENOENT: "refused", // the socket of a server that is down
  ECONNRESET: "unreachable",
  EPIPE: "unreachable",
  ETIMEDOUT: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EAI_AGAIN: "unreachable",
  ENOTFOUND: "unknown host",
  "57P01": "stopping",
  "57P02": "stopping",
  "57P03": "starting",
  "53300": "too many connections",
  "28P01": "password",
  "28000": "not let in",
  "3D000": "no database",
  "57P04": "no database",
  // Others' limits: idle session, idle in transaction, transaction.
  "57P05": "session ended",
  "25P03": "session ended",
  "25P04": "session ended",
};

/** Of these only the attempt to connect may say so. */
const CONNECTING: Record<string, NoDatabase> = {
  "55000": "closed",
  "42501": "not let in",
  "53000": "no room",
  "53100": "no room",
  "53200": "no room",
};

/** Of a statement, where the cause is none of its own. */
const REFUSED: Record<string, Refusal> = {
  "25006": "read-only",
  "53100": "no room",
  "53200": "no room",
  "53400": "limited",
  "54001": "limited",
  "42501": "rights",
  "3F000": "not installed",
  "42P01": "not installed",
  "42703": "not installed",
  "42883": "not installed",
  "57014": "cancelled",
  "55P03": "locked",
};

const PASSES: ReadonlySet<NoDatabase> = new Set([
  "refused",
  "unreachable",
  "stopping",
  "starting",
  "too many connections",
  "closed",
  "session ended",
  "pooler",
]);

/** Why an error says that the database is not to be had; undefined where it speaks of the statement. */
export function noDatabase(error: unknown, phase: Phase): NoDatabase | undefined {
  const code = codeOf(error) ?? "";
  const why = BY_CODE[code] ?? (phase === "connecting" ? CONNECTING[code] : undefined);
  if (why !== undefined) return why;
  // The class of broken connections, which no server sends itself: a pooler has it for all that it was told, too.
  if (/^08/.test(code) && firstOf(error) instanceof DatabaseError) return "pooler";
  // node-postgres has no code for a connection that is gone.
  if (/connection terminated|not queryable|timeout expired/i.test(wordsOf(error))) return "unreachable";
  return phase === "connecting" ? "other" : undefined;
}

/** Why the database refuses a statement; undefined for what is no answer of it, null for a cause that nobody knows. */
export function refusal(error: unknown): Refusal | null | undefined {
  return error instanceof DatabaseError ? (REFUSED[error.code ?? ""] ?? null) : undefined;
}

/** Has the server given up a statement's wait for a lock? Our own routines say themselves who was in the way. */
export function waitedInVain(error: unknown): boolean {
  const first = firstOf(error);
  return first instanceof DatabaseError && first.code === "55P03" && first.routine !== "exec_stmt_raise";
}

/** Whether it passes by itself: a restart, a moment with too many connections. */
export function passes(why: NoDatabase): boolean {
  return PASSES.has(why);
}

/** What was said; never empty. */
export function wordsOf(error: unknown): string {
  const first = firstOf(error);
  if (first instanceof DatabaseError)
    return `${first.message} (${first.code})${first.hint ? `: ${first.hint}` : ""}`;
  return first instanceof Error ? first.message || codeOf(first) || first.name : String(first);
}

function codeOf(error: unknown): string | undefined {
  return (firstOf(error) as NodeJS.ErrnoException | undefined)?.code;
}

/** A name with several addresses: each attempt has an error of its own, and the whole no words. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}
