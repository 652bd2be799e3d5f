import type { Check } from "../config/checks";
import type { Words } from "../config/values/key";
import { run } from "./connecting";
import { type DatabaseFacts, when } from "./databaseFacts";
import { VERSION } from "./installation";
import { SESSION_CHECKS } from "./sessionChecks";
import { SETTING_CHECKS } from "./settingChecks";

/** Encodings in which the kit's texts and the client's JSON have a place. */
const ENCODINGS = ["UTF8", "SQL_ASCII"];

const set = (key: string, value: string): string =>
  `pulumi config set --path 'vn-sync-check:${key}' ${value}`;
const both = (text: string): Words => ({ en: text, fr: text });

/** All that a database must be, before anything is made on the host or in it. */
export const DATABASE_CHECKS: Check<DatabaseFacts>[] = [
  {
    name: "database",
    try: ({ version, version_text }) =>
      when(
        version < 150_000,
        `the server is PostgreSQL ${version_text}; 15 or newer is needed`,
        `le serveur est en PostgreSQL ${version_text} ; il faut la version 15 ou une plus récente`,
      ),
    remedy: () => ({
      en: "upgrade the server, or set database.address and .port to a newer one",
      fr: "mettre le serveur à niveau, ou donner à database.address et .port un serveur plus récent",
    }),
  },
  {
    name: "database.address",
    try: ({ standby }) =>
      when(
        standby,
        "is a standby server, on which nothing can be written",
        "est un serveur secondaire (standby), sur lequel rien ne s'écrit",
      ),
    remedy: () => ({
      en: "set database.address and .port to the primary server",
      fr: "donner à database.address et .port le serveur primaire",
    }),
  },
  {
    name: "database.name",
    try: ({ database, encoding }) =>
      when(
        !ENCODINGS.includes(encoding),
        `${database} is encoded in ${encoding}: what people write on the portal does not fit into it`,
        `${database} est encodée en ${encoding} : ce que les gens écrivent sur le portail n'y tient pas`,
      ),
    remedy: ({ database }) => ({
      en: `make it anew in UTF8: createdb -T template0 -E UTF8 new_name; pg_dump ${database} | psql new_name`,
      fr: `la refaire en UTF8 : createdb -T template0 -E UTF8 nouveau_nom; pg_dump ${database} | psql nouveau_nom`,
    }),
  },
  {
    name: "database.mainSchema",
    try: ({ installation: { schemas }, main_schema, main_there, main_kind, columns_lacking, main_fault }) => {
      const table = `${schemas.main}.observations_json`;
      if (!main_schema)
        return { en: `there is no schema ${schemas.main}`, fr: `il n'y a pas de schéma ${schemas.main}` };
      if (!main_there) return { en: `there is no table ${table}`, fr: `il n'y a pas de table ${table}` };
      if (main_fault && columns_lacking.length === 0) return undefined; // told below
      if (main_kind !== "table") return { en: `${table} is no table`, fr: `${table} n'est pas une table` };
      const lacking = columns_lacking.join(", ");
      return when(
        columns_lacking.length > 0,
        `${table} has no column ${lacking}`,
        `${table} n'a pas ${lacking}`,
      );
    },
    remedy: ({ elsewhere, main_fault }) =>
      elsewhere[0] === undefined && main_fault
        ? both(main_fault.remedy)
        : elsewhere[0] === undefined
          ? {
              en: "let the main synchronisation make its tables first (transfer_vn --json_tables_create), or set database.name to the database that has them",
              fr: "laisser la synchronisation principale créer ses tables (transfer_vn --json_tables_create), ou donner à database.name la base qui les a",
            }
          : {
              en: `such tables are in ${elsewhere.join(", ")}: ${set("database.mainSchema", elsewhere[0])}`,
              fr: `de telles tables sont dans ${elsewhere.join(", ")} : ${set("database.mainSchema", elsewhere[0])}`,
            },
  },
  {
    name: "database.mainSchema",
    // What lacks altogether is told above.
    try: ({ main_fault, columns_lacking }) =>
      main_fault && columns_lacking.length === 0 ? both(main_fault.problem) : undefined,
    remedy: ({ main_fault }) => both(main_fault?.remedy ?? ""),
  },
  {
    name: "instance",
    try: ({ foreign_fault }) => (foreign_fault ? both(foreign_fault.problem) : undefined),
    remedy: ({ foreign_fault }) => both(foreign_fault?.remedy ?? ""),
  },
  {
    name: "sites",
    try: ({ sites_fault }) => (sites_fault ? both(sites_fault.problem) : undefined),
    remedy: ({ sites_fault }) => both(sites_fault?.remedy ?? ""),
  },
  {
    name: "database",
    try: ({ objects_refused }) =>
      when(
        objects_refused !== null,
        `an event trigger refuses new objects: ${objects_refused}`,
        `un déclencheur d'événement refuse les nouveaux objets : ${objects_refused}`,
      ),
    remedy: () => ({
      en: "let it allow the kit's schemas, or switch it off while this runs: ALTER EVENT TRIGGER … DISABLE",
      fr: "lui faire admettre les schémas du kit, ou le suspendre le temps de l'opération : ALTER EVENT TRIGGER … DISABLE",
    }),
  },
  {
    name: "database.adminUser",
    try: ({ adminUser, lacking }) =>
      when(lacking.length > 0, `${adminUser} lacks rights`, `il manque des droits à ${adminUser}`),
    remedy: ({ lacking }) => run(...lacking),
  },
  {
    name: "instance",
    try: ({ repair_foreign, installation: { schemas } }) =>
      when(
        repair_foreign,
        `the schema ${schemas.repair} is there and was not made by this kit`,
        `le schéma ${schemas.repair} existe et n'a pas été créé par ce kit`,
      ),
    remedy: ({ installation: { schemas } }) => ({
      en: `rename it (ALTER SCHEMA "${schemas.repair}" RENAME TO …), or give this stack other names: pulumi config set instance <name>`,
      fr: `le renommer (ALTER SCHEMA "${schemas.repair}" RENAME TO …), ou donner d'autres noms à cette pile : pulumi config set instance <nom>`,
    }),
  },
  {
    name: "instance",
    // What is installed here knows its roles; elsewhere on the server another database may have them.
    try: ({ installed, roles_used }) =>
      when(
        !installed && roles_used.length > 0,
        `the roles ${roles_used.join(", ")} are there and were not made by this kit, or serve another database`,
        `les rôles ${roles_used.join(", ")} existent et n'ont pas été créés par ce kit, ou servent une autre base`,
      ),
    remedy: ({ roles_used }) => ({
      en: `give this stack other names: pulumi config set instance <name>; or drop them, if nobody needs them: DROP ROLE ${roles_used.join(", ")};`,
      fr: `donner d'autres noms à cette pile : pulumi config set instance <nom> ; ou les supprimer, si personne n'en a besoin : DROP ROLE ${roles_used.join(", ")};`,
    }),
  },
  {
    name: "database",
    try: ({ installed_version }) =>
      when(
        installed_version !== null && isNewer(installed_version, VERSION),
        `version ${installed_version} of the kit has installed what is there, and this is an older one`,
        `la version ${installed_version} du kit a installé ce qui s'y trouve, et celle-ci est plus ancienne`,
      ),
    remedy: () => both("git pull; npm ci"),
  },
  ...SESSION_CHECKS,
  ...SETTING_CHECKS,
  {
    name: "PostGIS",
    mild: true,
    try: ({ postgis }) =>
      when(
        !postgis,
        "is not in this database: the view qgis_data is left out",
        "n'est pas dans cette base : la vue qgis_data n'est pas créée",
      ),
    remedy: ({ postgis_to_have }) =>
      postgis_to_have
        ? both("CREATE EXTENSION postgis;")
        : {
            en: "install postgresql-<version>-postgis-3 on the server, then CREATE EXTENSION postgis;",
            fr: "installer postgresql-<version>-postgis-3 sur le serveur, puis CREATE EXTENSION postgis;",
          },
  },
];

/** As sql/2_tables/requirements.sql compares them. */
function isNewer(a: string, b: string): boolean {
  const [x, y] = [a, b].map((version) => (version.split("-")[0] as string).split(".").map(Number));
  const at = (x as number[]).findIndex((part, i) => part !== (y as number[])[i]);
  return at >= 0 && ((x as number[])[at] ?? 0) > ((y as number[])[at] ?? 0);
}
