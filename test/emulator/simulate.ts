import { makePlace } from "./catalogue";
import { DAY_MS, Drawer, type Form, midnight, type Observation, updateTs } from "./observations";
import { oneOf } from "./random";
import type { SiteWorld, TruthRow, World } from "./world";

/** A moment: a Date, epoch milliseconds, or ISO text. */
export type Moment = Date | number | string;

interface Common {
  site: string;
  /** How many; default 1, or all of `ids`. */
  count?: number;
  /** When it happens on the portal; default now. */
  at?: Moment;
  /** Or strewn evenly between the two. */
  between?: [Moment, Moment];
  taxoGroup?: number;
  /** Short name of a territorial unit. */
  unit?: string;
}

export interface InsertRequest extends Common {
  action: "insert";
  /** Day of the sighting; default up to ten days before the entry. */
  sightedAt?: Moment;
  /** All in one new form (same observer, place, day, group). */
  inForm?: boolean;
}

/** Which existing ones: those named, else `count` drawn among those that fit. */
export interface ChangeRequest extends Common {
  action: "update" | "delete";
  ids?: number[];
  enteredAfter?: Moment;
  enteredBefore?: Moment;
}

export type SimulateRequest = InsertRequest | ChangeRequest;

const KNOWN = new Set(
  "action site count at between taxoGroup unit sightedAt inForm ids enteredAfter enteredBefore".split(" "),
);

/** Lets the portal's users do something. Returns the rows as they are afterwards. */
export function simulate(world: World, request: SimulateRequest): TruthRow[] {
  const site = world.site(request.site);
  for (const key of Object.keys(request))
    if (!KNOWN.has(key))
      throw new Error(`simulate: ${JSON.stringify(key)} is not one of ${[...KNOWN].join(", ")}`);
  switch (request.action) {
    case "insert":
      return insert(site, request).map((o) => site.truthRow(o));
    case "update":
    case "delete":
      return choose(site, request).map((o, i, all) => {
        const at = momentOf(request, i, all.length);
        if (request.action === "update") update(o, at);
        else o.deleted = true;
        // A change never bears an earlier time than the one before it.
        o.changed = Math.max(at, o.changed);
        return site.truthRow(o);
      });
    default:
      throw new Error(
        `action ${JSON.stringify((request as { action: unknown }).action)}: insert, update or delete`,
      );
  }
}

function insert(site: SiteWorld, request: InsertRequest): Observation[] {
  const draw = new Drawer(site.random, site.catalogue);
  const count = request.count ?? 1;
  let form: Form | null = null;
  const group = request.taxoGroup ?? draw.group();
  return Array.from({ length: count }, (_, i) => {
    const at = momentOf(request, i, count);
    const place = form?.place ?? draw.place(request.unit);
    const observer = form?.observer ?? draw.observer();
    if (request.inForm && !form) {
      form = { id: site.nextForm++, place, observer, sightings: [] };
      site.forms.push(form);
    }
    const own = request.inForm || request.taxoGroup !== undefined ? group : allowedGroup(site, draw);
    const seen = request.sightedAt === undefined ? at - draw.lateness() * DAY_MS : toMs(request.sightedAt);
    const one: Observation = {
      id: site.nextObservation,
      group: own,
      species: draw.species(own),
      place,
      observer,
      form,
      sighted: form?.sightings[0]?.sighted ?? midnight(seen),
      inserted: Math.floor(at / 1000),
      updated: 0,
      version: 0,
      changed: at,
      deleted: false,
    };
    form?.sightings.push(one);
    site.add(one);
    return one;
  });
}

/** One that the accounts may read: what nobody can download would never be seen again. */
function allowedGroup(site: SiteWorld, draw: Drawer): number {
  const allowed = site.catalogue.groups.filter((g) => g.accessMode !== "none").map((g) => g.id);
  for (let tries = 0; tries < 20; tries++) {
    const group = draw.group();
    if (allowed.includes(group)) return group;
  }
  return oneOf(site.random, allowed);
}

/** A later version. Seconds count: the client stores only what has a greater update_ts. */
function update(o: Observation, at: number): void {
  o.updated = Math.max(Math.floor(at / 1000), updateTs(o) + 1);
  o.version++;
}

function choose(site: SiteWorld, request: ChangeRequest): Observation[] {
  if (request.ids)
    return request.ids.map((id) => {
      const found = site.observations.get(id);
      if (!found || found.deleted) throw new Error(`observation ${id} of ${site.name}: not there (any more)`);
      return found;
    });
  const after = request.enteredAfter === undefined ? -Infinity : toMs(request.enteredAfter) / 1000;
  const before = request.enteredBefore === undefined ? Infinity : toMs(request.enteredBefore) / 1000;
  const none = new Set(site.catalogue.groups.filter((g) => g.accessMode === "none").map((g) => g.id));
  const fit = [...site.observations.values()].filter(
    (o) =>
      !o.deleted &&
      o.inserted >= after &&
      o.inserted <= before &&
      (request.taxoGroup === undefined ? !none.has(o.group) : o.group === request.taxoGroup) &&
      (request.unit === undefined || o.place.commune.unit.shortName === request.unit),
  );
  const count = request.count ?? 1;
  if (fit.length < count)
    throw new Error(`${request.action} ${count} at ${site.name}: only ${fit.length} observations fit`);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(site.random() * (fit.length - i));
    [fit[i], fit[j]] = [fit[j] as Observation, fit[i] as Observation];
  }
  return fit.slice(0, count);
}

/** Changes places the same way: `places/diff/` tells of it. Returns the ids. */
export function simulatePlaces(
  world: World,
  request: {
    site: string;
    action: "insert" | "update" | "delete";
    count?: number;
    ids?: number[];
    at?: Moment;
  },
): number[] {
  const site = world.site(request.site);
  const at = request.at === undefined ? Date.now() : toMs(request.at);
  const count = request.count ?? request.ids?.length ?? 1;
  if (request.action === "insert")
    return Array.from({ length: count }, () => {
      const place = makePlace(site.random, site.nextPlace++, oneOf(site.random, site.catalogue.communes), at);
      site.catalogue.places.set(place.id, place);
      return place.id;
    });
  // A place with observations stays on a real portal; here the newest go first, where the fewest hang on them.
  const there = [...site.catalogue.places.values()].filter((p) => !p.deleted).reverse();
  const chosen = request.ids ? there.filter((p) => request.ids?.includes(p.id)) : there.slice(0, count);
  for (const place of chosen) {
    place.changed = at;
    if (request.action === "delete") place.deleted = true;
    else place.altitude += ++place.version;
  }
  return chosen.map((p) => p.id);
}

function momentOf(request: Common, i: number, count: number): number {
  if (request.between) {
    const [from, to] = request.between.map(toMs) as [number, number];
    return from + ((to - from) * (i + 0.5)) / count;
  }
  return request.at === undefined ? Date.now() : toMs(request.at);
}

export function toMs(moment: Moment): number {
  const ms =
    typeof moment === "object" ? moment.getTime() : typeof moment === "number" ? moment : Date.parse(moment);
  if (Number.isNaN(ms))
    throw new Error(`moment ${JSON.stringify(moment)}: an ISO date and time, or epoch milliseconds`);
  return ms;
}
