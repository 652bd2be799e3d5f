import type { ClientFailure, Fact } from "../facts";
import type { CauseFact } from "../text";

/** What keeps a site from being whole. */
export type SiteCause = Extract<CauseFact, { site: string }>;

/** What lies behind what is said while downloading, as far as it tells: kept with the job, shown by `status`. */
export function causeBehind(fact: Fact): SiteCause | undefined {
  switch (fact.fact) {
    case "clientFailed":
      return ofClient(fact.site, fact.failure);
    case "importGroupFailed":
    case "extrasFailed":
      return fact;
    default:
      return undefined;
  }
}

function ofClient(site: string, failure: ClientFailure): SiteCause | undefined {
  if (failure.kind === "portal") return { ...failure, fact: "portalLimits", site };
  if (failure.kind === "died") return { fact: "clientFaulty", site, said: failure.said };
  // What else keeps a controller, or a part of it, is kept with that part.
  const lost = /psycopg2\.OperationalError\) (connection to server .*?)(?: \([^()]+\.py:[^()]+\))?$/.exec(
    failure.said,
  )?.[1];
  return lost === undefined ? undefined : { fact: "clientWithoutDatabase", site, said: lost };
}

/** One of a kind for each site: what comes later says the same of it. */
export function kindOf(cause: SiteCause): string {
  const { fact, site } = cause;
  return fact === "importGroupFailed" ? `${fact} ${site} ${cause.group}` : `${fact} ${site}`;
}

/** The same without secrets, as it may be kept. */
export function scrubbed<T>(value: T, scrub: (text: string) => string): T {
  if (typeof value === "string") return scrub(value) as T;
  if (Array.isArray(value)) return value.map((one) => scrubbed(one, scrub)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, scrubbed(one, scrub)])) as T;
}
