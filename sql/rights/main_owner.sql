-- What only main's owner may do, as statements: run where the admin login may, else handed over.
CREATE OR REPLACE FUNCTION {{repair}}.main_grants(_tables text[] DEFAULT NULL) RETURNS SETOF text
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
       AND (_tables IS NULL OR c.relname = ANY (_tables))
  )
  SELECT format('GRANT USAGE ON SCHEMA {{main}} TO %I', role)
    FROM s WHERE NOT has_schema_privilege(role, '{{main}}'::regnamespace, 'USAGE')
   UNION ALL
  SELECT format('GRANT %s ON %s TO %I', string_agg(privilege, ', '), oid::regclass, role)
    FROM wanted WHERE NOT has_table_privilege(role, oid, privilege)
   GROUP BY oid, role;
$fix$;
COMMENT ON FUNCTION {{repair}}.main_grants(text[]) IS
  'Rights on main that the repair''s role lacks, as statements; on these tables, NULL: on all.';

CREATE OR REPLACE FUNCTION {{repair}}.index_statements()
RETURNS TABLE (statement text, may boolean, relation regclass)
-- With the caller's rights: what the caller may is the question.
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
  -- The covering index of the comparison, and beforehand what an interrupted CREATE INDEX CONCURRENTLY left. That of a
  -- partitioned table is made on it alone, then on each partition without blocking writers, and put together.
  WITH root AS (
    SELECT c.oid FROM pg_class AS c
     WHERE c.relname = 'observations_json' AND c.relnamespace IN ('{{main}}'::regnamespace, '{{check}}'::regnamespace)
       AND c.oid NOT IN (SELECT relation::oid FROM {{repair}}.covering_indexes())
  ), t AS (
    SELECT root.oid AS root, c.oid, c.relkind = 'p' AS parted, coalesce(p.level, 0) AS level, p.parentrelid,
           min(pg_has_role(c.relowner, 'USAGE')::integer) OVER (PARTITION BY root.oid) = 1 AS may,
           n.oid AS namespace, quote_ident(n.nspname) || '.' AS schema,
           'vn_repair_cover' || CASE WHEN c.oid = root.oid THEN '' WHEN octet_length(c.relname) > 47 THEN '_' || md5(c.relname)
                                     ELSE '_' || c.relname END AS name
      FROM root
      LEFT JOIN LATERAL pg_partition_tree(root.oid) AS p ON true -- a plain table has none
      JOIN pg_class AS c ON c.oid = coalesce(p.relid, root.oid) AND c.relkind IN ('r', 'p')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
  )
  SELECT x.statement, t.may, t.root::regclass
    FROM t
    LEFT JOIN t AS up ON up.oid = t.parentrelid AND up.root = t.root
    -- Made by the server with a partition that came later.
    LEFT JOIN pg_class AS above ON above.relnamespace = up.namespace AND above.relname = up.name
    LEFT JOIN pg_inherits AS joined
      ON joined.inhparent = above.oid AND EXISTS (SELECT FROM pg_index WHERE indexrelid = joined.inhrelid AND indrelid = t.oid)
   CROSS JOIN LATERAL (
     SELECT 1 AS ord, 0 AS depth, format('DROP INDEX CONCURRENTLY IF EXISTS %s%I', t.schema, t.name) AS statement
      WHERE NOT t.parted AND EXISTS (
        SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
         WHERE i.indrelid = t.oid AND c.relname = t.name AND NOT i.indisvalid)
      UNION ALL
     SELECT CASE WHEN t.parted THEN 2 ELSE 3 END, t.level,
            format('CREATE INDEX %sIF NOT EXISTS %I ON %s%s (id, site) INCLUDE (update_ts)',
                   CASE WHEN t.parted THEN '' ELSE 'CONCURRENTLY ' END, t.name, CASE WHEN t.parted THEN 'ONLY ' ELSE '' END,
                   t.oid::regclass)
      UNION ALL
     SELECT 4, -t.level, format('ALTER INDEX %s%I ATTACH PARTITION %s%I', up.schema, up.name, t.schema, t.name)
      WHERE up.oid IS NOT NULL
      UNION ALL
     SELECT 5, t.level, format('COMMENT ON INDEX %s%I IS %L', t.schema, t.name,
                               'vn-sync-check: lets the repair compare without reading the rows')
      UNION ALL
     SELECT 6, 0, format('VACUUM (ANALYZE) %s', t.oid::regclass) WHERE t.oid = t.root
   ) AS x
   WHERE joined.inhrelid IS NULL
   ORDER BY t.root::regclass::text, x.ord, x.depth, t.oid::regclass::text;
$fix$;
COMMENT ON FUNCTION {{repair}}.index_statements() IS
  'Statements that make the covering indexes, each to be run outside a transaction; none where they are there. may: by the current user.';

CREATE OR REPLACE FUNCTION {{repair}}.view_grants() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Their owner fills them; PostGIS may be kept from PUBLIC.
  SELECT DISTINCT format('GRANT EXECUTE ON FUNCTION %s TO %I', f.oid::regprocedure, s.repair_role)
    FROM {{repair}}.settings AS s
    JOIN pg_class AS v ON v.relnamespace = '{{check}}'::regnamespace AND v.relkind = 'm'
                      AND v.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
    JOIN pg_rewrite AS r ON r.ev_class = v.oid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
    JOIN pg_proc AS f ON f.oid = d.refobjid
   WHERE s.repair_role IS NOT NULL AND NOT has_function_privilege(s.repair_role, f.oid, 'EXECUTE');
$fix$;
COMMENT ON FUNCTION {{repair}}.view_grants() IS 'Rights that the repair''s role lacks to fill the published views, as statements.';

CREATE OR REPLACE FUNCTION {{repair}}.handover() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT g || ';' FROM {{repair}}.main_grants() AS g
   UNION ALL
  SELECT g || ';' FROM {{repair}}.view_grants() AS g
   UNION ALL
  SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I;', current_database(), repair_role)
    FROM {{repair}}.settings
   WHERE repair_role IS NOT NULL AND NOT has_database_privilege(repair_role, current_database(), 'TEMPORARY')
   UNION ALL
  -- By name: a cast to regclass asks for a right on main, which may be just what lacks.
  SELECT statement || ';'
    FROM {{repair}}.index_statements() AS i JOIN pg_class AS c ON c.oid = i.relation
   WHERE c.relname = 'observations_json' AND c.relnamespace = '{{main}}'::regnamespace
   UNION ALL
  SELECT w || ';' FROM {{repair}}.watch_statements() AS w;
$fix$;
COMMENT ON FUNCTION {{repair}}.handover() IS
  'What main''s owner still has to run, as SQL: rights of the repair, covering index, watching of deletions. Empty when nothing lacks.';
