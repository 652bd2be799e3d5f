import type { Item } from "../../emulator/items";
import { updateTs } from "../../emulator/observations";
import { oneOf, whole } from "../../emulator/random";
import type { Kind } from "../scene/kind";
import { addGroup, addUnit, isOpen, removeUnit } from "../scene/portal";
import { siteOf } from "./answers";

/** What of an observation the client or the database cannot take. */
const POISONS: readonly ((item: Item) => Item)[] = [
  (item) => ({ ...item, remark: "a \u0000 in it" }),
  (item) => ({ ...item, remark: "half a sign: \ud83d" }),
  (item) => ({
    ...item,
    observers: observersOf(item).map(({ insert_date: _, update_date: __, ...rest }) => rest),
  }),
  (item) => ({
    ...item,
    observers: observersOf(item).map((one) => ({
      ...one,
      insert_date: "yesterday",
      update_date: "yesterday",
    })),
  }),
];

function observersOf(item: Item): Item[] {
  return item["observers"] as Item[];
}

/** The portals' own life: what they hold, offer and close. */
export const PORTAL_KINDS: Kind[] = [
  {
    name: "portal-poison",
    en: "the portal gives an observation that no copy can take",
    fr: "le portail donne une observation qu'aucune copie ne peut prendre",
    days: [2, 12],
    begin(scene, random) {
      const site = siteOf(scene, random);
      const there = [...site.observations.values()].filter((o) => !o.deleted && isOpen(site, o));
      const o = oneOf(random, there);
      const change = () => {
        o.updated = Math.max(Math.floor(Date.now() / 1000), updateTs(o) + 1);
        o.version++;
        o.changed = Math.max(Date.now(), o.changed);
      };
      site.spoilt.set(o.id, oneOf(random, POISONS));
      change();
      return () => {
        site.spoilt.delete(o.id);
        change();
      };
    },
  },
  {
    name: "portal-pair-refused",
    en: "the portal refuses one group in one unit",
    fr: "le portail refuse un groupe dans une unité",
    days: [3, 20],
    begin(scene, random) {
      const site = siteOf(scene, random);
      const { id } = scene.emulator.faults.add({
        kind: "status",
        status: 403,
        site: site.name,
        endpoint: "observations/search",
        taxoGroup: oneOf(random, site.catalogue.groups).id,
        unit: oneOf(random, site.catalogue.units).shortName,
        times: "always",
      });
      return () => scene.emulator.faults.clear(id);
    },
  },
  {
    name: "portal-password",
    en: "the portal no longer takes the account's password",
    fr: "le portail n'accepte plus le mot de passe du compte",
    days: [1, 5],
    begin(scene, random) {
      const [account] = siteOf(scene, random).options.accounts;
      if (!account) return undefined;
      const right = account.userPassword;
      account.userPassword = "another";
      return () => {
        account.userPassword = right;
      };
    },
  },
  {
    name: "portal-group-comes",
    en: "the portal offers a new group",
    fr: "le portail propose un nouveau groupe",
    begin(scene, random) {
      const site = siteOf(scene, random);
      if (site.catalogue.groups.length < 5) addGroup(site);
      return undefined;
    },
  },
  {
    name: "portal-group-goes",
    en: "a group is no longer in the portal's list",
    fr: "un groupe n'est plus dans la liste du portail",
    days: [2, 20],
    begin(scene, random) {
      const { groups } = siteOf(scene, random).catalogue;
      if (groups.length < 2) return undefined;
      const [gone] = groups.splice(whole(random, 0, groups.length - 1), 1);
      return () => {
        if (gone) groups.push(gone);
      };
    },
  },
  {
    name: "portal-group-closes",
    en: "the portal closes a group to the account",
    fr: "le portail ferme un groupe au compte",
    days: [2, 20],
    begin(scene, random) {
      const site = siteOf(scene, random);
      const group = oneOf(random, site.catalogue.groups);
      site.setAccess(group.id, "none");
      return () => {
        group.accessMode = "full";
      };
    },
  },
  {
    name: "portal-unit-comes",
    en: "the portal offers a new territorial unit",
    fr: "le portail propose une nouvelle unité territoriale",
    begin(scene, random) {
      const site = siteOf(scene, random);
      if (site.catalogue.units.length < 4) addUnit(site, random);
      return undefined;
    },
  },
  {
    name: "portal-unit-goes",
    en: "a territorial unit is no longer in the portal's list",
    fr: "une unité territoriale n'est plus dans la liste du portail",
    days: [2, 20],
    begin(scene, random) {
      const site = siteOf(scene, random);
      if (site.catalogue.units.length < 2) return undefined;
      return removeUnit(site, oneOf(random, site.catalogue.units).id);
    },
  },
];
