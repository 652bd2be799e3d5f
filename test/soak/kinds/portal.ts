import type { FaultKind } from "../../emulator";
import type { FaultOptions } from "../../emulator/faults";
import { oneOf, type Random, whole } from "../../emulator/random";
import type { SiteWorld } from "../../emulator/world";
import type { Kind, Scene } from "../kind";
import { addGroup, addUnit, removeUnit } from "../portal";

const ENDPOINTS = [
  "observations/search",
  "observations/search",
  "observations/diff",
  "observations/diff",
  "observations",
  "taxo_groups",
  "territorial_units",
];

/** What the portal answers, and nobody can tell from the truth. */
const LIES: readonly FaultKind[] = ["nothing", "lost-key", "lost-chunking"];

const WORDS: Record<FaultKind, [en: string, fr: string]> = {
  status: ["an HTTP error", "une erreur HTTP"],
  html: ["a page of HTML with status 200", "une page HTML avec le code 200"],
  truncated: ["JSON that ends in the middle", "du JSON coupé au milieu"],
  empty: ["an empty body", "un corps vide"],
  nodata: ['{"data":[]}', '{"data":[]}'],
  nothing: ["the right form with nothing in it", "la bonne forme, sans rien dedans"],
  hang: ["no answer at all", "aucune réponse"],
  drop: ["a closed connection", "une connexion fermée"],
  "drop-chunked": ["a chunked body cut off", "un corps par morceaux coupé"],
  "drop-length": ["a body cut off before its length", "un corps coupé avant sa longueur"],
  "drop-close": ["a body cut off in silence", "un corps coupé sans le dire"],
  "lost-key": ["a page without the key of the next", "une page sans la clé de la suivante"],
  "lost-chunking": [
    "a page with a length in place of chunks",
    "une page avec une longueur au lieu de morceaux",
  ],
  delay: ["a late answer", "une réponse tardive"],
};

function siteOf(scene: Scene, random: Random): SiteWorld {
  return oneOf(random, [...scene.emulator.world.sites.values()]);
}

/** Some calls, or all, of a site, and perhaps of one group or unit only. */
function faultOf(kind: FaultKind, scene: Scene, random: Random): FaultOptions {
  const site = siteOf(scene, random);
  const endpoint = oneOf(random, ENDPOINTS);
  const observations = endpoint.startsWith("observations");
  const always = random() < 0.5 && kind !== "hang";
  const status = oneOf(random, [400, 401, 403, 404, 429, 500, 502, 503, 504]);
  return {
    kind,
    site: site.name,
    endpoint,
    ...(observations && random() < 0.7 ? { taxoGroup: oneOf(random, site.catalogue.groups).id } : {}),
    ...(endpoint === "observations/search" && random() < 0.4
      ? { unit: oneOf(random, site.catalogue.units).shortName }
      : {}),
    ...(random() < 0.2 && observations ? { page: whole(random, 1, 2) } : {}),
    ...(kind === "status" ? { status } : {}),
    ...(kind === "status" && (status === 429 || status === 503)
      ? { retryAfter: oneOf(random, ["1", "3", "2000"]) }
      : {}),
    ...(kind === "delay" ? { delayMs: whole(random, 200, 1500) } : {}),
    call: whole(random, 1, 3),
    times: kind === "hang" ? 1 : always ? "always" : whole(random, 1, 4),
  };
}

const ANSWERS: Kind[] = (Object.keys(WORDS) as FaultKind[]).map((kind) => ({
  name: `portal-${kind}`,
  en: `the portal gives ${WORDS[kind][0]}`,
  fr: `le portail donne ${WORDS[kind][1]}`,
  // The next updates ask for three days again: a lie of that length heals.
  days: LIES.includes(kind) ? [1, 2] : kind === "hang" ? [1, 1] : [1, 6],
  ...(LIES.includes(kind) ? { lie: true as const } : {}),
  begin(scene, random) {
    const { id } = scene.emulator.faults.add(faultOf(kind, scene, random));
    return () => scene.emulator.faults.clear(id);
  },
}));

export const PORTAL_KINDS: Kind[] = [
  ...ANSWERS,
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
