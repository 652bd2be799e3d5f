import { fieldDetails, fieldGroups } from "./fields";
import { formItem, type Item } from "./items";
import type { Form, Observation } from "./observations";
import type { Account } from "./options";
import * as reference from "./reference";
import { toMs } from "./simulate";
import type { SiteWorld } from "./world";

/** A checked request. */
export interface ApiRequest {
  site: SiteWorld;
  account: Account;
  method: string;
  /** Path after `api/`, without slashes at its ends. */
  endpoint: string;
  query: URLSearchParams;
  body: string;
  now: number;
}

/** A refusal, as the portal makes it: a status and a text. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * An answer before it is cut into pages. A unit is what stays together: an item, a sighting, a form with its
 * sightings.
 */
export interface Answer {
  /** Sightings or items in each unit. */
  weights: number[];
  /** The JSON of the units from one up to, not including, another. */
  page: (from: number, to: number) => unknown;
  /** Never cut. */
  whole?: true;
}

/** What an endpoint answers. Throws ApiError: 400 malformed, 403 no right, 404 unknown, 405 wrong method. */
export function answer(request: ApiRequest): Answer {
  const { endpoint, method } = request;
  const post = endpoint === "observations/search";
  const route = ROUTES[endpoint];
  if (route) {
    if (method !== (post ? "POST" : "GET")) throw new ApiError(405, `method ${method} is not allowed here`);
    return route(request);
  }
  const [controller = "", id, ...rest] = endpoint.split("/");
  if (id !== undefined && rest.length === 0 && LISTS[controller] && method === "GET") {
    if (controller === "fields") return list(fieldDetails(id));
    if (controller === "places") return list(reference.placeById(request.site, Number(id)));
    const found = LISTS[controller](request).filter((item) => item["id"] === id || item["short_name"] === id);
    return list(found);
  }
  throw new ApiError(404, `no such resource: ${endpoint}`);
}

const LISTS: Record<string, (request: ApiRequest) => Item[]> = {
  taxo_groups: ({ site, account }) => reference.taxoGroups(site, account),
  territorial_units: ({ site }) => reference.territorialUnits(site),
  entities: () => reference.entities(),
  families: ({ site }) => reference.families(site),
  observers: ({ site }) => reference.observers(site),
  validations: ({ site }) => reference.validations(site),
  fields: () => fieldGroups(),
  species: ({ site, query }) => reference.species(site, query.get("id_taxo_group")),
  local_admin_units: ({ site, query }) => reference.localAdminUnits(site, query.get("id_canton")),
  places: ({ site, query }) =>
    reference.places(site, query.get("id_commune"), query.get("get_hidden") === "1"),
};

const ROUTES: Record<string, (request: ApiRequest) => Answer> = {
  ...Object.fromEntries(
    Object.entries(LISTS).map(([name, make]) => [name, (r: ApiRequest) => list(make(r))]),
  ),
  "places/diff": placesDiff,
  "observations/diff": observationsDiff,
  "observations/search": search,
  observations: byIds,
};

function list(items: Item[]): Answer {
  return { weights: items.map(() => 1), page: (from, to) => ({ data: items.slice(from, to) }) };
}

/** A diff is a bare list in one piece. */
function bare(items: Item[]): Answer {
  return { weights: items.map(() => 1), page: () => items, whole: true };
}

function search(request: ApiRequest): Answer {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(request.body);
  } catch {
    throw new ApiError(400, "the body is not JSON");
  }
  if (body["period_choice"] !== "range") throw new ApiError(400, "period_choice: only range");
  const group = allowedGroup(request, body["taxonomic_group"]);
  const units = body["location_choice"] === "territorial_unit" ? body["territorial_unit_ids"] : undefined;
  if (units !== undefined && !Array.isArray(units)) throw new ApiError(400, "territorial_unit_ids: a list");
  return sightings(
    request,
    request.site.search({
      group,
      ...(units ? { units: units.map(String) } : {}),
      from: dayOf(body["date_from"], "date_from"),
      to: dayOf(body["date_to"], "date_to"),
      byEntry: body["entry_date"] === "1",
    }),
  );
}

