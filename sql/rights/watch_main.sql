-- Main's owner may put the trigger there; where the admin login may not, the SQL is handed over.
DO $fix$
DECLARE
  _trigger name := {{repair}}.watch_trigger();
BEGIN
  IF (SELECT watch_main FROM {{repair}}.settings) THEN
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER DELETE ON {{main}}.observations_json
      FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_main_deletion()', _trigger);
    EXECUTE format('COMMENT ON TRIGGER %I ON {{main}}.observations_json IS %L', _trigger,
      'vn-sync-check: who deletes what.');
  ELSIF EXISTS (SELECT FROM pg_trigger
                 WHERE tgname = _trigger AND tgrelid = '{{main}}.observations_json'::regclass) THEN
    EXECUTE format('DROP TRIGGER %I ON {{main}}.observations_json', _trigger);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'vn-sync-check: deletions in % cannot be watched: %', '{{main}}.observations_json'::regclass, SQLERRM;
END
$fix$;

-- The views are filled with the rights of the repair's role; where it has none on main yet, by the first run.
DO $fix$
DECLARE
  _error text := {{repair}}.refresh_views();
BEGIN
  IF _error IS NOT NULL THEN
    RAISE NOTICE 'vn-sync-check: the views are filled by the first run (now: %)', _error;
  END IF;
END
$fix$;
