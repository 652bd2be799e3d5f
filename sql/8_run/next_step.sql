CREATE OR REPLACE FUNCTION {{repair}}.next_work(OUT _table text, OUT _action {{repair}}.action)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT t.table_name, a.action
    FROM {{repair}}.client_table AS t
   CROSS JOIN unnest(enum_range(NULL::{{repair}}.action)) AS a (action)
   WHERE EXISTS (SELECT FROM {{repair}}.work_item AS w WHERE w.table_name = t.table_name AND w.action = a.action)
   ORDER BY a.action = 'delete', t.position, a.action LIMIT 1;
$fix$;
COMMENT ON FUNCTION {{repair}}.next_work() IS
  'Table and action of the work list that are to be written next: deletions last, else in the order of the tables.';

CREATE OR REPLACE FUNCTION {{repair}}.next_step(
  INOUT _step {{repair}}.step, _mode {{repair}}.run_mode, _job bigint, _dry_run boolean, _accept integer,
  _dead bigint[], _backend_start timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _r record;
BEGIN
  -- Main's rows are let go after each, whoever calls.
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'a step of the repair is a transaction of its own, and this one has written already: CALL {{repair}}.repair(…)'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF _step.run IS NOT NULL THEN
    PERFORM {{repair}}.keep_lock();
    SELECT r.phase, r.writes_table, r.writes_action, s.batch_size INTO _r
      FROM {{repair}}.run AS r CROSS JOIN {{repair}}.settings AS s
     WHERE r.id = _step.run AND r.status = 'running' AND r.pid = pg_backend_pid() AND r.started_by = session_user;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'run % of the repair is not under way in this session', _step.run
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF _r.phase = 'applying' AND _r.writes_table IS NULL THEN
      SELECT w._table, w._action INTO _r.writes_table, _r.writes_action FROM {{repair}}.next_work() AS w;
      IF _r.writes_table IS NOT NULL THEN
        UPDATE {{repair}}.run SET writes_table = _r.writes_table, writes_action = _r.writes_action WHERE id = _step.run;
        _step := (_step.run, '-9223372036854775808', '', '', _r.batch_size, 0, 0, false, NULL, NULL)::{{repair}}.step;
      END IF;
    END IF;
    IF _r.writes_table IS NOT NULL THEN
      -- What it is, the lists say: a caller may give any place, and what it leaves out by that is chosen again.
      _step := {{repair}}.batch(_step, _r.writes_table, _r.writes_action, _r.batch_size);
      RETURN;
    END IF;
  END IF;

  BEGIN
    -- Each wait has settle_session's bound. Of somebody's ALTER TABLE or VACUUM FULL the run ends, and the next looks again.
    IF _step.run IS NULL AND _dry_run THEN
      _step.result := {{repair}}.dry_run(_mode, _job, _accept, _dead);
    ELSIF _step.run IS NULL THEN
      SELECT b._run, b._busy INTO _step.run, _step.result
        FROM {{repair}}.begin_run(_mode, _job, _accept, _dead, _backend_start) AS b;
    ELSIF _r.phase = 'comparing' THEN
      BEGIN
        PERFORM {{repair}}.compare(_step.run);
      EXCEPTION WHEN OTHERS THEN
        _step.sqlstate := SQLSTATE;
        _step.result := {{repair}}.finish_run(_step.run, {{repair}}.with_holders(SQLSTATE, SQLERRM));
      END;
    ELSE
      _step.result := {{repair}}.finish_run(_step.run, NULL);
    END IF;
  EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION '%: %',
      CASE WHEN _step.run IS NULL THEN 'the repair could not begin'
           ELSE format('run %s of the repair could not be closed, what it has written stays', _step.run) END,
      {{repair}}.with_holders(SQLSTATE, SQLERRM)
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Call it again when that has ended, or end it: SELECT pg_terminate_backend(…).';
  END;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.next_step(
  {{repair}}.step, {{repair}}.run_mode, bigint, boolean, integer, bigint[], timestamptz) IS
  'The one entry into a repair: does what comes next, as the run''s phase and the lists say; without a run it begins one. Refuses runs of other sessions. The caller commits after each, and is done when there is a result.';
