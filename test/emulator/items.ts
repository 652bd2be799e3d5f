import { type Catalogue, type Place, uuidOf } from "./catalogue";
import type { Form, Observation } from "./observations";
import { oneOf, randomFrom, whole } from "./random";

/** JSON as the portal sends it: every number is text. */
export type Item = Record<string, unknown>;

const DAYS = ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"];
const MONTHS = [
  "janvier",
  "février",
  "mars",
  "avril",
  "mai",
  "juin",
  "juillet",
  "août",
  "septembre",
  "octobre",
  "novembre",
  "décembre",
];
const two = (n: number) => String(n).padStart(2, "0");
const text = (n: number) => String(n);

const REMARKS = [
  "",
  'Posé sur un piquet, puis s\'envole vers le nord ; vu avec "jumelles 10x42".',
  "Chanteur, milieu ouvert avec haies <bocage> & mares. Temps couvert, vent faible.",
  "Groupe en déplacement lent le long de la rivière, compté deux fois.",
  "Trace et indices : crottes, plumes ; 1 individu trouvé à 50 % caché dans l'herbe.",
  "Deux adultes et un juvénile nourri, revu le lendemain au même endroit par un autre observateur.",
];

/** A moment in the portal's long form. */
function longDate(epoch: number, withTime: boolean): Item {
  const d = new Date(epoch * 1000);
  const offset = -d.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  const day = `${DAYS[d.getDay()]}, ${two(d.getDate())}. ${MONTHS[d.getMonth()]} ${d.getFullYear()}`;
  return {
    "@notime": withTime ? "0" : "1",
    "@offset": text(offset * 60),
    "@ISO8601": `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${time}${zone}`,
    "@timestamp": text(epoch),
    "#text": withTime ? `${day}, ${time}` : day,
  };
}

function placeOf(place: Place): Item {
  return {
    "@id": text(place.id),
    id_universal: `65_${place.id}`,
    name: place.name,
    place_type: "place",
    loc_precision: "750",
    municipality: place.commune.name,
    insee: place.commune.insee,
    county: place.commune.unit.shortName,
    country: "",
    altitude: text(place.altitude),
    coord_lat: place.lat.toFixed(12),
    coord_lon: place.lon.toFixed(12),
  };
}

/**
 * One sighting as `observations/search/` gives it, about 1.4 kB.
 * `short`: insert_date and update_date are epoch seconds as text (short_version=1), else objects.
 */
export function sightingItem(site: string, catalogue: Catalogue, o: Observation, short: boolean): Item {
  const random = randomFrom(site, o.id, o.version);
  const species = catalogue.species.get(o.species);
  const observer = catalogue.observers[o.observer - 301];
  if (!species || !observer)
    throw new Error(`observation ${o.id} of ${site}: species or observer is not in the catalogue`);
  const count = whole(random, 1, 30);
  const seenAt = o.sighted + whole(random, 6, 20) * 3600;
  const moment = (epoch: number) => (short ? text(epoch) : longDate(epoch, true));
  const remark = oneOf(random, REMARKS);
  return {
    date: longDate(o.sighted, false),
    species: {
      "@id": text(species.id),
      taxonomy: text(o.group),
      rarity: species.rarity,
      sys_order: text(species.id * 3),
      category: "C",
      name: species.name,
      latin_name: species.latinName,
    },
    place: placeOf(o.place),
    observers: [
      {
        "@id": text(observer.id),
        "@uid": text(observer.idUniversal),
        traid: text(observer.id),
        id_sighting: text(o.id),
        id_universal: `65_${o.id}`,
        uuid: uuidOf(site, o.id),
        ...(o.form ? { id_form_universal: formUniversal(o.form) } : {}),
        name: `${observer.surname} ${observer.name}`,
        anonymous: "0",
        entity: text(observer.entity),
        version: text(o.version),
        timing: longDate(seenAt, true),
        coord_lat: (o.place.lat + (random() - 0.5) * 0.01).toFixed(6),
        coord_lon: (o.place.lon + (random() - 0.5) * 0.01).toFixed(6),
        altitude: text(o.place.altitude),
        precision: "precise",
        source: "WEB",
        atlas_grid_name: `E0${whole(random, 70, 99)}N6${whole(random, 30, 60)}`,
        atlas_code: text(whole(random, 2, 19)),
        estimation_code: oneOf(random, ["EXACT_VALUE", "MINIMUM", "ESTIMATION"]),
        count: text(count),
        flight_number: "1",
        details: [
          {
            count: text(count),
            sex: oneOf(random, ["M", "F", "U"]),
            age: oneOf(random, ["AD", "PULL", "U"]),
          },
        ],
        comment: o.version > 0 ? `${remark} (corrigé ${o.version})` : remark,
        hidden_comment: "",
        insert_date: moment(o.inserted),
        ...(o.updated ? { update_date: moment(o.updated) } : {}),
      },
    ],
  };
}

function formUniversal(form: Form): string {
  return `65_${form.id}`;
}

/** A form with those of its sightings that the request selects. */
export function formItem(site: string, form: Form, sightings: Item[]): Item {
  const random = randomFrom(site, "form", form.id);
  const start = whole(random, 6, 17);
  return {
    "@id": text(form.id),
    id_form_universal: formUniversal(form),
    time_start: `${two(start)}:${two(whole(random, 0, 59))}:00`,
    time_stop: `${two(start + 1)}:${two(whole(random, 0, 59))}:00`,
    full_form: text(whole(random, 0, 1)),
    version: "0",
    lat: form.place.lat.toFixed(6),
    lon: form.place.lon.toFixed(6),
    comment: oneOf(random, REMARKS),
    protocol: {
      protocol_name: "STOC_SITES",
      site_code: text(form.place.id),
      visit_number: text(whole(random, 1, 3)),
    },
    sightings,
  };
}
