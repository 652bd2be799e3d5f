CREATE OR REPLACE FUNCTION {{repair}}.lock_key() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT hashtext(check_schema::text) FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.lock_key() IS 'Second key of the advisory lock; the first is hashtext(''vn-sync-check repair'').';

CREATE OR REPLACE FUNCTION {{repair}}.take_lock() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Held for the transaction: a lock of the session would stay after an error in a client that stays connected.
  SELECT pg_try_advisory_xact_lock(hashtext('vn-sync-check repair'), {{repair}}.lock_key());
$fix$;
COMMENT ON FUNCTION {{repair}}.take_lock() IS 'One repair at a time: is it ours, for this transaction?';

CREATE OR REPLACE FUNCTION {{repair}}.keep_lock() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Waits: a session that asks whether it may run holds it for an instant, in a gap between two transactions of the
  -- run. Going on without it, the run would look dead to sessions of other roles.
  SELECT pg_advisory_xact_lock(hashtext('vn-sync-check repair'), {{repair}}.lock_key());
$fix$;
COMMENT ON FUNCTION {{repair}}.keep_lock() IS 'Taken by each transaction of a run that is under way.';

CREATE OR REPLACE FUNCTION {{repair}}.other_run(_dead bigint[]) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format('run %s of %s is under way since %s', id, started_by, started_at)
    FROM {{repair}}.run
   WHERE status = 'running' AND id <> ALL (_dead) AND pid <> pg_backend_pid()
     AND EXISTS (SELECT FROM pg_stat_get_activity(run.pid))
   LIMIT 1;
$fix$;
COMMENT ON FUNCTION {{repair}}.other_run(bigint[]) IS
  'Which run is under way in another session: the lock alone does not say so, it is free between two transactions of a run.';

CREATE OR REPLACE FUNCTION {{repair}}.dead_runs() RETURNS bigint[]
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _r record;
  _dead bigint[] := '{}'::bigint[];
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.run WHERE status = 'running') THEN
    RETURN _dead;
  END IF;
  -- With the caller's rights: pg_stat_activity shows what a session does to its own role only. A run is one
  -- statement, so a session that is not active has ended it, with an error if it did not say so.
  FOR _r IN
    SELECT r.id, r.pid, a.pid IS NOT NULL AS alive, a.state
      FROM {{repair}}.run AS r
      LEFT JOIN pg_stat_activity AS a
        ON a.pid = r.pid AND coalesce(a.backend_start = r.backend_start, true) AND a.pid <> pg_backend_pid()
     WHERE r.status = 'running'
  LOOP
    IF _r.alive AND _r.state IS NULL THEN
      -- Another role's session: is it seen to hold the lock, which each transaction of a run takes?
      _r.alive := false;
      FOR _try IN 1 .. 10 LOOP
        _r.alive := EXISTS (
          SELECT FROM pg_locks
           WHERE locktype = 'advisory' AND granted AND pid = _r.pid AND objsubid = 2
             AND classid::bigint = hashtext('vn-sync-check repair')::bigint & 4294967295
             AND objid::bigint = {{repair}}.lock_key()::bigint & 4294967295);
        EXIT WHEN _r.alive;
        PERFORM pg_sleep(0.02);
      END LOOP;
    ELSIF _r.alive THEN
      _r.alive := _r.state = 'active';
    END IF;
    IF NOT _r.alive THEN
      _dead := _dead || _r.id;
    END IF;
  END LOOP;
  RETURN _dead;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.dead_runs() IS 'Runs that say they are under way, and whose session has gone or has ended them.';
