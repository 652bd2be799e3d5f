-- Triggers, views, routines and the repair's working tables. History and data stay.
DO $fix$
DECLARE
  _o record;
  _users text;
BEGIN
  IF to_regnamespace('{{check}}') IS NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(DISTINCT r.ev_class::regclass::text, ', ') INTO _users
    FROM pg_class AS c
    JOIN pg_depend AS p ON p.refobjid = c.oid AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = p.objid AND r.ev_class <> c.oid
   WHERE c.relnamespace = {{check_regnamespace}}
     AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data', 'repair_open')
     AND r.ev_class::regclass::text NOT IN (
       SELECT format('%s.%I', {{check_regnamespace}}, v)
         FROM unnest(ARRAY['mv_data_missing_or_not_updated', 'qgis_data']) AS v);
  IF _users IS NOT NULL THEN
    RAISE EXCEPTION 'these views stand on the repair''s and are not ours to drop: %', _users
      USING HINT = 'Save their texts and drop them, then uninstall again; nothing was changed.';
  END IF;
  FOR _o IN
    SELECT t.tgname, t.tgrelid::regclass AS tab FROM pg_trigger AS t
     WHERE t.tgname LIKE 'vn\_repair\_%'
       AND t.tgrelid IN (to_regclass('{{check}}.observations_json'), to_regclass('{{check}}.forms_json'))
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', _o.tgname, _o.tab);
  END LOOP;
  FOR _o IN
    SELECT c.oid::regclass AS name FROM pg_class AS c
     WHERE c.relnamespace = {{check_regnamespace}} AND c.relkind = 'm'
       AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
       AND obj_description(c.oid, 'pg_class') LIKE 'vn-sync-check:%'
  LOOP
    EXECUTE format('DROP MATERIALIZED VIEW %s', _o.name);
  END LOOP;
  FOR _o IN
    SELECT p.oid::regprocedure AS name FROM pg_proc AS p
     WHERE p.pronamespace = {{check_regnamespace}}
       AND (p.proname LIKE 'fix\_%' OR p.proname = 'fct_fix_sync' AND p.prosrc ~ 'fix_run')
  LOOP
    -- CASCADE reaches the trigger on main's table, which its own owner would have to drop otherwise.
    EXECUTE format('DROP ROUTINE %s CASCADE', _o.name);
  END LOOP;
  FOR _o IN
    SELECT c.oid::regclass AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind FROM pg_class AS c
     WHERE c.relnamespace = {{check_regnamespace}}
       AND c.relname IN ('repair_setting', 'repair_open', 'repair_shape', 'repair_journal', 'repair_loss',
                         'repair_loss_seq', 'repair_seen')
  LOOP
    EXECUTE format('DROP %s %s', _o.kind, _o.name);
  END LOOP;
END
$fix$;

-- The covering index on main, unless another instance compares with it.
DO $fix$
BEGIN
  IF to_regclass('{{main}}.vn_repair_cover') IS NOT NULL
     AND NOT EXISTS (
       SELECT FROM {{monitoring}}.vn_instance
        WHERE main_schema = {{main_text}} AND check_schema <> {{check_text}}) THEN
    DROP INDEX {{main}}.vn_repair_cover;
  END IF;
EXCEPTION
  WHEN insufficient_privilege THEN
    RAISE WARNING 'vn-sync-check: main''s owner has to run: DROP INDEX CONCURRENTLY {{main}}.vn_repair_cover;';
  WHEN undefined_table THEN
    NULL;
END
$fix$;
