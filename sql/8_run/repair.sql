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

-- Commits, as write_out does.
CREATE OR REPLACE PROCEDURE {{repair}}.repair(
  _mode text, _job bigint, _dry_run boolean, _accept integer, INOUT _result jsonb)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _run bigint;
  _message text;
  _state text;
  _refused text;
  _locked integer := 0;
  _work text[];
BEGIN
  -- Within BEGIN this COMMIT fails with one message, outside with another (it is in a handler's block).
  BEGIN
    COMMIT;
  EXCEPTION WHEN invalid_transaction_termination THEN
    _message := SQLERRM;
  END;
  IF _message = {{repair}}.atomic_message() THEN
    RAISE EXCEPTION 'the repair commits its batches: call it outside BEGIN (in psql: without \set AUTOCOMMIT off or -1)'
      USING ERRCODE = 'invalid_transaction_termination';
  END IF;
  IF _mode IS NULL OR _mode NOT IN ('journal', 'whole', 'contents') THEN
    RAISE EXCEPTION 'mode %: one of journal, whole, contents was expected', pg_catalog.quote_nullable(_mode);
  END IF;

  IF _dry_run THEN
    _result := {{repair}}.dry_run(_mode::{{repair}}.run_mode, _job, _accept, {{repair}}.dead_runs());
    RETURN;
  END IF;
  SELECT b._run, b._message INTO _run, _message
    FROM {{repair}}.begin_run(_mode::{{repair}}.run_mode, _job, _accept, {{repair}}.dead_runs(),
      -- Asked here: the repair's role may not see it.
      (SELECT a.backend_start FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid())) AS b;
  COMMIT;
  IF _run IS NULL THEN
    _result := {{repair}}.busy(_message);
    RETURN;
  END IF;

  BEGIN
    PERFORM {{repair}}.keep_lock();
    _refused := {{repair}}.compare(_run);
    _state := NULL;
  EXCEPTION WHEN OTHERS THEN
    _state := SQLSTATE;
    _message := SQLERRM;
  END;
  IF _state IS NOT NULL THEN
    PERFORM {{repair}}.finish_run(_run, 'failed', _message);
    COMMIT;
    RAISE EXCEPTION 'run % of the repair failed while comparing: %', _run, _message USING ERRCODE = _state;
  END IF;
  COMMIT;
  IF _refused IS NOT NULL THEN
    _result := {{repair}}.finish_run(_run, 'refused', _refused);
    COMMIT;
    RETURN;
  END IF;

  _work := {{repair}}.work_to_do();
  FOR _i IN 1 .. coalesce(pg_catalog.array_length(_work, 1), 0) LOOP
    CALL {{repair}}.write_out(_run, _work[_i][1], _work[_i][2]::{{repair}}.action, _locked);
  END LOOP;

  _result := {{repair}}.finish_run(_run,
    (CASE WHEN _locked > 0 THEN 'partial' ELSE 'done' END)::{{repair}}.run_status,
    CASE WHEN _locked > 0
         THEN pg_catalog.format('%s rows of main stayed locked by other sessions; the next run tries them again', _locked) END);
  COMMIT;
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.repair(text, bigint, boolean, integer, jsonb) IS
  'Repairs main from check. Mode: journal (what changed), whole (and whole observations_json), contents (and other tables, and contents with the same update_ts).';
