import type { Catalogue, Place } from "./catalogue";
import type { ResolvedOptions, ResolvedSite } from "./options";
import { oneOf, type Random, randomFrom, whole } from "./random";

export const DAY_MS = 86_400_000;
/** First numbers of observations and forms. The same at every site: only (id, site) is a key. */
export const FIRST_OBSERVATION = 100_001;
export const FIRST_FORM = 5001;

/** One sighting, in numbers; its JSON is made when asked for (items.ts). Times are epoch seconds unless said. */
export interface Observation {
  id: number;
  group: number;
  species: number;
  place: Place;
  observer: number;
  form: Form | null;
  /** Local midnight of the day it was seen. */
  sighted: number;
  inserted: number;
  /** 0: never updated. */
  updated: number;
  /** Counts the changes; 0 as inserted. */
  version: number;
  /** When the portal recorded the last change, in milliseconds: what `diff` goes by. */
  changed: number;
  deleted: boolean;
}

/** A daily list; its sightings share observer, place, day and taxo group. */
export interface Form {
  id: number;
  place: Place;
  observer: number;
  sightings: Observation[];
}

/** What the client keeps as `update_ts`: the update's time if there was one, else the insertion's. */
export function updateTs(o: Observation): number {
  return o.updated || o.inserted;
}

/** Local midnight of the day of `ms` (epoch milliseconds), in epoch seconds. */
export function midnight(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0) / 1000;
}

/** Draws the parts of a sighting that nobody asked for. */
export class Drawer {
  private readonly byWeight: number[];

  constructor(
    readonly random: Random,
    private readonly catalogue: Catalogue,
    private readonly places: Place[] = [...catalogue.places.values()],
  ) {
    this.byWeight = catalogue.groups.flatMap((g) => Array<number>(g.weight ?? 1).fill(g.id));
  }

  group(): number {
    return oneOf(this.random, this.byWeight);
  }

  species(group: number): number {
    const list = this.catalogue.speciesOf.get(group);
    if (!list)
      throw new Error(
        `taxo group ${group}: not one of this site's (${[...this.catalogue.speciesOf.keys()].join(", ")})`,
      );
    return oneOf(this.random, list).id;
  }

  /** A place of the unit with that short name, or of any. */
  place(unit?: string): Place {
    const suits = (p: Place) => !p.deleted && (unit === undefined || p.commune.unit.shortName === unit);
    for (let tries = 0; tries < 8; tries++) {
      const place = oneOf(this.random, this.places);
      if (suits(place)) return place;
    }
    const left = [...this.catalogue.places.values()].filter(suits);
    if (left.length === 0) throw new Error(`territorial unit ${unit}: no place of this site is in it`);
    return oneOf(this.random, left);
  }

  observer(): number {
    return oneOf(this.random, this.catalogue.observers).id;
  }

  /** Days between seeing and entering: mostly the same week, one in twenty much later. */
  lateness(): number {
    return this.random() < 0.05 ? whole(this.random, 15, 400) : Math.floor(this.random() ** 3 * 10);
  }
}

/** The observations and forms that a site starts with: from seed and `now` alone. */
export function seedObservations(options: ResolvedOptions, site: ResolvedSite, catalogue: Catalogue) {
  const random = randomFrom(options.seed, site.name, "observations");
  const draw = new Drawer(random, catalogue);
  const now = options.now.getTime();
  const observations: Observation[] = [];
  const forms: Form[] = [];
  const formsLeft = () => site.forms - forms.length;
  while (observations.length < site.observations) {
    const left = site.observations - observations.length;
    const recent = random() < options.recentShare;
    const entered = now - random() * (recent ? 14 : options.years * 365) * DAY_MS;
    const sighted = midnight(entered - draw.lateness() * DAY_MS);
    const group = draw.group();
    const place = draw.place();
    const observer = draw.observer();
    // Forms are strewn evenly among the rest: as likely at each step as needed to get through all of them.
    const inForm = left >= 2 && random() < (formsLeft() * 5) / left;
    const form: Form | null = inForm
      ? { id: FIRST_FORM + forms.length, place, observer, sightings: [] }
      : null;
    const size = form ? Math.min(left, whole(random, 2, 8)) : 1;
    for (let i = 0; i < size; i++) {
      const inserted = Math.floor(entered / 1000);
      const updated = random() < 0.1 ? Math.floor((entered + random() * (now - entered)) / 1000) : 0;
      const one: Observation = {
        id: FIRST_OBSERVATION + observations.length,
        group,
        species: draw.species(group),
        place,
        observer,
        form,
        sighted,
        inserted,
        updated: updated > inserted ? updated : 0,
        version: updated > inserted ? 1 : 0,
        changed: Math.max(updated, inserted) * 1000,
        deleted: false,
      };
      observations.push(one);
      form?.sightings.push(one);
    }
    if (form) forms.push(form);
  }
  return { observations, forms };
}
