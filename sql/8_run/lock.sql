CREATE OR REPLACE FUNCTION {{repair}}.who_locks() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT jsonb_build_object('problem', 'locked by', 'pid', l.pid, 'role', pg_get_userbyid(a.usesysid),
                            'since', coalesce(r.started_at, a.backend_start), 'run', r.id)
    FROM pg_locks AS l
    LEFT JOIN LATERAL pg_stat_get_activity(l.pid) AS a ON true
    LEFT JOIN {{repair}}.run AS r ON r.status = 'running' AND r.pid = l.pid
   WHERE l.locktype = 'relation' AND l.relation = '{{repair}}.run_lock'::regclass AND l.granted
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND l.pid <> pg_backend_pid()
   LIMIT 1;
$fix$;
COMMENT ON FUNCTION {{repair}}.who_locks() IS
  'Who holds the lock of the repair: process, role, since when as far as this role may see, and the run, if it is one.';

CREATE OR REPLACE FUNCTION {{repair}}.take_lock() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- Held for the transaction: a lock of the session would stay after an error in a client that stays connected.
  FOR _try IN 1 .. 20 LOOP
    BEGIN
      LOCK TABLE {{repair}}.run_lock IN EXCLUSIVE MODE NOWAIT;
      RETURN true;
    EXCEPTION WHEN lock_not_available THEN
      -- A vacuum of the whole database lets go at once.
      EXIT WHEN EXISTS (
        SELECT FROM pg_locks
         WHERE locktype = 'relation' AND relation = '{{repair}}.run_lock'::regclass AND granted
           AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock'));
    END;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RETURN false;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.take_lock() IS 'One repair at a time: is it ours, for this transaction?';

CREATE OR REPLACE FUNCTION {{repair}}.keep_lock() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _before text := current_setting('lock_timeout');
  _holder jsonb;
BEGIN
  -- Waits: a session that asks whether it may run holds it for an instant, in a gap between two transactions of the
  -- run. Going on without it, the run would look dead to sessions of other roles. But nobody keeps a run waiting for
  -- ever without a word.
  BEGIN
    PERFORM set_config('lock_timeout', '30s', true);
    LOCK TABLE {{repair}}.run_lock IN EXCLUSIVE MODE;
    PERFORM set_config('lock_timeout', _before, true);
    RETURN;
  EXCEPTION WHEN lock_not_available THEN
    _holder := {{repair}}.who_locks();
  END;
  RAISE EXCEPTION 'the repair''s lock has been held for 30 seconds by process % of the role %', _holder ->> 'pid', _holder ->> 'role'
    USING ERRCODE = 'object_not_in_prerequisite_state',
          HINT = 'If it is no installation under way, end it: SELECT pg_terminate_backend(…).';
END
$fix$;
COMMENT ON FUNCTION {{repair}}.keep_lock() IS 'Taken by each transaction of a run that is under way.';

CREATE OR REPLACE FUNCTION {{repair}}.wants_lock(_pid integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  FOR _try IN 1 .. 10 LOOP
    IF EXISTS (SELECT FROM pg_locks
                WHERE locktype = 'relation' AND relation = '{{repair}}.run_lock'::regclass AND mode = 'ExclusiveLock' AND pid = _pid) THEN
      RETURN true;
    END IF;
    PERFORM pg_sleep(0.02);
  END LOOP;
  RETURN false;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.wants_lock(integer) IS
  'Does this process hold the repair''s lock, or wait for it, as each transaction of a run does? Any role may see that.';

CREATE OR REPLACE FUNCTION {{repair}}.other_run(_dead bigint[]) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT jsonb_build_object('problem', 'locked by', 'pid', pid, 'role', started_by, 'since', started_at, 'run', id)
    FROM {{repair}}.run
   WHERE status = 'running' AND pid <> pg_backend_pid()
     AND EXISTS (SELECT FROM pg_stat_get_activity(run.pid))
     -- Whoever calls says which are dead: of one that is not we are in the way just now.
     AND ((id = ANY (_dead)) IS NOT TRUE OR {{repair}}.wants_lock(pid))
   LIMIT 1;
$fix$;
COMMENT ON FUNCTION {{repair}}.other_run(bigint[]) IS
  'Which run is under way in another session: the lock alone does not say so, it is free between two transactions of a run. To be asked while it is ours.';

CREATE OR REPLACE FUNCTION {{repair}}.busy(_holder jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT jsonb_build_object('run', NULL, 'status', 'busy', 'problems', coalesce(jsonb_build_array(_holder), '[]'),
    'message', CASE
      WHEN _holder IS NULL THEN 'another repair is under way'
      WHEN _holder ->> 'run' IS NOT NULL THEN format('another repair is under way: run %s of %s, process %s, since %s',
        _holder ->> 'run', _holder ->> 'role', _holder ->> 'pid', _holder ->> 'since')
      ELSE format('the lock of the repair is held by process %s of the role %s, connected since %s; that is no run of the repair',
        _holder ->> 'pid', _holder ->> 'role', coalesce(_holder ->> 'since', 'a time that this role may not see')) END,
    'inserted', 0, 'updated', 0, 'deleted', 0, 'set_aside', 0, 'by_table', '{}'::jsonb);
$fix$;
COMMENT ON FUNCTION {{repair}}.busy(jsonb) IS 'The result of a repair that did not begin, because another is under way.';

CREATE OR REPLACE FUNCTION {{repair}}.dead_runs() RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.run WHERE status = 'running') THEN
    RETURN '{}'::bigint[];
  END IF;
  -- With the caller's rights: pg_stat_activity shows what a session does to its own role only. A run is one
  -- statement, so a session that is not active has ended it, with an error if it did not say so.
  RETURN ARRAY(
    SELECT r.id
      FROM {{repair}}.run AS r
      LEFT JOIN pg_stat_activity AS a
        ON a.pid = r.pid AND coalesce(a.backend_start = r.backend_start, true) AND a.pid <> pg_backend_pid()
     WHERE r.status = 'running' AND a.state IS DISTINCT FROM 'active');
END
$fix$;
COMMENT ON FUNCTION {{repair}}.dead_runs() IS
  'Runs that say they are under way, and whose session has gone, has ended them, or is another role''s; next_step looks whether that is so.';
