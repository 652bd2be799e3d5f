-- What only main's owner may do, as statements: run where the admin login may, else handed over.
CREATE OR REPLACE FUNCTION {{repair}}.main_grants() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH s AS (
    SELECT repair_role AS role, deletions = 'apply' AS may_delete FROM {{repair}}.settings WHERE repair_role IS NOT NULL
  ), wanted AS (
    SELECT c.oid, s.role, p AS privilege
      FROM s CROSS JOIN pg_class AS c
     CROSS JOIN LATERAL unnest(CASE
       WHEN c.relname IN ('download_log', 'increment_log') THEN ARRAY['SELECT']
       WHEN c.relname = 'observations_json' AND s.may_delete THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
       ELSE ARRAY['SELECT', 'INSERT', 'UPDATE'] END) AS p
     WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relkind IN ('r', 'p')
       AND (c.relname IN ('download_log', 'increment_log')
            OR c.relname LIKE '%\_json' AND to_regclass(format('{{check}}.%I', c.relname)) IS NOT NULL)
  )
  SELECT format('GRANT USAGE ON SCHEMA {{main}} TO %I', role)
    FROM s WHERE NOT has_schema_privilege(role, '{{main}}'::regnamespace, 'USAGE')
   UNION ALL
  SELECT format('GRANT %s ON %s TO %I', string_agg(privilege, ', '), oid::regclass, role)
    FROM wanted WHERE NOT has_table_privilege(role, oid, privilege)
   GROUP BY oid, role;
$fix$;
COMMENT ON FUNCTION {{repair}}.main_grants() IS 'Rights on main that the repair''s role lacks, as statements.';

CREATE OR REPLACE FUNCTION {{repair}}.index_statements()
RETURNS TABLE (statement text, may boolean, relation regclass)
-- With the caller's rights: what the caller may is the question.
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
  -- The covering index of the comparison, and beforehand what an interrupted CREATE INDEX CONCURRENTLY left.
  WITH t AS (
    SELECT c.oid, n.nspname, pg_has_role(c.relowner, 'USAGE') AS may
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = 'observations_json' AND n.oid IN ('{{main}}'::regnamespace, '{{check}}'::regnamespace)
       AND c.oid NOT IN (SELECT relation::oid FROM {{repair}}.covering_indexes())
  )
  SELECT x.statement, t.may, t.oid::regclass
    FROM t
   CROSS JOIN LATERAL (
     SELECT 1 AS ord, format('DROP INDEX CONCURRENTLY IF EXISTS %I.vn_repair_cover', t.nspname) AS statement
      WHERE EXISTS (SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                     WHERE i.indrelid = t.oid AND c.relname = 'vn_repair_cover' AND NOT i.indisvalid)
      UNION ALL
     SELECT 2, format('CREATE INDEX CONCURRENTLY IF NOT EXISTS vn_repair_cover ON %s (id, site) INCLUDE (update_ts)',
                      t.oid::regclass)
      UNION ALL
     SELECT 3, format('COMMENT ON INDEX %I.vn_repair_cover IS %L', t.nspname,
                      'vn-sync-check: lets the repair compare without reading the rows')
      UNION ALL
     SELECT 4, format('VACUUM (ANALYZE) %s', t.oid::regclass)
   ) AS x
   ORDER BY t.nspname, x.ord;
$fix$;
COMMENT ON FUNCTION {{repair}}.index_statements() IS
  'Statements that make the covering indexes, each to be run outside a transaction; none where they are there. may: by the current user.';

CREATE OR REPLACE FUNCTION {{repair}}.watch_trigger() RETURNS name
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Several instances may watch one main.
  SELECT ('vn_repair_watch' || CASE instance WHEN 'default' THEN '' ELSE '_' || instance END)::name FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.watch_trigger() IS 'Name of the trigger on main that notes who deletes what.';

CREATE OR REPLACE FUNCTION {{repair}}.handover() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT g || ';' FROM {{repair}}.main_grants() AS g
   UNION ALL
  -- By name: a cast to regclass asks for a right on main, which may be just what lacks.
  SELECT statement || ';'
    FROM {{repair}}.index_statements() AS i JOIN pg_class AS c ON c.oid = i.relation
   WHERE c.relname = 'observations_json' AND c.relnamespace = '{{main}}'::regnamespace
   UNION ALL
  SELECT s
    FROM pg_class AS c
   CROSS JOIN LATERAL unnest(ARRAY[
     format('GRANT USAGE ON SCHEMA {{repair}} TO %I;', pg_get_userbyid(c.relowner)),
     format('GRANT EXECUTE ON FUNCTION {{repair}}.note_main_deletion() TO %I;', pg_get_userbyid(c.relowner)),
     format('CREATE OR REPLACE TRIGGER %I AFTER DELETE ON {{main}}.observations_json FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_main_deletion();',
            {{repair}}.watch_trigger())
   ]) AS s
   WHERE c.relname = 'observations_json' AND c.relnamespace = '{{main}}'::regnamespace
     AND (SELECT watch_main FROM {{repair}}.settings) AND NOT {{repair}}.watching();
$fix$;
COMMENT ON FUNCTION {{repair}}.handover() IS
  'What main''s owner still has to run, as SQL: rights of the repair, covering index, watching of deletions. Empty when nothing lacks.';
