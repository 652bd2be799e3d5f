CREATE OR REPLACE FUNCTION {{repair}}.expect_done(_result jsonb) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _status text := _result ->> 'status';
  _written bigint := coalesce((_result ->> 'inserted')::bigint, 0) + coalesce((_result ->> 'updated')::bigint, 0)
                   + coalesce((_result ->> 'deleted')::bigint, 0);
  _in_vain bigint := coalesce((_result ->> 'in_vain')::bigint, 0);
  _aside bigint := coalesce((_result ->> 'set_aside')::bigint, 0) + coalesce((_result #>> '{open,locked}')::bigint, 0);
  _said text := format('the repair%s of %s', ' (run ' || (_result ->> 'run') || ')', '{{main}}'::regnamespace);
  _message text := coalesce(': ' || (_result ->> 'message'), '');
  _look constant text := 'SELECT * FROM {{repair}}.difference shows each row, and why';
  _number text := substring(_result ->> 'message' FROM '--accept ([0-9]+)');
BEGIN
  -- A caller that goes by errors alone, psql with ON_ERROR_STOP or a job of cron's, learns it too. All is committed.
  CASE
    WHEN _status = 'refused' THEN
      RAISE EXCEPTION '% was refused%', _said, _message
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = CASE WHEN _number IS NULL THEN 'SELECT * FROM {{repair}}.preflight() says what lacks'
                          ELSE format('If this is right: CALL {{repair}}.repair(''whole'', NULL, false, %s, NULL)', _number) END;
    WHEN _status = 'busy' THEN
      RAISE EXCEPTION '% did not begin%', _said, _message
        USING ERRCODE = 'lock_not_available',
              HINT = 'Call it again when that has ended' || coalesce(
                format('; if it hangs: SELECT pg_terminate_backend(%s)', _result #>> '{problems,0,pid}'), '');
    WHEN _status = 'failed' THEN
      RAISE EXCEPTION '% failed%', _said, _message
        USING ERRCODE = 'triggered_action_exception',
              HINT = _look || '; SELECT * FROM {{repair}}.preflight() says what lacks in main. Each run tries them again.';
    WHEN _in_vain > 0 AND _written = 0 THEN
      RAISE EXCEPTION '% has written nothing, and set aside all that it tried: % rows%', _said, _in_vain, _message
        USING ERRCODE = 'triggered_action_exception', HINT = _look || '. Each run tries them again.';
    WHEN _status = 'partial' OR _aside > 0 THEN
      RAISE WARNING '% is not whole: % rows written, % set aside%', _said, _written, _aside, _message USING HINT = _look || '.';
    ELSE
      NULL;
  END CASE;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.expect_done(jsonb) IS
  'Ends a call by hand in an error where the repair was refused, failed, did not begin or has set aside all that it tried, in a warning where something lacks.';
