-- Main's owner may put the trigger there; where the admin login may not, the SQL is handed over.
DO $fix$
BEGIN
  IF NOT {{watch_main}} THEN
    IF EXISTS (SELECT FROM pg_catalog.pg_trigger
                WHERE tgname = {{watch_trigger_text}}
                  AND tgrelid = pg_catalog.to_regclass('{{main}}.observations_json')) THEN
      DROP TRIGGER {{watch_trigger}} ON {{main}}.observations_json;
    END IF;
    RETURN;
  END IF;
  CREATE OR REPLACE TRIGGER {{watch_trigger}} AFTER DELETE ON {{main}}.observations_json
    FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_watch_main();
  COMMENT ON TRIGGER {{watch_trigger}} ON {{main}}.observations_json IS 'vn-sync-check: who deletes what.';
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'vn-sync-check: deletions in %.observations_json cannot be watched: %', {{main_text}}, SQLERRM;
END
$fix$;
