import { type Catalogue, makeCatalogue } from "./catalogue";
import { type Item, sightingItem } from "./items";
import {
  FIRST_FORM,
  FIRST_OBSERVATION,
  type Form,
  type Observation,
  seedObservations,
  updateTs,
} from "./observations";
import type { ResolvedOptions, ResolvedSite, UnitOptions } from "./options";
import { ownId, type Poison, poisoned, shownId } from "./poison";
import { type Random, randomFrom } from "./random";

/** The portal's diff reaches this far back, in milliseconds. */
export const DIFF_REACH_MS = 70 * 86_400_000;

/** What the portal holds of an observation; a complete copy has the same `update_ts` for the same (site, id). */
export interface TruthRow {
  site: string;
  id: number;
  update_ts: number;
  taxo_group: number;
  /** Short name of the territorial unit. */
  territorial_unit: string;
  /** Local days, YYYY-MM-DD. */
  entry_date: string;
  sighting_date: string;
  id_form_universal: string | null;
  /** When the portal recorded the last change, ISO. */
  changed_at: string;
  deleted: boolean;
}

export interface SearchQuery {
  group: number;
  /** `id_country` and `short_name` joined, as the client sends them; undefined: anywhere. */
  units?: string[];
  /** Days, both included. */
  from: Date;
  to: Date;
  /** By day of entry, else by day of sighting. */
  byEntry: boolean;
}

/** Everything a site's portal knows. */
export class SiteWorld {
  readonly catalogue: Catalogue;
  readonly observations = new Map<number, Observation>();
  readonly forms: Form[];
  nextObservation = FIRST_OBSERVATION;
  nextForm = FIRST_FORM;
  nextPlace: number;
  /** Observations that the portal gives in a way that a copy cannot take, by number. */
  readonly spoilt = new Map<number, (item: Item) => Item>();
  /** For what is drawn after the seeding. */
  readonly random: Random;
  /** What is wrong with some observations, by id. */
  readonly poison = new Map<number, Poison>();
  /** By group and unit, so that a search reads only what it may give. */
  private readonly byGroupAndUnit = new Map<string, Observation[]>();

  constructor(
    readonly options: ResolvedSite,
    all: ResolvedOptions,
  ) {
    this.catalogue = makeCatalogue(options, all.seed, all.now.getTime() - all.years * 365 * 86_400_000);
    this.nextPlace = 200_001 + this.catalogue.places.size;
    this.random = randomFrom(all.seed, options.name, "later");
    const seeded = seedObservations(all, options, this.catalogue);
    this.forms = seeded.forms;
    for (const one of seeded.observations) this.add(one);
    this.nextForm += seeded.forms.length;
  }

  get name(): string {
    return this.options.name;
  }

  /** Takes up a new observation. */
  add(o: Observation): void {
    this.observations.set(o.id, o);
    this.nextObservation = Math.max(this.nextObservation, o.id + 1);
    const unit = o.place.commune.unit;
    const key = `${o.group}/${unitKey(unit)}`;
    const list = this.byGroupAndUnit.get(key);
    if (list) list.push(o);
    else this.byGroupAndUnit.set(key, [o]);
  }

  /** An observer has taken the species for another: the observation is one of another group now, and the next version. */
  regroup(o: Observation, group: number, species: number): void {
    const unit = unitKey(o.place.commune.unit);
    const before = this.byGroupAndUnit.get(`${o.group}/${unit}`);
    before?.splice(before.indexOf(o), 1);
    o.group = group;
    o.species = species;
    this.add(o);
  }

  /** Short names of the units that a search names by country and short name; undefined if it names none. */
  shortNames(asked: unknown): string[] | undefined {
    if (!Array.isArray(asked)) return undefined;
    return this.catalogue.units.filter((u) => asked.includes(unitKey(u))).map((u) => u.shortName);
  }

  item(o: Observation, short = true): Item {
    const poison = this.poison.get(o.id);
    const item = sightingItem(this.name, this.catalogue, o, short);
    if (poison !== undefined) return poisoned(item, poison);
    return this.spoilt.get(o.id)?.(item) ?? item;
  }

  /** The id that the portal shows of it. */
  idOf(o: Observation): number {
    return shownId(o.id, this.poison.get(o.id));
  }

