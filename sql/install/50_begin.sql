CREATE OR REPLACE FUNCTION {{check}}.fix_lock() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Held for the transaction: a lock of the session would stay after an error in a client that stays connected.
  SELECT pg_try_advisory_xact_lock(hashtext('vn-sync-check repair'), hashtext({{check_text}}));
$fix$;
COMMENT ON FUNCTION {{check}}.fix_lock() IS 'One repair at a time: is it ours, for this transaction?';

CREATE OR REPLACE FUNCTION {{check}}.fix_keep_lock() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Waits: a session that asks whether it may run holds it for an instant, in a gap between two transactions of the
  -- run. Going on without it, the run would look dead to sessions of other roles.
  SELECT pg_advisory_xact_lock(hashtext('vn-sync-check repair'), hashtext({{check_text}}));
$fix$;
COMMENT ON FUNCTION {{check}}.fix_keep_lock() IS 'Taken by each transaction of a run that is under way.';

CREATE OR REPLACE FUNCTION {{check}}.fix_other_run(_dead bigint[]) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format('run %s of %s is under way since %s', id, started_by, started_at)
    FROM {{check}}.repair_run
   WHERE status = 'running' AND id <> ALL (_dead) AND pid <> pg_backend_pid()
     AND EXISTS (SELECT FROM pg_stat_get_activity(repair_run.pid))
   LIMIT 1;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_other_run(bigint[]) IS
  'Which run is under way in another session: the lock alone does not say so, it is free between two transactions of a run.';

CREATE OR REPLACE FUNCTION {{check}}.fix_dead_runs() RETURNS bigint[]
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _r record;
  _dead bigint[] := '{}';
BEGIN
  IF NOT EXISTS (SELECT FROM {{check}}.repair_run WHERE status = 'running') THEN
    RETURN _dead;
  END IF;
  -- With the caller's rights: pg_stat_activity shows what a session does to its own role only. A run is one
  -- statement, so a session that is not active has ended it, with an error if it did not say so.
  FOR _r IN
    SELECT r.id, r.pid, a.pid IS NOT NULL AS alive, a.state
      FROM {{check}}.repair_run AS r
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
             AND objid::bigint = hashtext({{check_text}})::bigint & 4294967295);
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
COMMENT ON FUNCTION {{check}}.fix_dead_runs() IS 'Runs that say they are under way, and whose session has gone or has ended them.';

CREATE OR REPLACE FUNCTION {{check}}.fix_begin(
  _mode text, _context jsonb, _dead bigint[], _backend_start timestamptz, OUT _run bigint, OUT _message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF NOT {{check}}.fix_lock() THEN
    _message := 'another repair is under way';
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM {{check}}.repair_run WHERE status = 'running') THEN
    _message := {{check}}.fix_other_run(_dead);
    IF _message IS NOT NULL THEN
      RETURN;
    END IF;
    PERFORM {{check}}.fix_monitor(id) FROM {{check}}.repair_run WHERE status = 'running';
    UPDATE {{check}}.repair_run
       SET status = 'interrupted', ended_at = clock_timestamp(), message = 'its session ended'
     WHERE status = 'running';
  END IF;
  INSERT INTO {{check}}.repair_run (mode, status, pid, backend_start, context)
  VALUES (_mode, 'running', pg_backend_pid(), _backend_start, _context)
  RETURNING id INTO _run;
  PERFORM {{check}}.fix_renew_shapes();
  PERFORM set_config('synchronous_commit', 'off', true); -- as in fix_limits
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_begin(text, jsonb, bigint[], timestamptz) IS
  'Opens a run: no other may be alive; one whose session has gone is marked interrupted, and its work list is gone on with.';

CREATE OR REPLACE FUNCTION {{check}}.fix_renew_shapes() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  -- What fix_shapes() is made from, at a hundredth of its price: most runs find it unchanged.
  _print text := (
    SELECT md5(string_agg(format('%s %s %s %s %s', a.attrelid, a.attname, a.atttypid, a.attgenerated, a.attidentity), ' '
                 ORDER BY a.attrelid, a.attnum))
           || md5((SELECT string_agg(format('%s %s %s %s', i.indexrelid, i.indkey, i.indisunique, i.indisvalid), ' '
                            ORDER BY i.indexrelid)
                     FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
                    WHERE t.relnamespace IN ({{main_regnamespace}}, {{check_regnamespace}}) AND t.relname LIKE '%\_json'))
           || (SELECT settings ->> 'volatileKeys' FROM {{check}}.repair_setting)
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
     WHERE c.relnamespace IN ({{main_regnamespace}}, {{check_regnamespace}}) AND c.relkind IN ('r', 'p')
       AND c.relname LIKE '%\_json' AND a.attnum > 0);
BEGIN
  IF _print IS DISTINCT FROM (SELECT shape_print FROM {{check}}.repair_setting) THEN
    DELETE FROM {{check}}.repair_shape;
    INSERT INTO {{check}}.repair_shape SELECT * FROM {{check}}.fix_shapes();
    UPDATE {{check}}.repair_setting SET shape_print = _print;
  END IF;
  IF NOT EXISTS (SELECT FROM {{check}}.repair_shape WHERE tab = 'observations_json' AND has_ts) THEN
    RAISE EXCEPTION 'observations_json is missing in schema % or %, or has no id, site, item, update_ts there',
      {{main_text}}, {{check_text}};
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_renew_shapes() IS 'Writes fix_shapes() down where it has changed.';
