CREATE OR REPLACE FUNCTION {{repair}}.row_security_faults(_tables text[], OUT problem text, OUT remedy text)
RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- What the repair's role does not see would look missing. A policy that shows it everything does no harm.
  SELECT format('row security hides rows of %s from the role %s', c.oid::regclass, current_user),
         CASE WHEN n.nspname = s.main_schema
              THEN format('ALTER ROLE %I BYPASSRLS; or: CREATE POLICY %1$I ON %s TO %1$I USING (true)', current_user, c.oid::regclass)
              ELSE 'run pulumi up' END
    FROM {{repair}}.settings AS s
    JOIN pg_namespace AS n
      ON n.nspname IN (s.main_schema, s.check_schema) OR n.oid = '{{repair}}'::regnamespace
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relrowsecurity
   WHERE row_security_active(c.oid)
     AND (c.relname = ANY (_tables) OR n.oid = '{{repair}}'::regnamespace)
     AND (n.oid = '{{repair}}'::regnamespace
          OR NOT EXISTS (
               SELECT FROM pg_policy AS p
                WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', CASE WHEN n.nspname = s.main_schema THEN '*' ELSE 'r' END)
                  AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) AS r (oid) WHERE r.oid <> 0 AND pg_has_role(r.oid, 'USAGE')))
                  AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                  AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true')
          OR EXISTS (
               SELECT FROM pg_policy AS p
                WHERE p.polrelid = c.oid AND NOT p.polpermissive
                  AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM unnest(p.polroles) AS r (oid) WHERE r.oid <> 0 AND pg_has_role(r.oid, 'USAGE')))));
$fix$;
COMMENT ON FUNCTION {{repair}}.row_security_faults(text[]) IS
  'Tables of which row security may hide rows from the repair, and what to do.';

CREATE OR REPLACE FUNCTION {{repair}}.run_faults(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _main oid := (SELECT n.oid FROM pg_namespace AS n JOIN {{repair}}.settings AS s ON s.main_schema = n.nspname);
  _needed text[];
BEGIN
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.main_faults() AS f;
  IF FOUND THEN
    RETURN;
  END IF;
  _needed := ARRAY(SELECT t.table_name FROM {{repair}}.client_table AS t, {{repair}}.settings AS s
                    WHERE {{repair}}.is_downloaded(t.controller, s.reference_controllers));
  RETURN QUERY
  SELECT format('%I.%I is missing, or the repair may not read it', s.check_schema, t.name), 'run pulumi up'::text
    FROM unnest(_needed) AS t (name)
   CROSS JOIN {{repair}}.settings AS s
    LEFT JOIN pg_namespace AS n ON n.nspname = s.check_schema
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
   WHERE CASE WHEN c.oid IS NULL THEN t.name = 'observations_json'
              ELSE NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT') END;
  IF FOUND THEN
    RETURN;
  END IF;
  -- Gone with a table that was made anew or restored without its rights.
  IF NOT has_schema_privilege(_main, 'USAGE') OR EXISTS (
       SELECT FROM pg_class AS c
        WHERE c.relnamespace = _main AND c.relname = ANY (_needed) AND c.relkind IN ('r', 'p')
          AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                   AND has_table_privilege(c.oid, 'UPDATE')))
     OR (SELECT deletions = 'apply' FROM {{repair}}.settings) THEN
    RETURN QUERY
    SELECT format('the repair''s rights in main are lacking: %s', string_agg(g.statement, '; ')),
           format('run pulumi up; or as main''s owner: %s', string_agg(g.statement, '; '))
      FROM {{repair}}.main_grants(_needed) AS g (statement) HAVING count(*) > 0;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;
  RETURN QUERY
  SELECT format('%I.%I has no key over (%s)', s.main_schema, c.relname, array_to_string({{repair}}.key_columns(c.relname::text), ', ')),
         format('ALTER TABLE %I.%I ADD PRIMARY KEY (%s)', s.main_schema, c.relname,
                array_to_string({{repair}}.key_columns(c.relname::text), ', '))
    FROM pg_class AS c, {{repair}}.settings AS s
   WHERE c.relnamespace = _main AND c.relname = ANY (_needed) AND c.relkind IN ('r', 'p')
     AND c.relname <> 'observations_json' -- as main_faults
     AND EXISTS (SELECT FROM pg_class AS x JOIN pg_namespace AS n ON n.oid = x.relnamespace
                  WHERE x.relname = c.relname AND n.nspname = s.check_schema)
     AND NOT {{repair}}.has_unique_key(c.relname::text, {{repair}}.key_columns(c.relname::text));
  IF EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN {{repair}}.settings AS s
                 ON n.nspname IN (s.main_schema, s.check_schema) OR n.oid = '{{repair}}'::regnamespace
              WHERE c.relrowsecurity) THEN
    RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.row_security_faults(_needed) AS f;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_publication) THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT format('%s is published (%s) and has no key that tells its rows apart: PostgreSQL lets nobody update or delete there',
                c.oid::regclass, string_agg(DISTINCT p.pubname, ', ')),
         format('ALTER TABLE %s REPLICA IDENTITY FULL, or give it a primary key', c.oid::regclass)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_publication_tables AS t ON t.schemaname = n.nspname AND t.tablename = c.relname
    JOIN pg_publication AS p ON p.pubname = t.pubname AND (p.pubupdate OR p.pubdelete)
   WHERE c.oid IN (SELECT coalesce(l.relid, m.oid) FROM pg_class AS m LEFT JOIN LATERAL pg_partition_tree(m.oid) AS l ON true
                    WHERE m.relnamespace = _main AND m.relname = ANY (_needed))
     AND (c.relreplident = 'n'
          OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary))
   GROUP BY c.oid;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.run_faults() IS
  'Why no run can begin, looked at anew by each, and what to do: main as a table, the repair''s rights on it.';

CREATE OR REPLACE FUNCTION {{repair}}.expect_no_fault() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _faults text;
BEGIN
  SELECT string_agg(format('%s. To do: %s', problem, remedy), E'\n') INTO _faults FROM {{repair}}.run_faults();
  IF _faults IS NOT NULL THEN
    RAISE EXCEPTION 'nothing was compared: %', _faults
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Do what it says, then call it again.';
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.expect_no_fault() IS 'Refuses a run that could not do right, with all reasons and remedies.';