  /** The observation that it shows under an id. */
  byId(id: number): Observation | undefined {
    const found = this.observations.get(ownId(id));
    return found && this.idOf(found) === id ? found : undefined;
  }

  /** Observations that are there, by window, group and unit. */
  search(query: SearchQuery): Observation[] {
    const first = new Date(query.from).setHours(0, 0, 0, 0) / 1000;
    const end =
      new Date(query.to.getFullYear(), query.to.getMonth(), query.to.getDate() + 1).getTime() / 1000;
    const units = query.units ?? this.catalogue.units.map(unitKey);
    return units.flatMap((unit) =>
      (this.byGroupAndUnit.get(`${query.group}/${unit}`) ?? []).filter((o) => {
        const when = query.byEntry ? o.inserted : o.sighted;
        return !o.deleted && when >= first && when < end;
      }),
    );
  }

  /** What changed in a group since a moment, at most ten weeks back; the last change of each counts. */
  diff(group: number, sinceMs: number, nowMs: number): Observation[] {
    const since = Math.max(sinceMs, nowMs - DIFF_REACH_MS);
    return [...this.ofGroup(group)].filter((o) => o.changed >= since).sort((a, b) => a.changed - b.changed);
  }

  /** All of a group, deleted ones too. */
  *ofGroup(group: number): Generator<Observation> {
    for (const [key, list] of this.byGroupAndUnit) if (key.startsWith(`${group}/`)) yield* list;
  }

  /** Rights to a group from now on, for all accounts. */
  setAccess(group: number, mode: "full" | "none"): void {
    const found = this.catalogue.groups.find((g) => g.id === group);
    if (!found) throw new Error(`taxo group ${group}: not one of ${this.name}'s`);
    found.accessMode = mode;
  }

  truthRow(o: Observation): TruthRow {
    return {
      site: this.name,
      id: o.id,
      update_ts: updateTs(o),
      taxo_group: o.group,
      territorial_unit: o.place.commune.unit.shortName,
      entry_date: localDay(o.inserted),
      sighting_date: localDay(o.sighted),
      id_form_universal: o.form ? `65_${o.form.id}` : null,
      changed_at: new Date(o.changed).toISOString(),
      deleted: o.deleted,
    };
  }
}

/** All sites. Made from options and seed alone; changed by `simulate`. */
export class World {
  readonly sites = new Map<string, SiteWorld>();

  constructor(readonly options: ResolvedOptions) {
    for (const site of options.sites) this.sites.set(site.name, new SiteWorld(site, options));
  }

  site(name: string): SiteWorld {
    const site = this.sites.get(name);
    if (!site)
      throw new Error(`site ${JSON.stringify(name)}: not one of ${[...this.sites.keys()].join(", ")}`);
    return site;
  }

  /**
   * What the portals hold now (`deleted` false) or have deleted (`deleted` true), as far as it can be downloaded:
   * without groups whose access_mode is "none", unless `unreadable`.
   */
  *truth(want: TruthFilter = {}): Generator<TruthRow> {
    for (const site of this.sites.values()) {
      if (want.site !== undefined && want.site !== site.name) continue;
      const account = site.options.accounts.find((a) => a.userEmail === want.userEmail);
      const none = new Set(account?.noAccessTo);
      for (const g of site.catalogue.groups) if (g.accessMode === "none") none.add(g.id);
      for (const o of site.observations.values()) {
        if (o.deleted !== (want.deleted ?? false)) continue;
        if (!want.unreadable && none.has(o.group)) continue;
        if (want.taxoGroup !== undefined && want.taxoGroup !== o.group) continue;
        if (want.unit !== undefined && want.unit !== o.place.commune.unit.shortName) continue;
        yield site.truthRow(o);
      }
    }
  }
}

export interface TruthFilter {
  site?: string;
  taxoGroup?: number;
  /** Short name of a territorial unit. */
  unit?: string;
  deleted?: boolean;
  /** Only what this account may read. */
  userEmail?: string;
  unreadable?: boolean;
}

/** A unit as a search names it. */
function unitKey(unit: UnitOptions): string {
  return `${unit.idCountry ?? "1"}${unit.shortName}`;
}

function localDay(epoch: number): string {
  const d = new Date(epoch * 1000);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
}
