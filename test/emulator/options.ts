/** An API account of a site: a person's login and the application's OAuth1 consumer key. */
export interface Account {
  userEmail: string;
  userPassword: string;
  clientKey: string;
  clientSecret: string;
  /** Taxo groups this account has no right to: reported with access_mode "none", refused with 403. */
  noAccessTo?: number[];
}

/** A taxo group; `accessMode` "none" is what the portal answers for a group without rights. */
export interface TaxoGroupOptions {
  id: number;
  name: string;
  nameConstant: string;
  latinName?: string;
  accessMode?: "full" | "none";
  /** Share of the observations, against the other groups'. Default 1. */
  weight?: number;
}

/** A territorial unit (a French département). `idCountry` is a number as text: the client's own triggers cast it. */
export interface UnitOptions {
  id: number;
  idCountry?: string;
  shortName: string;
  name: string;
}

export interface SiteOptions {
  /** Name in the URL and in the client's configuration: `/<name>/`. */
  name: string;
  /** Default: a main account and a check account, see `defaultAccounts`. */
  accounts?: Account[];
  taxoGroups?: TaxoGroupOptions[];
  units?: UnitOptions[];
  /** Observations seeded, those in forms included. Default 1000. */
  observations?: number;
  /** Forms seeded; each holds 2 to 8 of the observations. Default a fiftieth of the observations. */
  forms?: number;
  /** Observers (people). Default 40. */
  observers?: number;
  speciesPerGroup?: number;
  communesPerUnit?: number;
  placesPerCommune?: number;
}

export interface EmulatorOptions {
  /** 0 (default): any free port. */
  port?: number;
  /** Address to listen on; default 127.0.0.1. */
  host?: string;
  seed?: number;
  /** The moment up to which data are seeded; default now. Give it where dates must be the same at each run. */
  now?: Date;
  /** Years over which entry dates are spread, besides the last fortnight. Default 3. */
  years?: number;
  /** Share of the observations entered in the last fortnight, 0 to 1. Default 0.25. */
  recentShare?: number;
  /** Sightings (or items of a reference list) in one answer before a pagination_key is given. Default 500. */
  pageSize?: number;
  /** Default: two sites, `isere` and `ardeche`. */
  sites?: SiteOptions[];
}

export type ResolvedSite = Required<SiteOptions>;
export type ResolvedOptions = Required<Omit<EmulatorOptions, "sites">> & { sites: ResolvedSite[] };

/** The two accounts of a site for which none are given: the main copy's and the check copy's. */
function defaultAccounts(site: string): Account[] {
  return ["main", "check"].map((use) => ({
    userEmail: `${use}.${site}@example.org`,
    userPassword: `pw-${use}-${site}`,
    clientKey: `${use}-${site}-consumer-key`,
    clientSecret: `${use}-${site}-consumer-secret`,
  }));
}

const DEFAULT_TAXO_GROUPS: TaxoGroupOptions[] = [
  { id: 1, name: "Oiseaux", nameConstant: "TAXO_GROUP_BIRD", latinName: "Aves", weight: 6 },
  { id: 2, name: "Chauves-souris", nameConstant: "TAXO_GROUP_BAT", latinName: "Chiroptera" },
  { id: 3, name: "Mammifères", nameConstant: "TAXO_GROUP_MAMMAL", latinName: "Mammalia", weight: 2 },
  { id: 7, name: "Reptiles", nameConstant: "TAXO_GROUP_REPTILIAN", latinName: "Reptilia" },
  { id: 30, name: "Poissons", nameConstant: "TAXO_GROUP_FISH", latinName: "Pisces", accessMode: "none" },
];

const DEFAULT_UNITS: UnitOptions[] = [
  { id: 7, idCountry: "1", shortName: "07", name: "Ardèche" },
  { id: 39, idCountry: "1", shortName: "38", name: "Isère" },
];

/** Fills in what is not given and refuses what cannot be. Throws with the option's name, what was found, what fits. */
export function resolveOptions(given: EmulatorOptions = {}): ResolvedOptions {
  const { sites = [{ name: "isere" }, { name: "ardeche" }], ...rest } = given;
  const names = new Set<string>();
  for (const { name } of sites) {
    if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(name))
      throw new Error(
        `sites: name ${JSON.stringify(name)}: letters, digits and hyphens only (it is part of the URL)`,
      );
    if (names.has(name)) throw new Error(`sites: the name ${name} is given twice`);
    names.add(name);
  }
  const options = {
    port: 0,
    host: "127.0.0.1",
    seed: 1,
    now: new Date(),
    years: 3,
    recentShare: 0.25,
    pageSize: 500,
    ...rest,
    sites: sites.map(resolveSite),
  };
  if (Number.isNaN(options.now.getTime())) throw new Error("now: not an ISO date and time");
  if (!(options.pageSize >= 1)) throw new Error(`pageSize: ${options.pageSize}: at least 1`);
  if (!(options.recentShare >= 0 && options.recentShare <= 1))
    throw new Error(`recentShare: ${options.recentShare}: from 0 to 1`);
  return options;
}

function resolveSite(site: SiteOptions): ResolvedSite {
  const observations = site.observations ?? 1000;
  return {
    accounts: defaultAccounts(site.name),
    taxoGroups: DEFAULT_TAXO_GROUPS,
    units: DEFAULT_UNITS,
    forms: Math.floor(observations / 50),
    observers: 40,
    speciesPerGroup: 25,
    communesPerUnit: 6,
    placesPerCommune: 4,
    ...site,
    observations,
  };
}
