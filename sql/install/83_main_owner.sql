-- What only main's owner may do, as statements: run where the admin login may, else handed over.
CREATE OR REPLACE FUNCTION {{check}}.fix_main_grants() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fix$
  WITH wanted AS (
    SELECT c.oid, c.relname, p AS privilege
      FROM pg_class AS c
     CROSS JOIN LATERAL unnest(CASE
       WHEN c.relname IN ('download_log', 'increment_log') THEN ARRAY['SELECT']
       WHEN c.relname = 'observations_json' AND {{deletions_text}} = 'apply' THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
       ELSE ARRAY['SELECT', 'INSERT', 'UPDATE'] END) AS p
     WHERE c.relnamespace = {{main_regnamespace}} AND c.relkind IN ('r', 'p')
       AND (c.relname IN ('download_log', 'increment_log')
            OR c.relname LIKE '%\_json' AND to_regclass(format('{{check}}.%I', c.relname)) IS NOT NULL)
  )
  SELECT format('GRANT USAGE ON SCHEMA {{main}} TO %I', {{definer_text}})
   WHERE NOT has_schema_privilege({{definer_text}}, {{main_text}}, 'USAGE')
   UNION ALL
  SELECT format('GRANT %s ON {{main}}.%I TO %I', string_agg(privilege, ', '), relname, {{definer_text}})
    FROM wanted WHERE NOT has_table_privilege({{definer_text}}, oid, privilege)
   GROUP BY relname;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_main_grants() IS 'Rights on main that the repair''s role lacks, as statements.';

CREATE OR REPLACE FUNCTION {{check}}.fix_index_statements()
RETURNS TABLE (statement text, may boolean, relation text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- The covering index of the comparison, and beforehand what an interrupted CREATE INDEX CONCURRENTLY left.
  WITH t AS (
    SELECT c.oid, c.relname, n.nspname, pg_has_role(c.relowner, 'USAGE') AS may
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = 'observations_json' AND n.nspname IN ({{main_text}}, {{check_text}})
       AND c.oid NOT IN (SELECT relation::oid FROM {{check}}.fix_covering())
  )
  SELECT x.statement, t.may, format('%I.%I', t.nspname, t.relname)
    FROM t
   CROSS JOIN LATERAL (
     SELECT 1 AS ord, format('DROP INDEX CONCURRENTLY IF EXISTS %I.vn_repair_cover', t.nspname) AS statement
      WHERE EXISTS (SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                     WHERE i.indrelid = t.oid AND c.relname = 'vn_repair_cover' AND NOT i.indisvalid)
      UNION ALL
     SELECT 2, format('CREATE INDEX CONCURRENTLY IF NOT EXISTS vn_repair_cover ON %I.%I (id, site) INCLUDE (update_ts)',
                      t.nspname, t.relname)
      UNION ALL
     SELECT 3, format('COMMENT ON INDEX %I.vn_repair_cover IS %L', t.nspname,
                      'vn-sync-check: lets the repair compare without reading the rows')
      UNION ALL
     SELECT 4, format('VACUUM (ANALYZE) %I.%I', t.nspname, t.relname)
   ) AS x
   ORDER BY t.nspname, x.ord;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_index_statements() IS
  'Statements that make the covering indexes, each to be run outside a transaction; none where they are there. may: by the current user.';

CREATE OR REPLACE FUNCTION {{check}}.fix_handover() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT g || ';' FROM {{check}}.fix_main_grants() AS g
   UNION ALL
  SELECT statement || ';' FROM {{check}}.fix_index_statements() WHERE relation = format('%I.observations_json', {{main_text}})
   UNION ALL
  SELECT s
    FROM pg_class AS c
   CROSS JOIN LATERAL unnest(ARRAY[
     format('GRANT USAGE ON SCHEMA {{check}} TO %I;', pg_get_userbyid(c.relowner)),
     format('GRANT EXECUTE ON FUNCTION {{check}}.fix_watch_main() TO %I;', pg_get_userbyid(c.relowner)),
     'CREATE OR REPLACE TRIGGER {{watch_trigger}} AFTER DELETE ON {{main}}.observations_json FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_watch_main();'
   ]) AS s
   WHERE c.relname = 'observations_json' AND c.relnamespace = {{main_regnamespace}}
     AND {{watch_main}} AND NOT {{check}}.fix_watching();
$fix$;
COMMENT ON FUNCTION {{check}}.fix_handover() IS
  'What main''s owner still has to run, as SQL: rights of the repair, covering index, watching of deletions. Empty when nothing lacks.';
