/** Which calls a fault is for; what is not given fits all. */
interface FaultMatch {
  site?: string;
  userEmail?: string;
  clientKey?: string;
  /** Path after `api/` without slashes at its ends: `observations/search`, `taxo_groups`; `places/*` fits all below. */
  endpoint?: string;
  method?: string;
  taxoGroup?: number;
  /** Short name of the territorial unit of a search. */
  unit?: string;
  /** 1: the first answer of a request; 2: what its pagination_key brings, and so on. */
  page?: number;
}

/** What goes wrong, named after what the caller gets. */
export type FaultKind =
  /** `status` with a text of the portal's kind. */
  | "status"
  /** 200 with a page of HTML. */
  | "html"
  /** 200, the JSON ends in the middle. */
  | "truncated"
  /** 200 without a body. */
  | "empty"
  /** 200 with `{"data":[]}`. */
  | "nodata"
  /** 200 with `null`, or with `{}`. */
  | "null"
  | "object"
  /** 200 with an answer of the right form and nothing in it. */
  | "nothing"
  /** Takes the request, never answers. */
  | "hang"
  /** Closes the connection before any answer. */
  | "drop"
  /** Closes it in the middle of the body: of a chunked one, of one with a length, of one without either. */
  | "drop-chunked"
  | "drop-length"
  | "drop-close"
  /** The right answer without its pagination_key header. */
  | "lost-key"
  /** The right answer with a Content-Length in place of chunks, as a proxy makes it; the key stays. */
  | "lost-chunking"
  /** The right answer, late. */
  | "delay";

const FAULT_KINDS: readonly FaultKind[] = [
  "status",
  "html",
  "truncated",
  "empty",
  "nodata",
  "null",
  "object",
  "nothing",
  "hang",
  "drop",
  "drop-chunked",
  "drop-length",
  "drop-close",
  "lost-key",
  "lost-chunking",
  "delay",
];

export interface FaultOptions extends FaultMatch {
  kind: FaultKind;
  /** For "status": 300 to 599. */
  status?: number;
  /** For "status": the answer's Retry-After, seconds or a date. */
  retryAfter?: string;
  /** Milliseconds to wait first; "delay" needs it, any kind may have it. */
  delayMs?: number;
  /** The first matching call that is hit, from 1 (default). */
  call?: number;
  /** How many calls in a row; default 1. */
  times?: number | "always";
}

export interface Fault extends FaultOptions {
  id: number;
  /** Matching calls so far. */
  seen: number;
  /** Of these, how many were hit. */
  hits: number;
}

/** What of a request a fault may ask about. */
export interface Call {
  site: string;
  userEmail: string;
  clientKey: string;
  endpoint: string;
  method: string;
  taxoGroup?: number;
  units?: string[];
  page: number;
}

/** The faults in force. */
export class FaultBook {
  private faults: Fault[] = [];
  private nextId = 1;

  /** Throws when the options are not such as can happen. */
  add(options: FaultOptions): Fault {
    if (!FAULT_KINDS.includes(options.kind))
      throw new Error(`fault kind ${JSON.stringify(options.kind)}: one of ${FAULT_KINDS.join(", ")}`);
    if (options.kind === "status" && !(options.status && options.status >= 300 && options.status <= 599))
      throw new Error(`fault status ${options.status}: from 300 to 599`);
    if (options.kind === "delay" && !options.delayMs) throw new Error("fault delay: delayMs is missing");
    const known = [
      "id",
      "seen",
      "hits",
      "kind",
      "status",
      "retryAfter",
      "delayMs",
      "call",
      "times",
      "site",
      "userEmail",
      "clientKey",
    ];
    for (const key of Object.keys(options))
      if (![...known, "endpoint", "method", "taxoGroup", "unit", "page"].includes(key))
        throw new Error(`fault: ${JSON.stringify(key)} is not a known field`);
    const fault = { ...options, id: this.nextId++, seen: 0, hits: 0 };
    this.faults.push(fault);
    return fault;
  }

  list(): Fault[] {
    return this.faults.map((f) => ({ ...f }));
  }

  /** Takes one back, or all. */
  clear(id?: number): void {
    this.faults = id === undefined ? [] : this.faults.filter((f) => f.id !== id);
  }

  /** Counts the call for every fault it fits; the first one whose turn it is happens. */
  take(call: Call): Fault | null {
    let taken: Fault | null = null;
    for (const fault of this.faults) {
      if (!fits(fault, call)) continue;
      fault.seen++;
      const first = fault.call ?? 1;
      const end = fault.times === "always" ? Infinity : first + (fault.times ?? 1);
      if (taken || fault.seen < first || fault.seen >= end) continue;
      fault.hits++;
      taken = fault;
    }
    return taken;
  }
}

function fits(match: FaultMatch, call: Call): boolean {
  const same = <T>(want: T | undefined, got: T | undefined) => want === undefined || want === got;
  return (
    same(match.site, call.site) &&
    same(match.userEmail, call.userEmail) &&
    same(match.clientKey, call.clientKey) &&
    (match.endpoint === undefined || fitsEndpoint(match.endpoint, call.endpoint)) &&
    same(match.method?.toUpperCase(), call.method) &&
    same(match.taxoGroup, call.taxoGroup) &&
    (match.unit === undefined || (call.units ?? []).includes(match.unit)) &&
    same(match.page, call.page)
  );
}

function fitsEndpoint(want: string, got: string): boolean {
  const path = want.replace(/^\/+|\/+$/g, "");
  return path.endsWith("/*") ? got.startsWith(path.slice(0, -1)) : got === path;
}
