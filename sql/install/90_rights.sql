-- Owners and rights. Tables with history: the data's owner. Functions and views: the repair's role, which may do
-- just the repair on main. The sync's login: may start it, and read what it did.
DO $fix$
DECLARE
  _o record;
  _schemas text[];
  _bad text;
BEGIN
  -- Nobody may run anything of ours unless said so below.
  FOR _o IN
    SELECT p.oid::regprocedure AS name, p.proname, p.prokind, p.proowner
      FROM pg_proc AS p
     WHERE p.pronamespace = {{check_regnamespace}} AND (p.proname = 'fct_fix_sync' OR p.proname LIKE 'fix\_%')
  LOOP
    EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', _o.name);
    IF {{definer_text}} IS NOT NULL THEN
      EXECUTE format('GRANT CREATE, USAGE ON SCHEMA {{check}} TO %I', {{definer_text}});
      EXECUTE format('ALTER ROUTINE %s OWNER TO %I', _o.name, {{definer_text}});
    END IF;
    IF {{login_text}} IS NOT NULL AND {{definer_text}} IS NOT NULL AND _o.proname IN (
         'fct_fix_sync', 'fix_run', 'fix_dry_run', 'fix_lock', 'fix_keep_lock', 'fix_dead_runs', 'fix_begin', 'fix_compare',
         'fix_stages', 'fix_batch', 'fix_batch_size', 'fix_next_size', 'fix_set_next_aside', 'fix_finish', 'fix_atomic_message',
         'fix_tell', 'fix_recipient', 'fix_preflight', 'fix_watching', 'fix_may_suspect', 'fix_handover', 'fix_covering',
         'fix_forget') THEN
      EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', _o.name, {{login_text}});
    END IF;
  END LOOP;

  -- Main's triggers run within fix_batch, with its search_path; Client-API-VN's own calls PostGIS unqualified.
  _schemas := coalesce({{trigger_path}}::text[], ARRAY(
    SELECT DISTINCT n.nspname::text FROM pg_namespace AS n
     WHERE n.nspname = 'public'
        OR n.oid = (SELECT extnamespace FROM pg_extension WHERE extname = 'postgis')));
  SELECT string_agg(format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', n.nspname), ' ') INTO _bad
    FROM pg_namespace AS n
   WHERE n.nspname = ANY (_schemas) AND EXISTS (
     SELECT FROM aclexplode(n.nspacl) AS a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE');
  IF _bad IS NOT NULL THEN
    RAISE EXCEPTION 'main''s triggers would find functions that anybody may have put there: PUBLIC may create in a schema of repair.triggerSearchPath (%)',
      array_to_string(_schemas, ', ')
      USING HINT = 'Run: ' || _bad || ' Or name other schemas in repair.triggerSearchPath.';
  END IF;
  FOR _o IN
    SELECT p.oid::regprocedure AS name FROM pg_proc AS p
     WHERE p.pronamespace = {{check_regnamespace}} AND p.proname IN ('fix_batch', 'fix_preflight', 'fix_restore')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %s', _o.name, array_to_string(
      'pg_catalog'::text || ARRAY(SELECT quote_ident(s) FROM unnest(_schemas) AS s) || 'pg_temp'::text, ', '));
  END LOOP;

  IF {{definer_text}} IS NULL THEN
    RETURN;
  END IF;
  FOR _o IN
    SELECT c.relname, c.relkind FROM pg_class AS c
     WHERE c.relnamespace = {{check_regnamespace}}
       AND (c.relkind IN ('r', 'S') AND (c.relname LIKE 'repair\_%' OR c.relname = 'job_run')
            OR c.relkind = 'm' AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data'))
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
  LOOP
    IF _o.relkind = 'm' THEN
      EXECUTE format('ALTER MATERIALIZED VIEW {{check}}.%I OWNER TO %I', _o.relname, {{definer_text}});
      CONTINUE;
    END IF;
    EXECUTE format('ALTER %s {{check}}.%I OWNER TO %I', CASE _o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      _o.relname, {{owner_text}});
    EXECUTE format('GRANT ALL ON %s {{check}}.%I TO %I', CASE _o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      _o.relname, {{definer_text}});
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA {{check}} FROM %I', {{definer_text}});
  EXECUTE format('GRANT USAGE ON SCHEMA {{monitoring}} TO %I', {{definer_text}});
  EXECUTE format('GRANT SELECT, INSERT ON {{monitoring}}.monitoring_vn_check_to_prod TO %I', {{definer_text}});
  -- The views and the comparison read check's copy; suspected deletions read which groups were downloaded.
  FOR _o IN
    SELECT c.relname FROM pg_class AS c
     WHERE c.relnamespace = {{check_regnamespace}} AND c.relkind = 'r'
       AND (c.relname LIKE '%\_json' OR c.relname IN ('download_log', 'increment_log'))
  LOOP
    EXECUTE format('GRANT SELECT ON {{check}}.%I TO %I', _o.relname, {{definer_text}});
  END LOOP;

  IF {{login_text}} IS NOT NULL THEN
    EXECUTE format('GRANT USAGE ON SCHEMA {{check}} TO %I', {{login_text}});
    EXECUTE format('GRANT USAGE ON SCHEMA {{monitoring}} TO %I', {{login_text}});
    EXECUTE format('GRANT SELECT ON {{check}}.repair_run, {{check}}.repair_row, {{check}}.repair_open, {{check}}.mv_data_missing_or_not_updated TO %I', {{login_text}});
    IF to_regclass('{{check}}.qgis_data') IS NOT NULL THEN
      EXECUTE format('GRANT SELECT ON {{check}}.qgis_data TO %I', {{login_text}});
    END IF;
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON {{check}}.job_run TO %I', {{login_text}});
    EXECUTE format('GRANT SELECT ON {{monitoring}}.monitoring_vn_check_to_prod TO %I', {{login_text}});
    EXECUTE format('GRANT SELECT, UPDATE ON {{monitoring}}.mail_queue TO %I', {{login_text}});
  END IF;
END
$fix$;
