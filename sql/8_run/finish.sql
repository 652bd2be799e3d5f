CREATE OR REPLACE FUNCTION {{repair}}.open_differences() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce(jsonb_object_agg(state, n), '{}')
    FROM (SELECT state, count(*) AS n FROM {{repair}}.difference GROUP BY state) AS s;
$fix$;
COMMENT ON FUNCTION {{repair}}.open_differences() IS 'How many differences are open, by state.';

CREATE OR REPLACE FUNCTION {{repair}}.result_of(_run bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH done AS (
    SELECT table_name, count(*) FILTER (WHERE action = 'insert') AS inserted,
           count(*) FILTER (WHERE action = 'update') AS updated,
           count(*) FILTER (WHERE action = 'delete') AS deleted
      FROM {{repair}}.change WHERE run = _run GROUP BY table_name
  ), aside AS (
    SELECT table_name, count(*) AS n FROM {{repair}}.set_aside WHERE cause <> 'locked' GROUP BY table_name
  ), by_table AS (
    SELECT table_name, coalesce(d.inserted, 0) AS inserted, coalesce(d.updated, 0) AS updated,
           coalesce(d.deleted, 0) AS deleted, coalesce(a.n, 0) AS set_aside
      FROM done AS d FULL JOIN aside AS a USING (table_name)
  )
  SELECT jsonb_build_object(
    'run', _run,
    'inserted', (SELECT coalesce(sum(inserted), 0) FROM by_table),
    'updated', (SELECT coalesce(sum(updated), 0) FROM by_table),
    'deleted', (SELECT coalesce(sum(deleted), 0) FROM by_table),
    'set_aside', (SELECT coalesce(sum(set_aside), 0) FROM by_table),
    'open', {{repair}}.open_differences(),
    'by_table', (SELECT coalesce(jsonb_object_agg(table_name, to_jsonb(b) - 'table_name'), '{}') FROM by_table AS b)
      || (SELECT coalesce(jsonb_object_agg(table_name, '{"not_downloaded": true}'::jsonb), '{}')
            FROM {{repair}}.client_table WHERE key_columns IS NOT NULL AND NOT {{repair}}.is_downloaded(controller)));
$fix$;
COMMENT ON FUNCTION {{repair}}.result_of(bigint) IS 'What a run did, as the runner reads it; status and message come from whoever ends it.';

CREATE OR REPLACE FUNCTION {{repair}}.finish_run(_run bigint, _status {{repair}}.run_status, _message text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _result jsonb;
  _refresh text;
BEGIN
  PERFORM {{repair}}.keep_lock();
  IF _status = 'failed' THEN
    PERFORM {{repair}}.expect_phase(_run, 'comparing', 'applying');
  ELSIF _status IN ('done', 'partial', 'refused') THEN
    PERFORM {{repair}}.expect_phase(_run, 'applying');
  ELSE
    RAISE EXCEPTION 'a run cannot be ended as %', _status;
  END IF;
  _result := {{repair}}.result_of(_run);
  PERFORM {{repair}}.write_monitoring(_run);
  IF _status <> 'failed' THEN
    _refresh := {{repair}}.refresh_views();
    IF _refresh IS NOT NULL THEN
      _message := concat_ws('; ', _message, 'the views were not refreshed: ' || _refresh);
    END IF;
    _message := nullif(concat_ws('; ', _message, {{repair}}.spells_of(_run), {{repair}}.capped(_run)), '');
  END IF;
  UPDATE {{repair}}.run
     SET status = _status, phase = 'ended', ended_at = clock_timestamp(), message = _message,
         inserted = (_result ->> 'inserted')::integer, updated = (_result ->> 'updated')::integer,
         deleted = (_result ->> 'deleted')::integer, set_aside = (_result ->> 'set_aside')::integer,
         views_error = _refresh
   WHERE id = _run;
  IF (SELECT whole FROM {{repair}}.run WHERE id = _run) THEN
    PERFORM {{repair}}.prune();
  END IF;
  RETURN _result || jsonb_build_object('status', _status, 'message', _message);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.finish_run(bigint, {{repair}}.run_status, text) IS
  'Closes a run: monitoring, views, result; after a whole pass, prunes what is too old.';

CREATE OR REPLACE FUNCTION {{repair}}.prune() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _runs timestamptz := (SELECT now() - keep_runs FROM {{repair}}.settings);
  _deletions timestamptz := (SELECT now() - keep_deletions FROM {{repair}}.settings);
BEGIN
  DELETE FROM {{repair}}.change WHERE run IN (SELECT id FROM {{repair}}.run WHERE started_at < _runs);
  DELETE FROM {{repair}}.run WHERE started_at < _runs AND status <> 'running';
  DELETE FROM {{repair}}.job WHERE started_at < _runs AND status <> 'running'; -- with its sites and gaps
  DELETE FROM {{repair}}.deleted_row WHERE deleted_at < _deletions;
  DELETE FROM {{repair}}.tombstone WHERE deleted_at < _deletions;
  DELETE FROM {{repair}}.main_deletion WHERE deleted_at < _deletions;
  DELETE FROM {{repair}}.blind_spell WHERE until < _deletions;
  -- Two downloads back are enough: a suspicion is drawn from the last one.
  DELETE FROM {{repair}}.downloaded_key WHERE at < now() - interval '15 days';
END
$fix$;
COMMENT ON FUNCTION {{repair}}.prune() IS 'Removes runs, jobs, kept deletions and what downloads brought, once too old.';
