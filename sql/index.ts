import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ParsedSqlSettings, parseSqlSettings, type SqlSettings } from "./settings";

export { parseSqlSettings, type SqlRoles, type SqlSettings } from "./settings";

/** Raised when the definition of one of the two views changes: they are made anew then, users' views put back. */
const VIEW_VERSION = "(1)";

/** Makes the owner role (if absent), the check schema and Client-API-VN's fifteen tables. One transaction. */
export function checkTablesSql(settings: SqlSettings): string {
  const s = parseSqlSettings(settings);
  return `BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\n${render("tables", s)}COMMIT;\n`;
}

/** Installs or upgrades the repair's objects. One transaction; running it twice does no harm. */
export function installSql(settings: SqlSettings): string {
  return render("install", parseSqlSettings(settings));
}

/**
 * Lets the admin login act for the owners of our objects until the returned statements (column `revoke` of the
 * last result) are run: for what cannot be done in one transaction.
 */
export function assumeSql(settings: SqlSettings): string {
  const s = parseSqlSettings(settings);
  const assume = fill(readFileSync(join(__dirname, "tables", "15_assume.sql"), "utf8"), s, "15_assume.sql");
  return `BEGIN;\n${assume}\nSELECT pg_catalog.current_setting('vn_repair.assumed') AS revoke;\nCOMMIT;`;
}

/**
 * Query whose rows (column `statement`) are to be run one by one, outside a transaction: the covering
 * indexes, where the login may create them. No row where there is nothing to do.
 */
export function indexSql(settings: SqlSettings): string {
  const s = parseSqlSettings(settings);
  return `SELECT statement FROM ${ident(s.checkSchema)}.fix_index_statements() WHERE may`;
}

/** Query for what main's owner still has to run (one text column); no row when nothing lacks. */
export function handoverSql(settings: SqlSettings): string {
  return `SELECT fix_handover AS statement FROM ${ident(parseSqlSettings(settings).checkSchema)}.fix_handover()`;
}

/** Removes what the installation made; with `data`, the tables and schemas that it made too. One transaction. */
export function uninstallSql(settings: SqlSettings, options: { data: boolean }): string {
  const s = parseSqlSettings(settings);
  const sql = render("uninstall", s);
  return sql.replaceAll("{{with_data}}", String(options.data));
}

function render(folder: string, s: ParsedSqlSettings): string {
  const dir = join(__dirname, folder);
  const files = readdirSync(dir).filter((f) => f.endsWith(".sql"));
  // Shared pieces are needed in each of the three.
  const shared = folder === "tables" ? [] : ["15_assume.sql", "85_disown.sql"];
  const texts = [
    ...files.map((f) => ({ f, text: readFileSync(join(dir, f), "utf8") })),
    ...shared.map((f) => ({
      f: f.replace(/^85/, "98"),
      text: readFileSync(join(__dirname, "tables", f), "utf8"),
    })),
  ].sort((a, b) => (a.f < b.f ? -1 : 1));
  return texts.map(({ f, text }) => fill(text, s, `sql/${folder}/${f}`)).join("\n");
}

function fill(text: string, s: ParsedSqlSettings, file: string): string {
  const values = placeholders(s);
  return text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => {
    if (key === "with_data") return whole;
    const value = values[key];
    if (value === undefined) throw new Error(`${file}: unknown placeholder ${whole}`);
    return value;
  });
}

/** The placeholders of the .sql files: names as identifiers, `…_text` as literals (NULL where there is none). */
function placeholders(s: ParsedSqlSettings): Record<string, string> {
  const { roles, extraGrants, triggerSearchPath, runAs, ...values } = s;
  const definer = roles ? (runAs ?? roles.repair) : null;
  const watch = s.instance === "default" ? "vn_repair_watch" : `vn_repair_watch_${s.instance}`;
  const seen = s.sameRights || !s.watchMain;
  return {
    main: ident(s.mainSchema),
    main_text: literal(s.mainSchema),
    main_regnamespace: `${literal(ident(s.mainSchema))}::pg_catalog.regnamespace`,
    check: ident(s.checkSchema),
    check_text: literal(s.checkSchema),
    check_regnamespace: `${literal(ident(s.checkSchema))}::pg_catalog.regnamespace`,
    monitoring: ident(s.monitoringSchema),
    monitoring_text: literal(s.monitoringSchema),
    monitoring_regnamespace: `${literal(ident(s.monitoringSchema))}::pg_catalog.regnamespace`,
    instance_text: literal(s.instance),
    owner_text: literal(roles?.owner ?? null),
    definer_text: literal(definer),
    login_text: literal(roles?.login ?? null),
    deletions_text: literal(s.deletions),
    settings_text: literal(JSON.stringify({ ...values, login: roles?.login ?? null })),
    trigger_path: array(triggerSearchPath),
    extra_grants: array(extraGrants),
    // Without a trigger on main, and for suspected deletions, it has to be known what downloads brought.
    seen_trigger: seen ? "true" : `NOT (${watchedSql(s)})`,
    watch_main: String(s.watchMain),
    watch_trigger: ident(watch),
    watch_trigger_text: literal(watch),
    run_as: String(runAs !== null),
    postgis: "EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'postgis')",
    view_version: VIEW_VERSION,
  };
}

/** Will the installation be able to watch deletions in main? */
function watchedSql(s: ParsedSqlSettings): string {
  const main = literal(`${ident(s.mainSchema)}.observations_json`);
  return `pg_catalog.has_table_privilege(${main}::pg_catalog.regclass, 'TRIGGER') OR EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = ${main}::pg_catalog.regclass AND tgname LIKE 'vn\\_repair\\_watch%')`;
}

function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string | null): string {
  if (text === null) return "NULL";
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

function array(items: string[] | null): string {
  return items === null ? "NULL" : `ARRAY[${items.map(literal).join(", ")}]::text[]`;
}
