/** A controller of Client-API-VN 2.12.0, and the tables that it fills. */
interface Filled {
  controller: string;
  tables: readonly string[];
}

/**
 * All eleven controllers, in the order in which their tables are written to main: what main's triggers look
 * up comes before what looks it up. The one list of the client's controllers and tables in this project.
 */
export const CONTROLLERS = [
  { controller: "entities", tables: ["entities_json"] },
  { controller: "observers", tables: ["observers_json"] },
  { controller: "taxo_groups", tables: ["taxo_groups_json"] },
  { controller: "territorial_units", tables: ["territorial_units_json"] },
  { controller: "families", tables: ["families_json"] },
  { controller: "species", tables: ["species_json"] },
  { controller: "local_admin_units", tables: ["local_admin_units_json"] },
  { controller: "places", tables: ["places_json"] },
  { controller: "validations", tables: ["validations_json"] },
  { controller: "fields", tables: ["field_groups_json", "field_details_json"] },
  { controller: "observations", tables: ["forms_json", "observations_json"] },
] as const satisfies readonly Filled[];
export type Controller = (typeof CONTROLLERS)[number]["controller"];

/** Downloaded always: without them nobody knows which groups and units of which observations there are. */
export const PROOF_CONTROLLERS = ["taxo_groups", "territorial_units"] as const satisfies Controller[];

/** What is always switched on. */
export const NEEDED_CONTROLLERS = ["observations", ...PROOF_CONTROLLERS] as const satisfies Controller[];

/** Downloaded where `repair.references` asks for them; in the alphabet's order, for people. */
export const EXTRA_CONTROLLERS = [
  "entities",
  "families",
  "fields",
  "local_admin_units",
  "observers",
  "places",
  "species",
  "validations",
] as const satisfies Exclude<Controller, (typeof NEEDED_CONTROLLERS)[number]>[];

/** What the client writes about itself; no controller fills them. */
export const LOG_TABLES = ["download_log", "increment_log"] as const;
