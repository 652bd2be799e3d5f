-- Main's triggers run within these functions, with their search_path; Client-API-VN's own calls PostGIS unqualified.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _schemas text[] := coalesce(
    (SELECT array_agg(s) FROM jsonb_array_elements_text(nullif(_i -> 'trigger_search_path', 'null')) AS s),
    ARRAY(SELECT DISTINCT nspname::text FROM pg_namespace
           WHERE nspname = 'public' OR oid = (SELECT extnamespace FROM pg_extension WHERE extname = 'postgis')));
  _bad text;
  _o record;
BEGIN
  SELECT string_agg(format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', nspname), ' ') INTO _bad
    FROM pg_namespace
   WHERE nspname = ANY (_schemas) AND EXISTS (
     SELECT FROM aclexplode(nspacl) AS a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE');
  IF _bad IS NOT NULL THEN
    RAISE EXCEPTION 'main''s triggers would find functions that anybody may have put there: PUBLIC may create in a schema of repair.triggerSearchPath (%)',
      array_to_string(_schemas, ', ')
      USING HINT = 'Run: ' || _bad || ' Or name other schemas in repair.triggerSearchPath.';
  END IF;
  FOR _o IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{repair}}'::regnamespace AND proname IN (
       'write_rows', 'delete_from_main', 'write_back', 'try_statement')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %s', _o.name, array_to_string(
      'pg_catalog'::text || ARRAY(SELECT quote_ident(s) FROM unnest(_schemas) AS s) || 'pg_temp'::text, ', '));
  END LOOP;
END
$fix$;
