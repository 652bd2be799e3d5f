-- The views are filled with the rights of the repair's role; where it has none on main yet, by the first run.
DO $fix$
DECLARE
  _error text := {{check}}.fix_refresh();
BEGIN
  IF _error IS NOT NULL THEN
    RAISE NOTICE 'vn-sync-check: the views are filled by the first run (now: %)', _error;
  END IF;
END
$fix$;
