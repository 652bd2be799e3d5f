CREATE OR REPLACE FUNCTION {{repair}}.begin_run(
  _mode {{repair}}.run_mode, _job bigint, _accept integer, _dead bigint[], _backend_start timestamptz,
  OUT _run bigint, OUT _busy jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _other jsonb;
BEGIN
  PERFORM set_config('lock_timeout', '60s', true);
  IF NOT {{repair}}.take_lock() THEN
    _busy := {{repair}}.busy({{repair}}.who_locks());
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM {{repair}}.run WHERE status = 'running') THEN
    _other := {{repair}}.other_run(_dead);
    IF _other IS NOT NULL THEN
      _busy := {{repair}}.busy(_other);
      RETURN;
    END IF;
    PERFORM {{repair}}.write_monitoring(id) FROM {{repair}}.run WHERE status = 'running';
    UPDATE {{repair}}.run
       SET status = 'interrupted', phase = 'ended', ended_at = clock_timestamp(), message = 'its session ended'
     WHERE status = 'running';
  END IF;
  IF _job IS NOT NULL THEN
    PERFORM {{repair}}.job_under_way(_job); -- an earlier one's proof says nothing of what has been deleted since
  END IF;
  IF {{repair}}.surroundings() IS DISTINCT FROM (SELECT surroundings_seen FROM {{repair}}.settings) THEN
    PERFORM {{repair}}.expect_no_fault();
  END IF;
  INSERT INTO {{repair}}.run (mode, job, accept, pid, backend_start)
  VALUES (_mode, _job, _accept, pg_backend_pid(), _backend_start)
  RETURNING id INTO _run;
  PERFORM {{repair}}.empty_long_journal();
  PERFORM set_config('synchronous_commit', 'off', true); -- as in limit_waiting
END
$fix$;
COMMENT ON FUNCTION {{repair}}.begin_run({{repair}}.run_mode, bigint, integer, bigint[], timestamptz) IS
  'Opens a run: no other may be alive; one whose session has gone is marked interrupted, and its work list is gone on with.';
