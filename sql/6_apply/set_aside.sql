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
    (table_name, action, id, site, key, reason, cause, sqlstate, message, check_update_ts, main_update_ts, run, triggers_seen)
  SELECT k.table_name, k.action, k.id, k.site, k.key, k.reason, _cause, _sqlstate, left(_message, 1000),
         k.check_update_ts, k.main_update_ts, _run, t.triggers_seen
    FROM taken AS k JOIN {{repair}}.client_table AS t ON t.table_name = _table
  ON CONFLICT ON CONSTRAINT set_aside_pk DO UPDATE SET
    reason = EXCLUDED.reason, cause = EXCLUDED.cause, sqlstate = EXCLUDED.sqlstate, message = EXCLUDED.message,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts,
    run = EXCLUDED.run, triggers_seen = EXCLUDED.triggers_seen, tries = a.tries + 1, last_at = EXCLUDED.last_at;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.put_aside(
  bigint, text, {{repair}}.action, bigint[], text[], text[], {{repair}}.set_aside_cause, text, text) IS
  'Moves keys from the work list into quarantine.';

CREATE OR REPLACE FUNCTION {{repair}}.look_again(
  _run bigint, _table text, _action {{repair}}.action, _ids bigint[], _sites text[], _keys text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _places bigint[];
  _changed bigint;
BEGIN
  -- Still different in the very transaction that wrote it: a trigger of main let it drop, put something else in its
  -- place, or took it away again.
  EXECUTE format('SELECT {{repair}}.%I($1, $2, $3, $4, $5)', 'still_different_' || _table)
    INTO _places USING _run, _action, _ids, _sites, _keys;
  IF cardinality(_places) > 0 THEN
    PERFORM {{repair}}.put_aside(_run, _table, _action,
      ARRAY(SELECT _ids[p] FROM unnest(_places) AS p), ARRAY(SELECT _sites[p] FROM unnest(_places) AS p),
      ARRAY(SELECT _keys[p] FROM unnest(_places) AS p), 'dropped', NULL,
      'a trigger of main drops this row, or makes another of it, without an error; tried again when check has another version, or main other triggers');
    -- Nothing of it is in main: it was not repaired.
    DELETE FROM {{repair}}.change AS c USING unnest(_places) AS p
     WHERE c.run = _run AND c.table_name = _table AND c.action <> 'delete'
       AND c.id = _ids[p] AND c.site = _sites[p] AND c.key = _keys[p];
    -- Nor is it one of main's deletions that this transaction itself has made.
    DELETE FROM {{repair}}.main_deletion AS d USING unnest(_places) AS p
     WHERE _table = 'observations_json' AND d.id = _ids[p] AND d.site = _sites[p] AND d.deleted_at >= now();
  END IF;
  EXECUTE format('SELECT {{repair}}.%I($1, $2, $3)', 'written_otherwise_' || _table) INTO _changed USING _ids, _sites, _keys;
  IF _changed > 0 THEN
    UPDATE {{repair}}.run SET changed_by_triggers = changed_by_triggers + _changed WHERE id = _run;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.look_again(bigint, text, {{repair}}.action, bigint[], text[], text[]) IS
  'Reads again what a batch has written: sets aside what main''s triggers dropped, and counts what they changed.';

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
