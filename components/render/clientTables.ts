/** The fifteen tables that Client-API-VN 2.12.0 stores into. */
export const CHECK_TABLES = [
  "download_log",
  "entities_json",
  "families_json",
  "field_details_json",
  "field_groups_json",
  "forms_json",
  "increment_log",
  "local_admin_units_json",
  "observations_json",
  "observers_json",
  "places_json",
  "species_json",
  "taxo_groups_json",
  "territorial_units_json",
  "validations_json",
];

/** Sequences behind the two serial columns among them. */
export const CHECK_SEQUENCES = ["download_log_id_seq", "field_groups_json_id_seq"];
