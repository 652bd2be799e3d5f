-- With the data: the tables that the kit made, and the schema where nothing else is in it. Never an adopted one.
DO $fix$
DECLARE
  _name text;
BEGIN
  IF NOT {{with_data}} OR to_regnamespace('{{check}}') IS NULL THEN
    RETURN;
  END IF;
  IF to_regclass('{{check}}.repair_made') IS NOT NULL THEN
    FOREACH _name IN ARRAY ARRAY(SELECT substr(object, 7) FROM {{check}}.repair_made WHERE object LIKE 'table %') LOOP
      EXECUTE format('DROP TABLE IF EXISTS {{check}}.%I', _name);
    END LOOP;
  END IF;
  DROP TABLE IF EXISTS {{check}}.repair_made, {{check}}.repair_run, {{check}}.repair_row, {{check}}.repair_tombstone,
    {{check}}.repair_main_delete, {{check}}.repair_deleted, {{check}}.repair_replaced, {{check}}.job_run;
  IF obj_description(to_regnamespace('{{check}}'), 'pg_namespace') LIKE 'vn-sync-check:%'
     AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{{check}}'))
     AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('{{check}}')) THEN
    DROP SCHEMA {{check}};
  END IF;
END
$fix$;
