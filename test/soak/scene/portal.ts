import type { Emulator } from "../../emulator";
import { simulate } from "../../emulator";
import { makePlace } from "../../emulator/catalogue";
import type { Observation } from "../../emulator/observations";
import { updateTs } from "../../emulator/observations";
import { oneOf, type Random, whole } from "../../emulator/random";
import type { SiteWorld } from "../../emulator/world";

const DAY = 86_400_000;

/** A day on the portals, between two moments: people enter, correct, move to another group and delete observations. */
export function livePortals(emulator: Emulator, random: Random, from: number, to: number): void {
  for (const site of emulator.world.sites.values()) {
    const between: [number, number] = [from, to];
    const some = (most: number) => Math.floor(random() * (most + 1));
    const change = (action: "update" | "delete", count: number, after: number, before: number) => {
      const there = [...site.observations.values()].filter(
        (o) => !o.deleted && isOpen(site, o) && o.inserted * 1000 >= after && o.inserted * 1000 < before,
      );
      const ids = [...Array(Math.min(count, there.length))].map(() => oneOf(random, there).id);
      if (ids.length > 0)
        simulate(emulator.world, { site: site.name, action, ids: [...new Set(ids)], between });
    };
    change("update", some(3), from - 12 * DAY, from);
    if (random() < 0.4) change("update", some(2), 0, from - 20 * DAY);
    if (random() < 0.3) change("delete", 1, from - 12 * DAY, from);
    if (random() < 0.1) change("delete", 1, 0, from - 20 * DAY);
    if (random() < 0.2) moveOne(site, random, whole(random, from, to));
    simulate(emulator.world, { site: site.name, action: "insert", count: 1 + some(4), between });
    if (random() < 0.25)
      simulate(emulator.world, {
        site: site.name,
        action: "insert",
        count: 3,
        inForm: true,
        between,
        taxoGroup: oneOf(random, openGroups(site)),
      });
  }
}

/** Whether an account may read it now. */
export function isOpen(site: SiteWorld, o: Observation): boolean {
  return (
    openGroups(site).includes(o.group) &&
    site.catalogue.units.some((unit) => unit.id === o.place.commune.unit.id)
  );
}

function openGroups(site: SiteWorld): number[] {
  return site.catalogue.groups.filter((group) => group.accessMode !== "none").map((group) => group.id);
}

function moveOne(site: SiteWorld, random: Random, at: number): void {
  const there = [...site.observations.values()].filter((o) => !o.deleted && !o.form && isOpen(site, o));
  const o = there.length > 0 ? oneOf(random, there) : undefined;
  const groups = openGroups(site).filter((group) => group !== o?.group);
  if (!o || groups.length === 0) return;
  const group = oneOf(random, groups);
  o.updated = Math.max(Math.floor(at / 1000), updateTs(o) + 1);
  o.version++;
  o.changed = Math.max(at, o.changed);
  site.regroup(o, group, oneOf(random, site.catalogue.speciesOf.get(group) ?? []).id);
}

/** A group that the portal offers from now on. @returns its number */
export function addGroup(site: SiteWorld): number {
  const id = Math.max(...site.catalogue.speciesOf.keys()) + 1;
  const list = [1, 2].map((n) => ({
    id: id * 1000 + n,
    group: id,
    family: id * 10 + 1,
    name: `Espèce ${n}`,
    latinName: `Nova species ${n}`,
    rarity: "common",
  }));
  site.catalogue.speciesOf.set(id, list);
  for (const one of list) site.catalogue.species.set(one.id, one);
  site.catalogue.groups.push({ id, name: `Groupe ${id}`, nameConstant: `TAXO_GROUP_NEW_${id}` });
  return id;
}

/** A territorial unit that the portal offers from now on. @returns its number */
export function addUnit(site: SiteWorld, random: Random): number {
  const id = Math.max(...site.catalogue.communes.map((commune) => commune.unit.id)) + 1;
  const unit = { id, idCountry: "1", shortName: String(id), name: `Unité ${id}` };
  site.catalogue.units.push(unit);
  const commune = {
    id: 20_000 + id,
    unit,
    name: `Neuville-${id}`,
    insee: `${id}001`,
    lat: 45,
    lon: 5,
  };
  site.catalogue.communes.push(commune);
  for (let i = 0; i < 2; i++) {
    const place = makePlace(random, site.nextPlace++, commune, Date.now());
    site.catalogue.places.set(place.id, place);
  }
  return id;
}

/** Takes a unit out of the portal's list, with its places. @returns what brings it back */
export function removeUnit(site: SiteWorld, id: number): () => void {
  const units = site.catalogue.units;
  const found = units.findIndex((unit) => unit.id === id);
  const [unit] = units.splice(found, 1);
  const places = [...site.catalogue.places.values()].filter(
    (place) => place.commune.unit.id === id && !place.deleted,
  );
  for (const place of places) place.deleted = true;
  return () => {
    if (unit) units.push(unit);
    for (const place of places) place.deleted = false;
  };
}
