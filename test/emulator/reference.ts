import type { Place } from "./catalogue";
import type { Item } from "./items";
import type { Account, TaxoGroupOptions } from "./options";
import { DIFF_REACH_MS, type SiteWorld } from "./world";

/** What an account may do with a group. */
export function accessMode(group: TaxoGroupOptions, account: Account): "full" | "none" {
  return account.noAccessTo?.includes(group.id) ? "none" : (group.accessMode ?? "full");
}

export function taxoGroups(site: SiteWorld, account: Account): Item[] {
  return site.catalogue.groups.map((g) => ({
    id: String(g.id),
    name: g.name,
    latin_name: g.latinName ?? g.name,
    name_constant: g.nameConstant,
    access_mode: accessMode(g, account),
  }));
}

export function territorialUnits(site: SiteWorld): Item[] {
  return site.catalogue.units.map((u) => ({
    id: String(u.id),
    id_country: u.idCountry ?? "1",
    name: u.name,
    short_name: u.shortName,
  }));
}

export function entities(): Item[] {
  return ["-", "LPO AuRA", "Parc"].map((name, i) => ({
    id: String(i + 1),
    short_name: name,
    full_name_french: `Structure ${name}`,
    description_french: "",
    url: "",
    address: "",
  }));
}

export function families(site: SiteWorld): Item[] {
  return site.catalogue.groups.flatMap((g) =>
    [1, 2, 3].map((n) => ({
      id: String(g.id * 10 + n),
      id_taxo_group: String(g.id),
      name: `Famille ${n} (${g.name})`,
      latin_name: `${g.latinName ?? g.name}idae ${n}`,
      generic: "0",
    })),
  );
}

export function species(site: SiteWorld, group: string | null): Item[] {
  return [...site.catalogue.species.values()]
    .filter((s) => group === null || s.group === Number(group))
    .map((s) => ({
      id: String(s.id),
      id_taxo_group: String(s.group),
      is_used: "1",
      french_name: s.name,
      latin_name: s.latinName,
      rarity: s.rarity,
      category_1: "C",
      sys_order: String(s.id * 3),
      sempach_id_family: String(s.family),
      atlas_start: "60",
      atlas_end: "210",
    }));
}

export function observers(site: SiteWorld): Item[] {
  return site.catalogue.observers.map((o) => ({
    id: String(o.id),
    id_universal: String(o.idUniversal),
    id_entity: String(o.entity),
    name: o.name,
    surname: o.surname,
    email: `observer.${o.id}@example.org`,
    anonymous: "0",
    collectif: "0",
    default_hidden: "0",
    langu: "fr",
  }));
}

export function validations(site: SiteWorld): Item[] {
  return site.catalogue.groups.map((g, i) => ({
    id: String(i + 1),
    committee: "CHR",
    date_start: "1",
    date_stop: "366",
    id_species: String(g.id * 1000 + 1),
  }));
}

export function localAdminUnits(site: SiteWorld, canton: string | null): Item[] {
  return site.catalogue.communes
    .filter((c) => canton === null || c.unit.id === Number(canton))
    .map((c) => ({
      id: String(c.id),
      id_canton: String(c.unit.id),
      name: c.name,
      insee: c.insee,
      coord_lat: c.lat.toFixed(12),
      coord_lon: c.lon.toFixed(12),
    }));
}

export function places(site: SiteWorld, commune: string | null, hidden: boolean): Item[] {
  return [...site.catalogue.places.values()]
    .filter(
      (p) => !p.deleted && (commune === null || p.commune.id === Number(commune)) && (hidden || !p.hidden),
    )
    .map(placeItem);
}

/** One place, hidden or not. */
export function placeById(site: SiteWorld, id: number): Item[] {
  const place = site.catalogue.places.get(id);
  return place && !place.deleted ? [placeItem(place)] : [];
}

function placeItem(place: Place): Item {
  return {
    id: String(place.id),
    id_universal: `65_${place.id}`,
    id_commune: String(place.commune.id),
    id_region: String(place.commune.unit.id),
    name: place.name,
    is_private: "0",
    loc_precision: "750",
    altitude: String(place.altitude),
    place_type: "place",
    visible: place.hidden ? "0" : "1",
    coord_lat: place.lat.toFixed(12),
    coord_lon: place.lon.toFixed(12),
  };
}

/** Places changed since a moment, at most ten weeks back. */
export function placesChanged(site: SiteWorld, since: number, now: number): Item[] {
  return [...site.catalogue.places.values()]
    .filter((p) => p.changed >= Math.max(since, now - DIFF_REACH_MS))
    .map((p) => ({
      id_place: String(p.id),
      id_universal: `65_${p.id}`,
      modification_type: p.deleted ? "deleted" : "updated",
    }));
}
