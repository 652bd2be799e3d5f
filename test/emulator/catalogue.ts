import type { ResolvedSite, TaxoGroupOptions, UnitOptions } from "./options";
import { oneOf, type Random, randomFrom, uuid, whole } from "./random";

export interface Species {
  id: number;
  group: number;
  family: number;
  name: string;
  latinName: string;
  rarity: string;
}

export interface Observer {
  id: number;
  idUniversal: number;
  name: string;
  surname: string;
  entity: number;
}

/** A commune. */
export interface LocalAdminUnit {
  id: number;
  unit: UnitOptions;
  name: string;
  insee: string;
  lat: number;
  lon: number;
}

export interface Place {
  id: number;
  commune: LocalAdminUnit;
  name: string;
  altitude: number;
  lat: number;
  lon: number;
  hidden: boolean;
  /** Counts the changes; 0 as seeded. */
  version: number;
  /** When the portal recorded the last change, in milliseconds. */
  changed: number;
  deleted: boolean;
}

/** The reference data of a site. */
export interface Catalogue {
  groups: TaxoGroupOptions[];
  units: UnitOptions[];
  species: Map<number, Species>;
  speciesOf: Map<number, Species[]>;
  observers: Observer[];
  communes: LocalAdminUnit[];
  places: Map<number, Place>;
}

const GENUS = ["Parus", "Turdus", "Falco", "Myotis", "Vulpes", "Lacerta", "Natrix", "Anas", "Sitta", "Picus"];
const EPITHET = [
  "major",
  "alba",
  "communis",
  "montana",
  "rufa",
  "europaea",
  "minor",
  "viridis",
  "aurita",
  "picta",
];
const FRENCH = [
  "Mésange",
  "Grive",
  "Faucon",
  "Murin",
  "Renard",
  "Lézard",
  "Couleuvre",
  "Canard",
  "Sittelle",
  "Pic",
];
const ADJECTIVE = [
  "commun",
  "des montagnes",
  "à longue queue",
  "vert",
  "cendré",
  "d'Europe",
  "nain",
  "rousse",
  "tacheté",
  "huppé",
];
const RARITY = ["verycommon", "common", "unusual", "rare", "veryrare"];
const FIRST = ["Camille", "Dominique", "Claude", "Maëlle", "Loïc", "Zoé", "Gaël", "Inès", "Noé", "Élise"];
const LAST = [
  "Martin",
  "Lefèvre",
  "D'Arcy",
  "Bonnet",
  "Chevallier",
  "Faure",
  "Girard",
  "Roussel",
  "Perrin",
  "Moulin",
];
const TOWN = [
  "Saint-Martin",
  "Les Abrets",
  "Villard",
  "La Motte",
  "Chanas",
  "Accons",
  "Le Bourg",
  "Vinay",
  "Mens",
  "Allevard",
];
const SPOT = [
  "les Îles",
  "le Pré Rond",
  "l'Étang",
  "bois de la Dame",
  "la Combe",
  "le Col",
  "la Gare",
  "sans lieu-dit défini",
];

/** Reference data of a site, from the seed alone. */
export function makeCatalogue(site: ResolvedSite, seed: number, seededAt: number): Catalogue {
  const random = randomFrom(seed, site.name, "catalogue");
  const species = new Map<number, Species>();
  const speciesOf = new Map<number, Species[]>();
  for (const group of site.taxoGroups) {
    const list = Array.from({ length: site.speciesPerGroup }, (_, i) => makeSpecies(random, group.id, i));
    speciesOf.set(group.id, list);
    for (const one of list) species.set(one.id, one);
  }
  const communes = site.units.flatMap((unit, u) =>
    Array.from({ length: site.communesPerUnit }, (_, i) => makeCommune(random, unit, u, i)),
  );
  const places = new Map<number, Place>();
  for (const commune of communes)
    for (let i = 0; i < site.placesPerCommune; i++) {
      const place = makePlace(random, 200_001 + places.size, commune, seededAt);
      places.set(place.id, place);
    }
  const observers = Array.from({ length: site.observers }, (_, i) => ({
    id: 301 + i,
    idUniversal: 11_000 + i,
    name: oneOf(random, LAST),
    surname: oneOf(random, FIRST),
    entity: whole(random, 1, 3),
  }));
  return {
    groups: site.taxoGroups.map((g) => ({ ...g })),
    units: site.units,
    species,
    speciesOf,
    observers,
    communes,
    places,
  };
}

function makeSpecies(random: Random, group: number, i: number): Species {
  return {
    id: group * 1000 + i + 1,
    group,
    family: group * 10 + 1 + (i % 3),
    name: `${oneOf(random, FRENCH)} ${oneOf(random, ADJECTIVE)} ${i + 1}`,
    latinName: `${oneOf(random, GENUS)} ${oneOf(random, EPITHET)}`,
    rarity: oneOf(random, RARITY),
  };
}

function makeCommune(random: Random, unit: UnitOptions, u: number, i: number): LocalAdminUnit {
  return {
    id: 14_001 + u * 1000 + i,
    unit,
    name: `${oneOf(random, TOWN)}-${i + 1}`,
    insee: `${unit.shortName}${String(i + 1).padStart(3, "0")}`,
    lat: 44.8 + u * 0.5 + random() * 0.4,
    lon: 4.4 + u + random() * 0.6,
  };
}

/** A new place in a commune. */
export function makePlace(random: Random, id: number, commune: LocalAdminUnit, changed: number): Place {
  return {
    id,
    commune,
    name: `${commune.name} - ${oneOf(random, SPOT)}`,
    altitude: whole(random, 150, 2800),
    lat: commune.lat + (random() - 0.5) * 0.05,
    lon: commune.lon + (random() - 0.5) * 0.05,
    hidden: random() < 0.1,
    version: 0,
    changed,
    deleted: false,
  };
}

/** Identifier that a person's or a thing's number always gives. */
export function uuidOf(...of: (string | number)[]): string {
  return uuid(randomFrom(...of));
}
