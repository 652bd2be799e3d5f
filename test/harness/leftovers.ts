import type { Association } from "./association";

export interface Leftovers {
  /** What a destroy keeps: tables with their number of rows. */
  data: { table: string; owner: string; rows: number }[];
  /** What a destroy must have removed and has not, a line each. */
  ours: string[];
}

/** Looks on the host and in the catalog for what the kit made. */
export async function leftovers(association: Association): Promise<Leftovers> {
  const onHost = await association.host.must(`
    getent passwd vn_check | sed 's/^/account: /'
    ls -d /home/vn_check /home/vn_check.* 2>/dev/null | sed 's/^/folder: /'
    ls /etc/cron.d/vn_check* 2>/dev/null | sed 's/^/cron: /'
    ls /var/lib/vn-sync-check 2>/dev/null | sed 's/^/marker: /'
    ls /usr/local/bin/vn-check* 2>/dev/null | sed 's/^/command: /'
    true`);
  const inCatalog = await association.query<{ line: string }>(`
    SELECT 'login role: ' || rolname AS line FROM pg_roles WHERE rolname LIKE 'vn\\_check%' AND rolcanlogin
     UNION ALL
    SELECT 'role that owns nothing: ' || rolname FROM pg_roles r
     WHERE rolname LIKE 'vn\\_check%' AND NOT EXISTS (
           SELECT FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'o')
     UNION ALL
    SELECT 'function: ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin', 'src_vn_json')
     UNION ALL
    SELECT 'view: ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin') AND c.relkind IN ('v', 'm')
     UNION ALL
    SELECT 'trigger: ' || t.tgname || ' on ' || t.tgrelid::regclass FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('src_vn_json_check', 'src_vn_json') AND NOT t.tgisinternal`);
  const tables = await association.query<{ table: string; owner: string }>(`
    SELECT format('%I.%I', schemaname, tablename) AS table, tableowner AS owner FROM pg_tables
     WHERE schemaname IN ('src_vn_json_check', 'src_vn_json_repair', 'dbadmin') ORDER BY 1`);
  const data: Leftovers["data"] = [];
  for (const { table, owner } of tables) {
    const [count] = await association.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
    data.push({ table, owner, rows: count?.rows ?? 0 });
  }
  const ours = [...onHost.split("\n").filter(Boolean), ...inCatalog.map(({ line }) => line)];
  return { data, ours };
}
