/** A request as it came in, without secrets: no password, no signature. */
export interface RecordedRequest {
  n: number;
  /** ISO. */
  at: string;
  site: string;
  userEmail: string;
  clientKey: string;
  method: string;
  endpoint: string;
  /** Without user_pw. */
  query: Record<string, string>;
  /** The JSON body of a search. */
  body?: unknown;
  page: number;
  /** What was answered; 0 where the connection was left hanging or dropped before an answer. */
  status: number;
  rows: number;
  /** The kind of the fault that hit it. */
  fault?: string;
  /** Why it was refused. */
  refused?: string;
}

export interface RequestFilter {
  site?: string;
  userEmail?: string;
  endpoint?: string;
  /** Only those after this number. */
  after?: number;
}

/** The last requests, oldest first. */
export class RequestLog {
  private entries: RecordedRequest[] = [];
  private count = 0;

  constructor(private readonly keep = 100_000) {}

  add(entry: Omit<RecordedRequest, "n" | "at">): RecordedRequest {
    const recorded = { n: ++this.count, at: new Date().toISOString(), ...entry };
    this.entries.push(recorded);
    if (this.entries.length > this.keep * 1.1) this.entries = this.entries.slice(-this.keep);
    return recorded;
  }

  list(want: RequestFilter = {}): RecordedRequest[] {
    return this.entries.filter(
      (r) =>
        (want.site === undefined || r.site === want.site) &&
        (want.userEmail === undefined || r.userEmail === want.userEmail) &&
        (want.endpoint === undefined || r.endpoint === want.endpoint) &&
        (want.after === undefined || r.n > want.after),
    );
  }

  clear(): void {
    this.entries = [];
  }
}
