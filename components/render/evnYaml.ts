import type { Names } from "../../config/names";
import { CONTROLLERS, NEEDED_CONTROLLERS } from "../../config/values/controllers";

/** One portal, with its secrets in clear: the text goes only to a 0600 file and encrypted to the state. */
export interface EvnSite {
  name: string;
  enabled: boolean;
  url: string;
  userEmail: string;
  userPassword: string;
  clientKey: string;
  clientSecret: string;
}

export interface EvnYaml {
  names: Names;
  adminEmail: string;
  sites: EvnSite[];
  taxoExclude: string[];
  territorialUnits: string[];
  windowDays: number;
  /** Controllers beside those that are always on. */
  references: readonly string[];
  database: { address: string; port: number; name: string; password: string };
}

/** The client's own beginning, until the first weekly job writes the first day of its window in its place. */
export const START_DATE = "1900-01-01";

/**
 * The configuration of Client-API-VN 2.12.0, in strictyaml's subset (block style, no empty list), so that
 * `transfer_vn` itself accepts it too. `db_schema_vn` is a name that exists nowhere: the client's
 * `--col_tables_create` drops that schema. One fixed step covers the usual window: one request per group and unit.
 */
export function evnYaml(args: EvnYaml): string {
  const { names, database } = args;
  const step = args.windowDays + 1;
  const needed: readonly string[] = NEEDED_CONTROLLERS;
  const controllers = CONTROLLERS.map(({ controller }) => controller).sort();
  return lines(
    "# Written by vn-sync-check; `pulumi up` writes it anew when its inputs change.",
    "# Each weekly job writes the first day of its window into filter.start_date.",
    "main:",
    `    admin_mail: ${text(args.adminEmail)}`,
    "",
    "controler:",
    // In the order of the client's own template.
    ...controllers.flatMap((name) => [
      `    ${name}:`,
      `        enabled: ${needed.includes(name) || args.references.includes(name)}`,
      "        # Not used: vn-check starts the downloads. The client asks for a schedule.",
      "        schedule:",
      "            month: 1",
    ]),
    "",
    "filter:",
    ...list("taxo_exclude", args.taxoExclude),
    ...list("territorial_unit_ids", args.territorialUnits),
    "    json_format: short",
    `    start_date: ${START_DATE}`,
    "    # By date of entry: a late entry of an old observation is in the window too.",
    "    type_date: entry",
    "",
    "site:",
    ...args.sites.flatMap((site) => [
      `    ${site.name}:`,
      `        enabled: ${site.enabled}`,
      `        site: ${text(site.url)}`,
      `        user_email: ${text(site.userEmail)}`,
      `        user_pw: ${text(site.userPassword)}`,
      `        client_key: ${text(site.clientKey)}`,
      `        client_secret: ${text(site.clientSecret)}`,
    ]),
    "",
    "file:",
    "    enabled: false",
    "    file_store: VN_files",
    "",
    "database:",
    "    enabled: true",
    `    db_host: ${text(database.address)}`,
    `    db_port: ${database.port}`,
    `    db_name: ${text(database.name)}`,
    `    db_schema_import: ${names.checkSchema}`,
    `    db_schema_vn: ${names.checkSchema}_vn_unused`,
    `    db_group: ${names.dataOwner}`,
    `    db_user: ${names.login}`,
    `    db_pw: ${text(database.password)}`,
    "    db_secret_key: unused",
    "",
    "tuning:",
    "    max_list_length: 100",
    "    max_chunks: 1000",
    `    pid_limit_min: ${step}`,
    `    pid_limit_max: ${step}`,
    `    pid_delta_days: ${step}`,
    "",
  );
}

function list(key: string, values: string[]): string[] {
  if (values.length === 0) return [];
  return [`    ${key}:`, ...values.map((value) => `        - ${text(value)}`)];
}

/** A double-quoted scalar: JSON's escapes are a part of YAML's. */
function text(value: string): string {
  return JSON.stringify(value);
}

function lines(...all: string[]): string {
  return all.join("\n");
}
