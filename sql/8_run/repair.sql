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

-- Commits, so it may have neither a SET clause nor SECURITY DEFINER: it has only the caller's rights, and what compares
-- and writes is next_step.
CREATE OR REPLACE PROCEDURE {{repair}}.repair(
  _mode text, _job bigint, _dry_run boolean, _accept integer, INOUT _result jsonb)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _step {{repair}}.step;
  _dead bigint[];
  -- By their schema, as whatever is found by name before next_transaction.
  _backend_start pg_catalog.timestamptz;
  _message pg_catalog.text;
  _hint pg_catalog.text;
  _cut_off boolean := false;
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

  LOOP
    BEGIN
      IF _step.run IS NULL THEN
        -- Asked here: the repair's role may see neither.
        _dead := {{repair}}.dead_runs();
        _backend_start := (SELECT a.backend_start FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid());
      END IF;
      _step := {{repair}}.next_step(_step, _mode::{{repair}}.run_mode, _job, _dry_run, _accept, _dead, _backend_start);
    EXCEPTION WHEN query_canceled THEN
      -- Done again where the caller's statement_timeout has cut it off, which it does once.
      IF _cut_off OR NOT {{repair}}.ended_by_timeout(SQLSTATE, _timeout) THEN
        RAISE; -- a person did
      END IF;
      _cut_off := true;
    WHEN lock_not_available THEN
      RAISE EXCEPTION '%: %; %', CASE WHEN _step.run IS NULL THEN 'the repair could not begin'
                                      ELSE format('run %s of the repair has ended early, what it has written stays', _step.run) END,
        SQLERRM, coalesce('in the way: ' || {{repair}}.holders(NULL, interval '60 seconds'), 'nobody is in the way any more')
        USING ERRCODE = 'lock_not_available', HINT = 'Call it again when that has ended, or end it: SELECT pg_terminate_backend(…).';
    END;
    EXIT WHEN _step.result IS NOT NULL;
    CALL {{repair}}.next_transaction();
  END LOOP;
  _result := _step.result;
  _message := _result ->> 'message';
  IF _step.sqlstate IS NOT NULL THEN
    _hint := CASE _step.sqlstate WHEN '55P03' THEN 'Call it again when that has ended, or end it: SELECT pg_terminate_backend(…).'
                                 ELSE 'It has written nothing. When the cause is mended, call it again.' END;
    COMMIT;
    RAISE EXCEPTION 'run % of the repair failed while comparing: %', _step.run, _message
      USING ERRCODE = _step.sqlstate, HINT = _hint;
  END IF;
  COMMIT;
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.repair(text, bigint, boolean, integer, jsonb) IS
  'Repairs main from check. Mode: journal (what changed), whole (and whole observations_json), contents (and other tables, and contents with the same update_ts).';
