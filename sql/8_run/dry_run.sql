CREATE OR REPLACE FUNCTION {{repair}}.dry_run(
  _mode {{repair}}.run_mode, _job bigint, _accept integer, _dead bigint[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  -- Its row is rolled back; a number of the sequence would not be.
  _run constant bigint := -1;
  _busy jsonb;
  _refused text;
  _result text;
BEGIN
  -- Its lock would be in the way between two batches of a run, for as long as this compares.
  BEGIN
    _busy := {{repair}}.busy_with(_job, _dead);
    IF _busy IS NOT NULL THEN
      RETURN _busy;
    END IF;
    INSERT INTO {{repair}}.run (id, mode, job, accept, pid) OVERRIDING SYSTEM VALUE
    VALUES (_run, _mode, _job, _accept, pg_backend_pid());
    _refused := {{repair}}.compare(_run);
    -- The comparison is the real one; its work list, and the journal it consumed, are rolled back with this.
    RAISE EXCEPTION USING ERRCODE = 'VNDRY', MESSAGE = {{repair}}.queued()
      || jsonb_build_object('run', NULL, 'dry_run', true, 'message', _refused,
                            'problems', (SELECT r.problems FROM {{repair}}.run AS r WHERE r.id = _run),
                            'status', CASE WHEN _refused IS NULL THEN 'done' ELSE 'refused' END);
  EXCEPTION WHEN SQLSTATE 'VNDRY' THEN
    GET STACKED DIAGNOSTICS _result = MESSAGE_TEXT;
  END;
  RETURN _result::jsonb;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.dry_run({{repair}}.run_mode, bigint, integer, bigint[]) IS
  'Compares as a run would, and leaves nothing behind but the answer.';

CREATE OR REPLACE FUNCTION {{repair}}.queued() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH t AS (
    SELECT table_name, count(*) FILTER (WHERE action = 'insert') AS inserted,
           count(*) FILTER (WHERE action = 'update') AS updated,
           count(*) FILTER (WHERE action = 'delete') AS deleted, 0 AS set_aside
      FROM {{repair}}.work_item GROUP BY table_name
  )
  SELECT jsonb_build_object(
    'inserted', coalesce(sum(inserted), 0), 'updated', coalesce(sum(updated), 0),
    'deleted', coalesce(sum(deleted), 0), 'set_aside', 0, 'open', {{repair}}.open_differences(),
    'by_table', coalesce(jsonb_object_agg(table_name, to_jsonb(t) - 'table_name') FILTER (WHERE table_name IS NOT NULL), '{}'))
    FROM t;
$fix$;
COMMENT ON FUNCTION {{repair}}.queued() IS 'What the work list would write, in the shape of a result.';
