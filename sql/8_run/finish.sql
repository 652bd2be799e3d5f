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
    -- Of those that are set aside: tried by this very run, locked ones too.
    'in_vain', (SELECT count(*) FROM {{repair}}.set_aside WHERE run = _run),
    'changed_by_triggers', (SELECT changed_by_triggers FROM {{repair}}.run WHERE id = _run),
    'open', {{repair}}.open_differences(),
    'by_table', (SELECT coalesce(jsonb_object_agg(table_name, to_jsonb(b) - 'table_name'), '{}') FROM by_table AS b)
      || (SELECT coalesce(jsonb_object_agg(t.table_name, '{"not_downloaded": true}'::jsonb), '{}')
            FROM {{repair}}.client_table AS t, {{repair}}.settings AS s
           WHERE t.key_columns IS NOT NULL AND NOT {{repair}}.is_downloaded(t.controller, s.reference_controllers)));
$fix$;
COMMENT ON FUNCTION {{repair}}.result_of(bigint) IS 'What a run did, as the runner reads it; status and message come from whoever ends it.';

CREATE OR REPLACE FUNCTION {{repair}}.note_problem(_run bigint, _problem jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  UPDATE {{repair}}.run SET problems = problems || _problem WHERE id = _run;
$fix$;
COMMENT ON FUNCTION {{repair}}.note_problem(bigint, jsonb) IS 'Adds to what people have to see to after a run.';

CREATE OR REPLACE FUNCTION {{repair}}.nothing_taken(_run bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Errors of rights and names quote objects, others may quote what a row says of somebody.
  SELECT jsonb_build_object('problem', 'all refused', 'rows', count(*), 'table', min(a.table_name),
           'sqlstate', min(a.sqlstate), 'said', min(a.message) FILTER (WHERE a.sqlstate LIKE '42%'))
    FROM {{repair}}.set_aside AS a
   WHERE a.run = _run AND a.cause = 'refused' AND NOT EXISTS (SELECT FROM {{repair}}.change WHERE run = _run)
  HAVING count(*) > 0;
$fix$;
COMMENT ON FUNCTION {{repair}}.nothing_taken(bigint) IS
  'The problem of a run of which main has refused every row; NULL: it has taken some, or there was none.';

CREATE OR REPLACE FUNCTION {{repair}}.finish_run(_run bigint, _error text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _result jsonb;
  _r {{repair}}.run;
  _status {{repair}}.run_status;
  _message text := _error;
  _problem jsonb;
  _locked bigint;
  _refused bigint;
  _unseen bigint;
  _refresh text;
BEGIN
  SELECT * INTO _r FROM {{repair}}.run WHERE id = _run;
  -- How it ended is not for the caller to say.
  IF _error IS NOT NULL THEN
    _status := 'failed';
  ELSIF _r.phase = 'comparing' OR _r.phase = 'applying' AND EXISTS (SELECT FROM {{repair}}.work_item WHERE run = _run) THEN
    RAISE EXCEPTION 'run % of the repair has not come to its end', _run USING ERRCODE = 'object_not_in_prerequisite_state';
  ELSIF _r.phase = 'refused' THEN
    _status := 'refused';
    _message := _r.message;
  ELSE
    SELECT count(*) FILTER (WHERE cause = 'locked'), count(*) FILTER (WHERE cause = 'refused') INTO _locked, _refused
      FROM {{repair}}.set_aside WHERE run = _run;
    IF _refused > 0 THEN
      _problem := {{repair}}.nothing_taken(_run);
    END IF;
    _unseen := {{repair}}.lost_unseen(_run);
    _status := (CASE WHEN _problem IS NOT NULL THEN 'failed'
                    WHEN _locked > 0 OR _unseen IS NOT NULL OR jsonb_path_exists(_r.problems, '$[*] ? (@.problem == "unknown site")') THEN 'partial'
                    ELSE 'done' END)::{{repair}}.run_status;
    _message := nullif(concat_ws('; ', _r.message,
      CASE WHEN _problem IS NOT NULL THEN format('main has refused every row: %s of them, the error is %s',
        _problem ->> 'rows', coalesce(_problem ->> 'said', _problem ->> 'sqlstate')) END,
      CASE WHEN _locked > 0
           THEN format('%s rows of main stayed locked by other sessions; the next run tries them again', _locked) END,
      CASE WHEN _unseen > 0
           THEN format('%s rows that main lacks were not put back: they may have been deleted when nobody watched', _unseen) END), '');
    IF _problem IS NOT NULL THEN
      PERFORM {{repair}}.note_problem(_run, _problem);
    END IF;
  END IF;
  _result := {{repair}}.result_of(_run);
  PERFORM {{repair}}.write_monitoring(_run);
  IF _error IS NULL THEN
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
   WHERE id = _run
  RETURNING * INTO _r;
  IF _r.whole THEN
    PERFORM {{repair}}.prune();
  END IF;
  IF _r.whole OR EXISTS (SELECT FROM {{repair}}.trigger_seen WHERE of_main AND mark !~ '^(A|there)') THEN
    PERFORM {{repair}}.mend_watch(); -- last, for its lock
  END IF;
  RETURN _result || jsonb_build_object('status', _status, 'message', _message, 'problems', _r.problems);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.finish_run(bigint, text) IS
  'Closes a run, as failed where it is given an error: monitoring, views, result; after a whole pass, prunes what is too old.';

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
  -- What main lacks for want of them keeps its own.
  DELETE FROM {{repair}}.downloaded_key AS n
   WHERE n.at < now() - interval '15 days'
     AND NOT EXISTS (SELECT FROM {{repair}}.held_back AS h
                      WHERE h.table_name = 'observations_json' AND h.action = 'insert' AND h.id = n.id
                        AND h.site = n.site COLLATE "C" AND h.key = '' AND h.cause = 'unseen');
END
$fix$;
COMMENT ON FUNCTION {{repair}}.prune() IS 'Removes runs, jobs, kept deletions and what downloads brought, once too old.';
