DO $fix$
DECLARE
  _statement text;
BEGIN
  FOR _statement IN SELECT {{repair}}.watch_rights() LOOP
    EXECUTE _statement;
  END LOOP;
END
$fix$;

-- Main's owner may put the triggers there; where the admin login may not, the SQL is handed over.
DO $fix$
DECLARE
  _statement text;
  _o record;
BEGIN
  FOR _statement IN SELECT {{repair}}.watch_statements() LOOP
    EXECUTE _statement;
  END LOOP;
  IF NOT (SELECT watch_main FROM {{repair}}.settings) THEN
    FOR _o IN
      SELECT t.tgname, t.tgrelid::regclass AS relation
        FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid
       WHERE f.pronamespace = '{{repair}}'::regnamespace AND f.proname IN ('note_main_deletion', 'note_main_truncate')
         AND t.tgparentid = 0
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', _o.tgname, _o.relation);
    END LOOP;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'vn-sync-check: deletions in % cannot be watched: %', '{{main}}.observations_json'::regclass, SQLERRM;
END
$fix$;

SELECT {{repair}}.remember_triggers();

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
