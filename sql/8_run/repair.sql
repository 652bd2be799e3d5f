CREATE OR REPLACE FUNCTION {{repair}}.atomic_message() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- A function can never commit: this is the server's message for it, in the session's language.
  BEGIN
    COMMIT;
  EXCEPTION WHEN invalid_transaction_termination THEN
    RETURN SQLERRM;
  END;
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.atomic_message() IS 'The error of a COMMIT inside an open transaction, in the session''s language.';

CREATE OR REPLACE PROCEDURE {{repair}}.end_run(
  _run bigint, _error text, _timeout interval, INOUT _result jsonb)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
BEGIN
  FOR _try IN 1 .. 2 LOOP
    BEGIN
      _result := {{repair}}.finish_run(_run, _error);
      RETURN;
    EXCEPTION WHEN query_canceled THEN
      IF NOT {{repair}}.ended_by_timeout(SQLSTATE, _timeout) THEN
        RAISE; -- a person did
      END IF;
    END;
    CALL {{repair}}.next_transaction();
  END LOOP;
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.end_run(bigint, text, interval, jsonb) IS
  'Closes a run, as failed where it is given an error, in a further try where the caller''s statement_timeout has cut the first one off.';

-- Commits, as write_out does.
CREATE OR REPLACE PROCEDURE {{repair}}.repair(
  _mode text, _job bigint, _dry_run boolean, _accept integer, INOUT _result jsonb)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _run bigint;
  _message text;
  _state text;
  _refused text;
  _work text[];
  -- Of the caller's session: taken off below, too late for this very CALL.
  _timeout interval := pg_catalog.current_setting('statement_timeout')::interval;
BEGIN
  PERFORM pg_catalog.set_config('exit_on_error', 'off', true); -- the next one is meant
  -- Within BEGIN this COMMIT fails with one message, outside with another (it is in a handler's block).
  BEGIN
    COMMIT;
  EXCEPTION WHEN invalid_transaction_termination THEN
    _message := SQLERRM;
  END;
  -- No operator of the session's own search_path yet.
  IF _message OPERATOR(pg_catalog.=) {{repair}}.atomic_message() THEN
    RAISE EXCEPTION 'the repair commits its batches: call it outside BEGIN (in psql: without \set AUTOCOMMIT off or -1)'
      USING ERRCODE = 'invalid_transaction_termination';
  END IF;
  CALL {{repair}}.next_transaction();
  IF _mode IS NULL OR _mode NOT IN ('journal', 'whole', 'contents') THEN
    RAISE EXCEPTION 'mode %: one of journal, whole, contents was expected', pg_catalog.quote_nullable(_mode);
  END IF;

  _result := NULL;
  -- Each step is done again where the caller's statement_timeout has cut it off, which it does once.
  FOR _try IN 1 .. 2 LOOP
    BEGIN
      IF _dry_run THEN
        _result := {{repair}}.dry_run(_mode::{{repair}}.run_mode, _job, _accept, {{repair}}.dead_runs());
      ELSE
        SELECT b._run, b._busy INTO _run, _result
          FROM {{repair}}.begin_run(_mode::{{repair}}.run_mode, _job, _accept, {{repair}}.dead_runs(),
            -- Asked here: the repair's role may not see it.
            (SELECT a.backend_start FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid())) AS b;
      END IF;
      EXIT;
    EXCEPTION WHEN query_canceled THEN
      IF NOT {{repair}}.ended_by_timeout(SQLSTATE, _timeout) THEN
        RAISE; -- a person did
      END IF;
    END;
    CALL {{repair}}.next_transaction();
  END LOOP;
  IF _result IS NOT NULL THEN
    COMMIT;
    RETURN;
  END IF;
  CALL {{repair}}.next_transaction();

  FOR _try IN 1 .. 2 LOOP
    BEGIN
      PERFORM {{repair}}.keep_lock();
      _refused := {{repair}}.compare(_run);
      _state := NULL;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
      IF SQLSTATE = '57014' AND NOT {{repair}}.ended_by_timeout(SQLSTATE, _timeout) THEN
        RAISE;
      END IF;
      _state := SQLSTATE;
      _message := SQLERRM;
    END;
    EXIT WHEN _state IS DISTINCT FROM '57014';
    CALL {{repair}}.next_transaction();
  END LOOP;
  IF _state IS NOT NULL THEN
    CALL {{repair}}.end_run(_run, _message, _timeout, _result);
    COMMIT;
    RAISE EXCEPTION 'run % of the repair failed while comparing: %', _run, _message USING ERRCODE = _state;
  END IF;
  CALL {{repair}}.next_transaction();
  IF _refused IS NULL THEN
    _work := {{repair}}.work_to_do();
  END IF;
  FOR _i IN 1 .. coalesce(pg_catalog.array_length(_work, 1), 0) LOOP
    CALL {{repair}}.write_out(_run, _work[_i][1], _work[_i][2]::{{repair}}.action, _timeout);
  END LOOP;
  CALL {{repair}}.end_run(_run, NULL, _timeout, _result);
  COMMIT;
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.repair(text, bigint, boolean, integer, jsonb) IS
  'Repairs main from check. Mode: journal (what changed), whole (and whole observations_json), contents (and other tables, and contents with the same update_ts).';
