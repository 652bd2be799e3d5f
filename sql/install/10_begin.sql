BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning; -- not one line for each object that is there already
-- A trigger on a busy table waits for its writers, and new ones wait behind it: better to fail and be run again.
SET LOCAL lock_timeout = '20s';
-- One installation at a time in a database: the monitoring schema is shared by all instances.
DO $fix$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('vn-sync-check install'));
  -- Waits for the batch of a repair that is under way.
  PERFORM pg_advisory_xact_lock(hashtext('vn-sync-check repair'), hashtext({{check_text}}));
END
$fix$;
