CREATE OR REPLACE FUNCTION {{repair}}.take_items(
  _table text, _action {{repair}}.action, _id bigint, _site text, _key text, _size integer,
  OUT _ids bigint[], OUT _sites text[], OUT _keys text[])
-- plpgsql, not sql, for its plan is kept for the session.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  -- The work list has just been written and has no statistics: the planner would read it whole each time.
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $fix$
BEGIN
  SELECT array_agg(o.id), array_agg(o.site), array_agg(o.key) INTO _ids, _sites, _keys
    FROM (SELECT w.id, w.site, w.key
            FROM {{repair}}.work_item AS w
           WHERE w.table_name = _table AND w.action = _action AND (w.id, w.site, w.key) > (_id, _site, _key)
           ORDER BY w.id, w.site, w.key LIMIT _size) AS o;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.take_items(text, {{repair}}.action, bigint, text, text, integer) IS
  'The next keys of a table and action on the work list, in key order.';

CREATE OR REPLACE FUNCTION {{repair}}.close_items(
  _table text, _action {{repair}}.action, _id bigint, _site text, _key text,
  _last_id bigint, _last_site text, _last_key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off AS $fix$
BEGIN
  -- By range: joined with the keys, the whole queue would be read for each of them.
  DELETE FROM {{repair}}.work_item AS w
   WHERE w.table_name = _table AND w.action = _action AND (w.id, w.site, w.key) > (_id, _site, _key)
     AND (w.id, w.site, w.key) <= (_last_id, _last_site, _last_key);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.close_items(
  text, {{repair}}.action, bigint, text, text, bigint, text, text) IS
  'Takes the keys of a batch off the work list: those after the first key, up to the last.';

CREATE OR REPLACE FUNCTION {{repair}}.write_rows(
  _function text, _run bigint, _ids bigint[], _sites text[], _keys text[]) RETURNS integer
-- With the search_path of main's triggers (rights/search_path.sql), which run in here and in what it calls.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _done integer;
BEGIN
  EXECUTE pg_catalog.format('SELECT {{repair}}.%I($1, $2, $3, $4)', _function)
    INTO _done USING _run, _ids, _sites, _keys;
  SET CONSTRAINTS ALL IMMEDIATE; -- deferred till here; else they fail at COMMIT, where nothing can catch it
  RETURN _done;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.write_rows(text, bigint, bigint[], text[], text[]) IS
  'Calls a write function of a table, down main''s triggers; how many rows it wrote.';

CREATE OR REPLACE FUNCTION {{repair}}.next_batch_size(_size integer, _full integer, _took interval) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- A writer waits for a batch's time and, at worst, its lock_timeout too: together well under half a second.
  SELECT CASE WHEN _took > interval '150 milliseconds' THEN greatest(1, _size / 2)
              WHEN _took < interval '50 milliseconds' THEN least(_full, _size * 2)
              ELSE _size END;
$fix$;
COMMENT ON FUNCTION {{repair}}.next_batch_size(integer, integer, interval) IS 'Size of the next batch, from the time the last one took.';

CREATE OR REPLACE FUNCTION {{repair}}.batch(
  INOUT _step {{repair}}.step, _table text, _action {{repair}}.action, _full integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _started timestamptz := clock_timestamp();
  _ids bigint[];
  _sites text[];
  _keys text[];
  _taken integer;
  _done integer;
  _state text;
  _message text;
BEGIN
  IF _step.waits THEN
    -- Somebody holds a row: all of ours have been let go. The repair's own lock is kept meanwhile.
    PERFORM pg_sleep(0.01 * least(_step.tries, 8));
    _step.waits := false;
    RETURN;
  END IF;
  IF pg_my_temp_schema() <> 0 THEN
    PERFORM {{repair}}.expect_no_temporary_object();
  END IF;
  PERFORM {{repair}}.as_main();
  PERFORM {{repair}}.limit_waiting();
  SELECT t._ids, t._sites, t._keys INTO _ids, _sites, _keys
    FROM {{repair}}.take_items(_table, _action, _step.id, _step.site, _step.key,
                               CASE WHEN _step.singles > 0 THEN 1 ELSE greatest(1, least(_step.size, _full)) END) AS t;
  _taken := coalesce(cardinality(_ids), 0);
  IF _taken = 0 THEN
    UPDATE {{repair}}.run SET writes_table = NULL WHERE id = _step.run;
    RETURN;
  END IF;
  BEGIN
    IF _action = 'delete' THEN
      PERFORM {{repair}}.delete_rows(_step.run, _ids, _sites);
    ELSE
      _done := {{repair}}.write_rows('apply_' || _action || '_' || _table, _step.run, _ids, _sites, _keys);
      -- What no trigger can have changed needs no second look.
      IF _done < _taken OR (SELECT has_triggers FROM {{repair}}.client_table WHERE table_name = _table) THEN
        PERFORM {{repair}}.look_again(_step.run, _table, _action, _ids, _sites, _keys);
      END IF;
    END IF;
    -- What is not set aside is repaired, or was no difference any more.
    PERFORM {{repair}}.close_items(_table, _action, _step.id, _step.site, _step.key, _ids[_taken], _sites[_taken], _keys[_taken]);
    PERFORM {{repair}}.end_quarantine(_step.run, _table, _action, _ids, _sites, _keys);
  EXCEPTION WHEN OTHERS THEN
    _state := SQLSTATE;
    _message := SQLERRM;
  END;
  IF _state IS NULL THEN
    IF _step.singles = 0 THEN
      -- Locks are kept for a batch: smaller ones where main's triggers are slow.
      _step.size := {{repair}}.next_batch_size(_step.size, _full, clock_timestamp() - _started);
    END IF;
  ELSIF {{repair}}.is_lock_conflict(_state) AND {{repair}}.is_held(_step.run) THEN
    -- Rows one by one, each for seconds, would take days: all of the batch is left to the next run.
    PERFORM {{repair}}.put_aside(_step.run, _table, _action, _ids, _sites, _keys, 'locked', _state,
                                 {{repair}}.with_holders(_state, _message));
    _step.singles := 0;
  ELSIF {{repair}}.is_lock_conflict(_state) AND _step.tries < 8 THEN
    _step.tries := _step.tries + 1;
    _step.waits := true;
    RETURN;
  ELSIF _taken > 1 THEN
    _step.singles := _taken; -- row by row, a COMMIT each: only the row that is refused is set aside
    _step.tries := 0;
    RETURN;
  ELSE
    PERFORM {{repair}}.put_aside(_step.run, _table, _action, _ids, _sites, _keys,
      (CASE WHEN {{repair}}.is_lock_conflict(_state) THEN 'locked' ELSE 'refused' END)::{{repair}}.set_aside_cause,
      _state, {{repair}}.with_holders(_state, _message));
  END IF;
  _step.id := _ids[_taken];
  _step.site := _sites[_taken];
  _step.key := _keys[_taken];
  _step.tries := 0;
  _step.singles := greatest(0, _step.singles - 1);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.batch({{repair}}.step, text, {{repair}}.action, integer) IS
  'Writes the next keys of the work list, in key order, or waits where others hold one of them; a single row that main does not take is set aside.';