function byIds(request: ApiRequest): Answer {
  const group = allowedGroup(request, request.query.get("id_taxo_group"));
  const ids = request.query.get("id_sightings_list");
  const found = ids
    ? ids.split(",").flatMap((id) => request.site.byId(Number(id)) ?? [])
    : [...request.site.ofGroup(group)];
  return sightings(
    request,
    found.filter((o) => !o.deleted && o.group === group),
  );
}

type Unit = Observation | { form: Form; sightings: Observation[] };

/** `{"data":{"sightings":[…],"forms":[…]}}`; the key sightings is there even when there are only forms. */
function sightings(request: ApiRequest, found: Observation[]): Answer {
  const { site } = request;
  const short = request.query.get("short_version") === "1";
  const item = (o: Observation) => site.item(o, short);
  const units: Unit[] = [];
  const forms = new Map<Form, { form: Form; sightings: Observation[] }>();
  for (const o of found) {
    const known = o.form && forms.get(o.form);
    if (known) known.sightings.push(o);
    else if (o.form) {
      const unit = { form: o.form, sightings: [o] };
      forms.set(o.form, unit);
      units.push(unit);
    } else units.push(o);
  }
  return {
    weights: units.map((u) => ("sightings" in u ? u.sightings.length : 1)),
    page: (from, to) => {
      const part = units.slice(from, to);
      return {
        data: {
          sightings: part.flatMap((u) => ("sightings" in u ? [] : [item(u)])),
          forms: part.flatMap((u) =>
            "sightings" in u ? [formItem(site.name, u.form, u.sightings.map(item))] : [],
          ),
        },
      };
    },
  };
}

function observationsDiff(request: ApiRequest): Answer {
  const group = allowedGroup(request, request.query.get("id_taxo_group"));
  const changed = request.site.diff(group, sinceOf(request), request.now);
  return bare(
    changed
      .filter((o) => wanted(request, o.deleted))
      .map((o) => ({
        id_sighting: String(request.site.idOf(o)),
        id_universal: `65_${o.id}`,
        ...(request.site.poison.get(o.id) === "no kind of change"
          ? {}
          : { modification_type: o.deleted ? "deleted" : "updated" }),
      })),
  );
}

function placesDiff(request: ApiRequest): Answer {
  const since = sinceOf(request);
  return bare(
    reference
      .placesChanged(request.site, since, request.now)
      .filter((c) => wanted(request, c["modification_type"] === "deleted")),
  );
}

function wanted(request: ApiRequest, deleted: boolean): boolean {
  const type = request.query.get("modification_type") ?? "all";
  return type === "all" || (type === "only_deleted") === deleted;
}

/** A group that exists and that this account may read. */
function allowedGroup(request: ApiRequest, given: unknown): number {
  const id = Number(given);
  const group = request.site.catalogue.groups.find((g) => g.id === id);
  if (!group) throw new ApiError(400, `taxo group ${String(given)} is unknown`);
  if (reference.accessMode(group, request.account) === "none")
    throw new ApiError(403, `no right to taxo group ${id}`);
  return id;
}

/** dd.mm.YYYY, local. */
function dayOf(given: unknown, name: string): Date {
  const found = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(String(given));
  if (!found) throw new ApiError(400, `${name}: ${String(given)} is not dd.mm.YYYY`);
  return new Date(Number(found[3]), Number(found[2]) - 1, Number(found[1]));
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` as the client sends it, or `HH:MM:SS dd.mm.YYYY` as the portals document it; local. */
function sinceOf(request: ApiRequest): number {
  const given = request.query.get("date") ?? "";
  const long = /^(\d\d:\d\d:\d\d) (\d\d)\.(\d\d)\.(\d{4})$/.exec(given);
  const iso = long
    ? `${long[4]}-${long[3]}-${long[2]}T${long[1]}`
    : given.replace(" ", "T").replace(/(\.\d{3})\d+$/, "$1");
  try {
    return toMs(iso);
  } catch {
    throw new ApiError(400, `date: ${given} is not a date and time`);
  }
}
