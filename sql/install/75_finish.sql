CREATE OR REPLACE FUNCTION {{check}}.fix_monitor(_run bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- As in the original procedure: a row for inserts and one for updates even where there was none.
  INSERT INTO {{monitoring}}.monitoring_vn_check_to_prod (action, count, instance, run_id)
  SELECT a.action, coalesce(n.count, 0), {{instance_text}}, _run
    FROM (VALUES (1, 'insert'), (2, 'update'), (3, 'delete')) AS a (ord, action)
    LEFT JOIN (SELECT action, count(*) FROM {{check}}.repair_row
                WHERE run_id = _run AND tab = 'observations_json' GROUP BY action) AS n USING (action)
   WHERE a.action <> 'delete' OR n.count > 0
   ORDER BY a.ord;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_monitor(bigint) IS 'Writes a run''s monitoring rows, one per action, from its recorded rows.';

CREATE OR REPLACE FUNCTION {{check}}.fix_summary(_run bigint, _status text, _message text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH done AS (
    SELECT tab, count(*) FILTER (WHERE action = 'insert') AS inserted,
           count(*) FILTER (WHERE action = 'update') AS updated,
           count(*) FILTER (WHERE action = 'delete') AS deleted
      FROM {{check}}.repair_row WHERE run_id = _run GROUP BY tab
  ), aside AS (
    SELECT tab, count(*) AS n FROM {{check}}.repair_open WHERE state IN ('refused', 'dropped') GROUP BY tab
  ), by_table AS (
    SELECT tab, coalesce(d.inserted, 0) AS inserted, coalesce(d.updated, 0) AS updated,
           coalesce(d.deleted, 0) AS deleted, coalesce(a.n, 0) AS set_aside
      FROM done AS d FULL JOIN aside AS a USING (tab)
  )
  SELECT jsonb_build_object(
    'run_id', _run, 'status', _status, 'message', _message,
    'inserted', (SELECT coalesce(sum(inserted), 0) FROM by_table),
    'updated', (SELECT coalesce(sum(updated), 0) FROM by_table),
    'deleted', (SELECT coalesce(sum(deleted), 0) FROM by_table),
    'set_aside', (SELECT coalesce(sum(set_aside), 0) FROM by_table),
    'open', (SELECT coalesce(jsonb_object_agg(state, n), '{}')
               FROM (SELECT state, count(*) AS n FROM {{check}}.repair_open GROUP BY state) AS o),
    'by_table', (SELECT coalesce(jsonb_object_agg(tab, to_jsonb(b) - 'tab'), '{}') FROM by_table AS b)
      || (SELECT coalesce(jsonb_object_agg(tab, '{"not_downloaded": true}'::jsonb), '{}')
            FROM {{check}}.repair_shape WHERE NOT {{check}}.fix_downloaded(controler)));
$fix$;
COMMENT ON FUNCTION {{check}}.fix_summary(bigint, text, text) IS 'What a run did, as the runner reads it.';

CREATE OR REPLACE FUNCTION {{check}}.fix_finish(_run bigint, _status text, _message text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _summary jsonb;
  _refresh text;
  _whole boolean;
BEGIN
  PERFORM {{check}}.fix_keep_lock();
  SELECT (compared ->> 'whole')::boolean INTO _whole
    FROM {{check}}.repair_run WHERE id = _run AND status = 'running';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % of the repair is not under way', _run USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF _status NOT IN ('done', 'partial', 'refused', 'failed') THEN
    RAISE EXCEPTION 'unknown status %', _status;
  END IF;
  _summary := {{check}}.fix_summary(_run, _status, _message);
  PERFORM {{check}}.fix_monitor(_run);
  IF _status <> 'failed' THEN
    _refresh := {{check}}.fix_refresh();
    IF _refresh IS NOT NULL THEN
      _message := concat_ws('; ', _message, 'the views were not refreshed: ' || _refresh);
      _summary := _summary || jsonb_build_object('message', _message);
    END IF;
  END IF;
  UPDATE {{check}}.repair_run
     SET status = _status, ended_at = clock_timestamp(), summary = _summary, message = _message
   WHERE id = _run;
  IF _whole THEN
    PERFORM {{check}}.fix_prune();
  END IF;
  RETURN _summary;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_finish(bigint, text, text) IS
  'Closes a run: monitoring, views, summary; after a whole pass, prunes what is too old.';

CREATE OR REPLACE FUNCTION {{check}}.fix_refresh() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _view record;
  _any boolean := EXISTS (SELECT FROM {{check}}.repair_open);
BEGIN
  FOR _view IN
    SELECT c.oid::regclass AS name, c.relispopulated FROM pg_class AS c
     WHERE c.relnamespace = {{check_regnamespace}} AND c.relkind = 'm'
       AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data') ORDER BY c.relname
  LOOP
    IF NOT _view.relispopulated THEN
      EXECUTE format('REFRESH MATERIALIZED VIEW %s', _view.name); -- CONCURRENTLY wants a filled one
      CONTINUE;
    END IF;
    IF NOT _any THEN
      -- Nothing open, before and now: nothing to refresh.
      EXECUTE format('SELECT EXISTS (SELECT FROM %s)', _view.name) INTO _any;
      CONTINUE WHEN NOT _any;
    END IF;
    EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', _view.name);
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  -- What people look at must not undo what was repaired.
  RETURN SQLERRM;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_refresh() IS 'Refreshes the views without blocking readers; returns what went wrong, or NULL.';

CREATE OR REPLACE FUNCTION {{check}}.fix_prune() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
  _runs timestamptz := now() - make_interval(days => (_s ->> 'keepRunsDays')::integer);
  _kept timestamptz := now() - make_interval(days => (_s ->> 'keepDeletionsDays')::integer);
BEGIN
  DELETE FROM {{check}}.repair_row WHERE run_id IN (SELECT id FROM {{check}}.repair_run WHERE started_at < _runs);
  DELETE FROM {{check}}.repair_run WHERE started_at < _runs AND status <> 'running';
  DELETE FROM {{check}}.job_run WHERE started_at < _runs AND status <> 'running';
  DELETE FROM {{check}}.repair_deleted WHERE deleted_at < _kept;
  DELETE FROM {{check}}.repair_tombstone WHERE deleted_at < _kept;
  DELETE FROM {{check}}.repair_main_delete WHERE deleted_at < _kept;
  -- Two downloads back are enough: a suspicion is drawn from the last one.
  DELETE FROM {{check}}.repair_seen WHERE at < now() - interval '15 days';
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_prune() IS 'Removes runs, kept deletions and what downloads brought, once too old.';
