import { oauthOf } from "./oauth";
import type { Account } from "./options";

export interface AskOptions {
  query?: Record<string, string>;
  method?: "GET" | "POST";
  body?: unknown;
  signal?: AbortSignal;
}

/** Asks the API as the client does: OAuth1 without token, user_email and user_pw in the signed query. */
export function ask(
  base: string,
  account: Account,
  path: string,
  options: AskOptions = {},
): Promise<Response> {
  const { query = {}, method = options.body === undefined ? "GET" : "POST", body, signal } = options;
  const all = { user_email: account.userEmail, user_pw: account.userPassword, ...query };
  const url = `${base}api/${path}?${Object.entries(all)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&")}`;
  const oauth = oauthOf(account);
  return fetch(url, {
    method,
    headers: {
      ...oauth.toHeader(oauth.authorize({ url, method })),
      "content-type": "application/json;charset=UTF-8",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
}

/** The body of a search by day of entry; days as dd.mm.YYYY. */
export function searchBody(group: number, from: string, to: string, units = ["107", "138"]) {
  return {
    period_choice: "range",
    date_from: from,
    date_to: to,
    species_choice: "all",
    taxonomic_group: String(group),
    entry_date: "1",
    location_choice: "territorial_unit",
    territorial_unit_ids: units,
  };
}

interface Observations {
  data: {
    sightings: Sighting[];
    forms: { "@id": string; id_form_universal: string; sightings: Sighting[] }[];
  };
}

export interface Sighting {
  date: { "@timestamp": string };
  species: { taxonomy: string };
  place: { county: string };
  observers: [
    { id_sighting: string; insert_date: string; update_date?: string; "@uid": string; coord_lat: string },
  ];
}

/** All sightings of a search, page after page as the client reads them, those in forms too; and the sizes of the pages. */
export async function searchAll(base: string, account: Account, body: unknown) {
  const found: Sighting[] = [];
  const pages: number[] = [];
  for (let key: string | null = ""; key !== null; ) {
    const query: Record<string, string> = { short_version: "1", ...(key ? { pagination_key: key } : {}) };
    const res = await ask(base, account, "observations/search/", { query, body });
    if (res.status !== 200) throw new Error(`search: ${res.status} ${await res.text()}`);
    const { data } = (await res.json()) as Observations;
    const page = [...data.sightings, ...data.forms.flatMap((form) => form.sightings)];
    found.push(...page);
    pages.push(page.length);
    key = res.headers.get("transfer-encoding") === "chunked" ? res.headers.get("pagination_key") : null;
  }
  return { found, pages };
}

/** A local day, moved by some days, as dd.mm.YYYY. */
export function day(now: Date, shift = 0): string {
  const d = new Date(now.getFullYear(), now.getMonth(), now.getDate() + shift);
  return `${String(d.getDate()).padStart(2, "0")}.${String(d.getMonth() + 1).padStart(2, "0")}.${d.getFullYear()}`;
}
