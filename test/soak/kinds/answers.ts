import type { FaultKind } from "../../emulator";
import type { FaultOptions } from "../../emulator/faults";
import { oneOf, type Random, whole } from "../../emulator/random";
import type { SiteWorld } from "../../emulator/world";
import type { Kind, Scene } from "../scene/kind";

const ENDPOINTS = [
  "observations/search",
  "observations/search",
  "observations/diff",
  "observations/diff",
  "observations",
  "taxo_groups",
  "territorial_units",
  "observers",
];

/** What the portal answers, and nobody can tell from the truth. */
const LIES: readonly FaultKind[] = ["nothing", "lost-key", "lost-chunking"];

const WORDS: Record<FaultKind, [en: string, fr: string]> = {
  status: ["an HTTP error", "une erreur HTTP"],
  html: ["a page of HTML with status 200", "une page HTML avec le code 200"],
  truncated: ["JSON that ends in the middle", "du JSON coupé au milieu"],
  empty: ["an empty body", "un corps vide"],
  nodata: ['{"data":[]}', '{"data":[]}'],
  null: ["null", "null"],
  object: ["{}", "{}"],
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

export function siteOf(scene: Scene, random: Random): SiteWorld {
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

/** What the portal answers in place of the truth. */
export const ANSWER_KINDS: Kind[] = (Object.keys(WORDS) as FaultKind[]).map((kind) => ({
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
