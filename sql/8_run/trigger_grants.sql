CREATE OR REPLACE FUNCTION {{repair}}.trigger_grants(_written jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
  WITH text AS MATERIALIZED (
    SELECT * FROM {{repair}}.trigger_needs()
  ), need AS (
    SELECT * FROM text WHERE kind <> 'not needed'
     UNION
    -- What trial rows were seen to write, where their texts do not say it.
    SELECT 'relation', c.oid, p.privilege
      FROM jsonb_array_elements(_written) AS outcome
     CROSS JOIN LATERAL jsonb_each(outcome - 'error') AS step
     CROSS JOIN LATERAL jsonb_each(step.value) AS t
     CROSS JOIN LATERAL (VALUES ('INSERT', 0), ('UPDATE', 1), ('DELETE', 2)) AS p (privilege, place)
      JOIN pg_class AS c ON c.oid = (t.value ->> 'oid')::oid
     WHERE (t.value -> 'rows' ->> p.place)::bigint > 0
       AND c.oid NOT IN (SELECT x.oid FROM text AS x WHERE x.kind = 'not needed')
  ), lacking AS (
    SELECT n.kind, n.oid, n.privilege, coalesce(c.relnamespace, f.pronamespace) AS schema, c.relkind
      FROM need AS n
      LEFT JOIN pg_class AS c ON n.kind = 'relation' AND c.oid = n.oid
      LEFT JOIN pg_proc AS f ON n.kind = 'function' AND f.oid = n.oid
  )
  SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I', s.nspname, current_user)
    FROM lacking AS l JOIN pg_namespace AS s ON s.oid = l.schema
   WHERE NOT has_schema_privilege(s.oid, 'USAGE')
   UNION ALL
  SELECT format('GRANT %s ON %s%s TO %I', string_agg(l.privilege, ', ' ORDER BY l.privilege),
                CASE WHEN l.relkind = 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END,
                (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                  WHERE c.oid = l.oid), current_user)
    FROM lacking AS l
   WHERE l.kind = 'relation'
     AND NOT CASE WHEN l.relkind = 'S' THEN has_sequence_privilege(l.oid, 'USAGE')
                  WHEN l.privilege = 'DELETE' THEN has_table_privilege(l.oid, 'DELETE')
                  ELSE has_any_column_privilege(l.oid, l.privilege) END
   GROUP BY l.oid, l.relkind
   UNION ALL
  SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', l.oid::regprocedure, current_user)
    FROM lacking AS l WHERE l.kind = 'function' AND NOT has_function_privilege(l.oid, 'EXECUTE');
$fix$;
COMMENT ON FUNCTION {{repair}}.trigger_grants(jsonb) IS
  'Rights that the repair lacks and main''s triggers use, as statements: by the texts of their functions, and by what trial rows wrote.';
