-- Triggers, views, routines and the repair's working tables. History and data stay.
DO $fix$
DECLARE
  _o record;
  _users text;
BEGIN
  IF to_regnamespace('{{repair}}') IS NULL THEN
    RETURN;
  END IF;
  SELECT string_agg(DISTINCT r.ev_class::regclass::text, ', ') INTO _users
    FROM pg_class AS c
    JOIN pg_depend AS p ON p.refobjid = c.oid AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = p.objid AND r.ev_class <> c.oid
   WHERE (c.relnamespace = to_regnamespace('{{check}}') AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
          OR c.relnamespace = '{{repair}}'::regnamespace)
     AND r.ev_class NOT IN (
       SELECT oid FROM pg_class
        WHERE relnamespace = '{{repair}}'::regnamespace
           OR relnamespace = to_regnamespace('{{check}}') AND relname IN ('mv_data_missing_or_not_updated', 'qgis_data'));
  IF _users IS NOT NULL THEN
    RAISE EXCEPTION 'these views stand on the repair''s and are not ours to drop: %', _users
      USING HINT = 'Save their texts and drop them, then uninstall again; nothing was changed.';
  END IF;
  FOR _o IN
    SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
     WHERE tgname LIKE 'vn\_repair\_%'
       AND tgrelid IN (to_regclass('{{check}}.observations_json'), to_regclass('{{check}}.forms_json'))
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', _o.tgname, _o.relation);
  END LOOP;
  FOR _o IN
    SELECT oid::regclass AS name FROM pg_class
     WHERE relnamespace = to_regnamespace('{{check}}') AND relkind = 'm'
       AND relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
       AND obj_description(oid, 'pg_class') LIKE 'vn-sync-check:%'
  LOOP
    EXECUTE format('DROP MATERIALIZED VIEW %s', _o.name);
  END LOOP;
  DROP VIEW IF EXISTS {{repair}}.difference;
  FOR _o IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{repair}}'::regnamespace
        OR pronamespace = to_regnamespace('{{check}}') AND proname = 'fct_fix_sync'
           AND obj_description(oid, 'pg_proc') LIKE 'vn-sync-check:%'
  LOOP
    -- CASCADE reaches the trigger on main's table, which its own owner would have to drop otherwise.
    EXECUTE format('DROP ROUTINE %s CASCADE', _o.name);
  END LOOP;
  FOR _o IN
    SELECT r.rolname FROM {{repair}}.made_object AS m JOIN pg_roles AS r ON m.object = 'reader ' || r.rolname
  LOOP
    EXECUTE format('REVOKE USAGE ON SCHEMA {{check}} FROM %I', _o.rolname);
  END LOOP;
  DELETE FROM {{repair}}.made_object WHERE object LIKE 'reader %';
  DROP TABLE IF EXISTS {{repair}}.settings, {{repair}}.client_table, {{repair}}.work_item, {{repair}}.set_aside,
    {{repair}}.held_back, {{repair}}.run_lock, {{repair}}.trial,
    {{repair}}.journal_observation, {{repair}}.journal_form, {{repair}}.journal_gap,
    {{repair}}.downloaded_key, {{repair}}.trigger_seen;
  DROP SEQUENCE IF EXISTS {{repair}}.journal_gap_seq;
END
$fix$;

-- The covering index on main, unless another instance compares with it.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
BEGIN
  IF to_regclass('{{main}}.vn_repair_cover') IS NOT NULL
     AND NOT EXISTS (
       SELECT FROM {{monitoring}}.vn_instance
        WHERE main_schema = _i ->> 'main_schema' AND check_schema <> _i ->> 'check_schema') THEN
    DROP INDEX {{main}}.vn_repair_cover; -- and those of its partitions
  END IF;
EXCEPTION
  WHEN insufficient_privilege THEN
    RAISE WARNING 'vn-sync-check: main''s owner has to run: DROP INDEX CONCURRENTLY {{main}}.vn_repair_cover;';
  WHEN undefined_table THEN
    NULL;
END
$fix$;
