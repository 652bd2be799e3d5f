CREATE OR REPLACE FUNCTION {{repair}}.is_lock_conflict(_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- lock_not_available, deadlock_detected, serialization_failure
  SELECT _sqlstate IN ('55P03', '40P01', '40001');
$fix$;
COMMENT ON FUNCTION {{repair}}.is_lock_conflict(text) IS 'Does an error say that another session was in the way, not the row itself?';

CREATE OR REPLACE FUNCTION {{repair}}.put_aside(
  _run bigint, _table text, _action {{repair}}.action, _ids bigint[], _sites text[], _keys text[],
  _cause {{repair}}.set_aside_cause, _sqlstate text, _message text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off AS $fix$
BEGIN
  WITH taken AS (
    -- Each key looked up by the index: the planner, without statistics, would read the whole queue for each.
    DELETE FROM {{repair}}.work_item AS w
     USING unnest(_ids, _sites, _keys) AS k (id, site, key)
     CROSS JOIN LATERAL (
       SELECT x.ctid AS place FROM {{repair}}.work_item AS x
        WHERE x.table_name = _table AND x.action = _action AND x.id = k.id AND x.site = k.site AND x.key = k.key
       OFFSET 0) AS found
     WHERE w.ctid = found.place
    RETURNING w.*
  )
  INSERT INTO {{repair}}.set_aside AS a
    (table_name, action, id, site, key, reason, cause, sqlstate, message, check_update_ts, main_update_ts, run)
  SELECT table_name, action, id, site, key, reason, _cause, _sqlstate, left(_message, 1000),
         check_update_ts, main_update_ts, _run
    FROM taken
  ON CONFLICT ON CONSTRAINT set_aside_pk DO UPDATE SET
    reason = EXCLUDED.reason, cause = EXCLUDED.cause, sqlstate = EXCLUDED.sqlstate, message = EXCLUDED.message,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts,
    run = EXCLUDED.run, tries = a.tries + 1, last_at = EXCLUDED.last_at;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.put_aside(
  bigint, text, {{repair}}.action, bigint[], text[], text[], {{repair}}.set_aside_cause, text, text) IS
  'Moves keys from the work list into quarantine.';

CREATE OR REPLACE FUNCTION {{repair}}.set_dropped_aside(
  _run bigint, _table text, _action {{repair}}.action, _ids bigint[], _sites text[], _keys text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _places bigint[];
BEGIN
  -- Still different in the very transaction that wrote it: a BEFORE trigger of main let it drop.
  EXECUTE format('SELECT {{repair}}.%I($1, $2, $3, $4, $5)', 'still_different_' || _table)
    INTO _places USING _run, _action, _ids, _sites, _keys;
  PERFORM {{repair}}.put_aside(_run, _table, _action,
    ARRAY(SELECT _ids[p] FROM unnest(_places) AS p), ARRAY(SELECT _sites[p] FROM unnest(_places) AS p),
    ARRAY(SELECT _keys[p] FROM unnest(_places) AS p), 'dropped', NULL,
    'a BEFORE trigger of main drops this row without an error; tried again when check has another version');
END
$fix$;
COMMENT ON FUNCTION {{repair}}.set_dropped_aside(
  bigint, text, {{repair}}.action, bigint[], text[], text[]) IS
  'Of a batch''s keys, sets those aside that main''s triggers dropped silently.';

CREATE OR REPLACE FUNCTION {{repair}}.end_quarantine(
  _run bigint, _table text, _action {{repair}}.action, _ids bigint[], _sites text[], _keys text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  DELETE FROM {{repair}}.set_aside AS a
   USING unnest(_ids, _sites, _keys) AS k (id, site, key)
   CROSS JOIN LATERAL (
     SELECT x.ctid AS place FROM {{repair}}.set_aside AS x
      WHERE x.table_name = _table AND x.action = _action AND x.id = k.id AND x.site = k.site AND x.key = k.key
        AND x.run <> _run -- those of this run have just been set aside
     OFFSET 0) AS found
   WHERE a.ctid = found.place;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.end_quarantine(bigint, text, {{repair}}.action, bigint[], text[], text[]) IS
  'Rows that an earlier run had set aside, and this one has written, are in quarantine no longer.';

CREATE OR REPLACE FUNCTION {{repair}}.set_next_aside(
  _run bigint, _table text, _action {{repair}}.action, INOUT _id bigint, INOUT _site text, INOUT _key text,
  _sqlstate text, _message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _t record;
BEGIN
  PERFORM {{repair}}.expect_phase(_run, 'applying');
  SELECT t._ids, t._sites, t._keys INTO _t FROM {{repair}}.take_items(_table, _action, _id, _site, _key, 1) AS t;
  _id := _t._ids[1];
  _site := _t._sites[1];
  _key := _t._keys[1];
  IF _id IS NOT NULL THEN
    PERFORM {{repair}}.put_aside(_run, _table, _action, _t._ids, _t._sites, _t._keys,
      (CASE WHEN {{repair}}.is_lock_conflict(_sqlstate) THEN 'locked' ELSE 'refused' END)::{{repair}}.set_aside_cause,
      _sqlstate, _message);
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.set_next_aside(
  bigint, text, {{repair}}.action, bigint, text, text, text, text) IS
  'Sets the next key of the work list aside: refused by main, or kept locked by another session. The next run tries it again.';
