BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = notice;
SET LOCAL lock_timeout = '20s';
DO $fix$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('vn-sync-check install'));
  -- Waits for the batch of a repair that is under way; the next one finds its function gone.
  PERFORM pg_advisory_xact_lock(hashtext('vn-sync-check repair'), hashtext({{check_text}}));
END
$fix$;
