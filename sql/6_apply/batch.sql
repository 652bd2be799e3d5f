CREATE OR REPLACE FUNCTION {{repair}}.limit_waiting() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- Below deadlock_timeout: it is the repair that gives way, before a deadlock could name main's own sync as the
  -- victim; and short, as the batch keeps its own locks while it waits. Ends with the transaction.
  PERFORM set_config('lock_timeout',
                    (1000 * least(extract(epoch FROM (SELECT s.lock_timeout FROM {{repair}}.settings AS s)),
                                  extract(epoch FROM current_setting('deadlock_timeout')::interval) / 2))::integer::text, true);
  -- A crash may lose the last batches, and with each its keys' removal from the work list: the next run does them
  -- again. The last commit of a run waits for the disk, and so for all before it.
  PERFORM set_config('synchronous_commit', 'off', true);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.limit_waiting() IS 'lock_timeout and synchronous_commit of a batch, for this transaction.';

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
  SET CONSTRAINTS ALL IMMEDIATE; -- else a deferred one fails at COMMIT, where nothing can catch it
  EXECUTE pg_catalog.format('SELECT {{repair}}.%I($1, $2, $3, $4)', _function)
    INTO _done USING _run, _ids, _sites, _keys;
  RETURN _done;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.write_rows(text, bigint, bigint[], text[], text[]) IS
  'Calls a write function of a table, down main''s triggers; how many rows it wrote.';

CREATE OR REPLACE FUNCTION {{repair}}.batch(
  _run bigint, _table text, _action {{repair}}.action, INOUT _id bigint, INOUT _site text, INOUT _key text, _size integer,
  _last_try boolean, OUT _taken integer, OUT _is_aside boolean, OUT _state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _ids bigint[];
  _sites text[];
  _keys text[];
  _done integer;
  _message text;
BEGIN
  PERFORM {{repair}}.keep_lock();
  PERFORM {{repair}}.as_main();
  PERFORM {{repair}}.limit_waiting();
  PERFORM {{repair}}.expect_phase(_run, 'applying');
  SELECT t._ids, t._sites, t._keys INTO _ids, _sites, _keys
    FROM {{repair}}.take_items(_table, _action, _id, _site, _key, _size) AS t;
  _taken := coalesce(cardinality(_ids), 0);
  _is_aside := false;
  IF _taken = 0 THEN
    RETURN;
  END IF;
  BEGIN
    IF _action = 'delete' THEN
      PERFORM {{repair}}.delete_rows(_run, _ids, _sites);
    ELSE
      _done := {{repair}}.write_rows('apply_' || _action || '_' || _table, _run, _ids, _sites, _keys);
      -- What no trigger can have changed needs no second look.
      IF _done < _taken OR (SELECT has_triggers FROM {{repair}}.client_table WHERE table_name = _table) THEN
        PERFORM {{repair}}.look_again(_run, _table, _action, _ids, _sites, _keys);
      END IF;
    END IF;
    -- What is not set aside is repaired, or was no difference any more.
    PERFORM {{repair}}.close_items(_table, _action, _id, _site, _key, _ids[_taken], _sites[_taken], _keys[_taken]);
    PERFORM {{repair}}.end_quarantine(_run, _table, _action, _ids, _sites, _keys);
  EXCEPTION WHEN OTHERS THEN
    _state := SQLSTATE;
    _message := SQLERRM;
  END;
  IF _state IS NOT NULL THEN
    IF _taken > 1 OR {{repair}}.is_lock_conflict(_state) AND NOT _last_try THEN
      RETURN; -- nothing was done: tried again row by row, or later
    END IF;
    PERFORM {{repair}}.put_aside(_run, _table, _action, _ids, _sites, _keys,
      (CASE WHEN {{repair}}.is_lock_conflict(_state) THEN 'locked' ELSE 'refused' END)::{{repair}}.set_aside_cause,
      _state, _message);
    _is_aside := true;
  END IF;
  _id := _ids[_taken];
  _site := _sites[_taken];
  _key := _keys[_taken];
END
$fix$;
COMMENT ON FUNCTION {{repair}}.batch(
  bigint, text, {{repair}}.action, bigint, text, text, integer, boolean) IS
  'Repairs the next keys of the work list after the one given, in key order; returns the last one and how many were taken. _state: the error, with which a single row is set aside; of several none was written then.';
