-- With the data: the tables that the kit made, and the schemas where nothing else is in them. Never an adopted one.
DO $fix$
DECLARE
  _name text;
  _t record;
BEGIN
  IF NOT (current_setting('vn_repair.installation')::jsonb ->> 'with_data')::boolean THEN
    RETURN;
  END IF;
  IF to_regclass('{{repair}}.made_object') IS NOT NULL THEN
    FOREACH _name IN ARRAY ARRAY(SELECT substr(object, 7) FROM {{repair}}.made_object WHERE object LIKE 'table %') LOOP
      EXECUTE format('DROP TABLE IF EXISTS {{check}}.%I', _name);
    END LOOP;
  END IF;
  IF to_regnamespace('{{check}}') IS NOT NULL
     AND obj_description(to_regnamespace('{{check}}'), 'pg_namespace') LIKE 'vn-sync-check:%'
     AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{{check}}'))
     AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('{{check}}')) THEN
    DROP SCHEMA {{check}};
  END IF;
  DROP TABLE IF EXISTS {{repair}}.made_object, {{repair}}.replaced_object, {{repair}}.run, {{repair}}.change,
    {{repair}}.tombstone, {{repair}}.blind_spell, {{repair}}.main_deletion, {{repair}}.deleted_row, {{repair}}.increment_backup,
    {{repair}}.part_failure, {{repair}}.not_stored,
    {{repair}}.open_doubt, {{repair}}.accepted_download,
    {{repair}}.job_piece, {{repair}}.job_gap, {{repair}}.job_site, {{repair}}.job;
  IF to_regnamespace('{{repair}}') IS NULL
     OR EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{{repair}}')
                   AND relkind <> 'c') -- a composite type has a row there
     OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('{{repair}}')) THEN
    RETURN;
  END IF;
  FOR _t IN
    SELECT oid::regtype AS name FROM pg_type
     WHERE typnamespace = to_regnamespace('{{repair}}') AND typtype IN ('c', 'e') ORDER BY typtype
  LOOP
    EXECUTE format('DROP TYPE %s', _t.name);
  END LOOP;
  DROP SCHEMA {{repair}};
END
$fix$;
