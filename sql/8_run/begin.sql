CREATE OR REPLACE FUNCTION {{repair}}.expect_no_temporary_object() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _found text;
BEGIN
  IF pg_my_temp_schema() = 0 THEN
    RETURN;
  END IF;
  -- No path leaves them out: what a trigger of main names without a schema, and is nowhere else, would be the caller's, and
  -- the triggers on it would act as the repair.
  SELECT string_agg(t.name, ', ') INTO _found
    FROM (SELECT relname AS name FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind <> 'i'
           UNION
          SELECT typname FROM pg_type WHERE typnamespace = pg_my_temp_schema() AND typtype IN ('d', 'e', 'r')
          LIMIT 5) AS t;
  IF _found IS NOT NULL AND EXISTS (SELECT FROM {{repair}}.client_table WHERE has_triggers) THEN
    RAISE EXCEPTION 'this session has temporary objects of its own (%), which main''s triggers might take for theirs: DISCARD TEMP first, or use another session',
      _found USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.expect_no_temporary_object() IS
  'Refuses a session with temporary tables, views or types, where main has triggers.';

CREATE OR REPLACE FUNCTION {{repair}}.busy_with(_job bigint, _dead bigint[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _other jsonb;
BEGIN
  IF NOT {{repair}}.take_lock() THEN
    RETURN {{repair}}.busy({{repair}}.who_locks());
  END IF;
  _other := {{repair}}.other_run(_dead);
  IF _other IS NOT NULL THEN
    RETURN {{repair}}.busy(_other);
  END IF;
  IF _job IS NOT NULL THEN
    PERFORM {{repair}}.job_under_way(_job); -- an earlier one's proof says nothing of what has been deleted since
  END IF;
  IF {{repair}}.surroundings() IS DISTINCT FROM (SELECT surroundings_seen FROM {{repair}}.settings) THEN
    PERFORM {{repair}}.expect_no_fault();
  END IF;
  PERFORM {{repair}}.expect_no_temporary_object();
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.busy_with(bigint, bigint[]) IS
  'Takes the lock for a run or a dry run; the result where another is under way, or NULL. Refuses what would keep it from its end.';

CREATE OR REPLACE FUNCTION {{repair}}.begin_run(
  _mode {{repair}}.run_mode, _job bigint, _accept integer, _dead bigint[], _backend_start timestamptz,
  OUT _run bigint, OUT _busy jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  _busy := {{repair}}.busy_with(_job, _dead);
  IF _busy IS NOT NULL THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM {{repair}}.run WHERE status = 'running') THEN
    PERFORM {{repair}}.write_monitoring(id) FROM {{repair}}.run WHERE status = 'running';
    UPDATE {{repair}}.run
       SET status = 'interrupted', phase = 'ended', ended_at = clock_timestamp(), message = 'its session ended'
     WHERE status = 'running';
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
