CREATE OR REPLACE FUNCTION {{check}}.fix_batch(
  _run bigint, _stage integer, INOUT _id bigint, INOUT _site text, INOUT _key text, _size integer,
  OUT _taken integer, OUT _done integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _h {{check}}.repair_shape;
  _action text;
  _ids bigint[];
  _sites text[];
  _keys text[];
BEGIN
  _taken := 0;
  _done := 0;
  PERFORM {{check}}.fix_limits();
  PERFORM {{check}}.fix_keep_lock();
  IF NOT EXISTS (SELECT FROM {{check}}.repair_run WHERE id = _run AND status = 'running') THEN
    -- A code of its own: main's triggers may raise any of the server's, and those only set their row aside.
    RAISE EXCEPTION 'run % of the repair is not under way', _run USING ERRCODE = 'VNEND';
  END IF;
  SELECT t._ids, t._sites, t._keys, cardinality(t._ids)
    INTO _ids, _sites, _keys, _taken
    FROM {{check}}.fix_take(_stage, _id, _site, _key, _size) AS t;
  IF _ids IS NULL THEN
    _taken := 0;
    RETURN;
  END IF;
  SELECT h.* INTO STRICT _h FROM {{check}}.repair_shape AS h WHERE h.stage <= _stage ORDER BY h.stage DESC LIMIT 1;

  IF _stage >= 300 THEN
    _done := {{check}}.fix_delete_rows(_run, _stage, _ids, _sites);
    _action := 'delete';
  ELSIF _stage = _h.stage THEN
    _action := 'insert';
    _done := {{check}}.fix_insert_rows(_run, _h, _ids, _sites, _keys);
  ELSE
    _action := 'update';
    _done := {{check}}.fix_update_rows(_run, _stage, _h, _ids, _sites, _keys);
  END IF;

  IF _done < _taken AND _action <> 'delete' THEN
    PERFORM {{check}}.fix_mark_dropped(_run, _stage, _h, _ids, _sites, _keys);
  END IF;
  -- What is not marked is repaired, or was no difference any more.
  PERFORM {{check}}.fix_close(_stage, _id, _site, _key, _ids[_taken], _sites[_taken], _keys[_taken]);
  _id := _ids[_taken];
  _site := _sites[_taken];
  _key := _keys[_taken];
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_batch(bigint, integer, bigint, text, text, integer) IS
  'Repairs the next keys of the work list after the one given, in key order; returns the last one, how many were taken and how many rows of main changed.';

CREATE OR REPLACE FUNCTION {{check}}.fix_take(
  _stage integer, _id bigint, _site text, _key text, _size integer, OUT _ids bigint[], OUT _sites text[], OUT _keys text[])
-- plpgsql, not sql, for its plan is kept for the session.
LANGUAGE plpgsql STABLE
  -- The work list has just been written and has no statistics: the planner would read it whole each time.
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $fix$
BEGIN
  SELECT array_agg(o.id), array_agg(o.site), array_agg(o.key) INTO _ids, _sites, _keys
    FROM (SELECT w.id, w.site, w.key
            FROM {{check}}.repair_open AS w
           WHERE w.stage = _stage AND w.state = 'pending' AND (w.id, w.site, w.key) > (_id, _site, _key)
           ORDER BY w.id, w.site, w.key LIMIT _size) AS o;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_take(integer, bigint, text, text, integer) IS 'The next keys of a stage of the work list, in key order.';

CREATE OR REPLACE FUNCTION {{check}}.fix_close(
  _stage integer, _id bigint, _site text, _key text, _last_id bigint, _last_site text, _last_key text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $fix$
BEGIN
  DELETE FROM {{check}}.repair_open AS w
   WHERE w.stage = _stage AND w.state = 'pending' AND (w.id, w.site, w.key) > (_id, _site, _key)
     AND (w.id, w.site, w.key) <= (_last_id, _last_site, _last_key);
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_close(integer, bigint, text, text, bigint, text, text) IS
  'Takes the keys of a batch off the work list.';

CREATE OR REPLACE FUNCTION {{check}}.fix_limits() RETURNS void
LANGUAGE plpgsql AS $fix$
BEGIN
  -- Below deadlock_timeout: it is the repair that gives way, before a deadlock could name main's own sync as the
  -- victim; and short, as the batch keeps its own locks while it waits. Ends with the transaction.
  PERFORM set_config('lock_timeout',
                    least((SELECT settings ->> 'lockTimeoutMs' FROM {{check}}.repair_setting)::integer,
                          (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 500)::integer)::text, true);
  -- A crash may lose the last batches, and with each its keys' removal from the work list: the next run does them
  -- again. The last commit of a run waits for the disk, and so for all before it.
  PERFORM set_config('synchronous_commit', 'off', true);
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_limits() IS 'lock_timeout and synchronous_commit of a batch, for this transaction.';

-- The functions from here to fix_delete_rows run within fix_batch, with its rights and search_path; nobody else may
-- call them.
CREATE OR REPLACE FUNCTION {{check}}.fix_insert_rows(
  _run bigint, _h {{check}}.repair_shape, _ids bigint[], _sites text[], _keys text[]) RETURNS integer
LANGUAGE plpgsql AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
  _count integer;
BEGIN
  SET CONSTRAINTS ALL IMMEDIATE; -- else a deferred one fails at COMMIT, where nothing can catch it
  EXECUTE pg_catalog.format($sql$
    WITH o AS (SELECT * FROM unnest($2, $3, $4) WITH ORDINALITY AS k (id, site, key, ord)),
         done AS (
           INSERT INTO {{main}}.%1$I AS m (%2$s)
           SELECT %3$s FROM o JOIN {{check}}.%1$I AS c ON %4$s
            WHERE %5$s
            ORDER BY o.ord
           %6$s
           RETURNING %12$s, m.xmax = 0 AS fresh)
    INSERT INTO {{check}}.repair_row (run_id, tab, id, site, key, action, old_ts, new_ts)
    SELECT $1, %7$L, %8$s, %9$s, %10$s, CASE WHEN c.fresh THEN 'insert' ELSE 'update' END, NULL, %11$s
      FROM done AS c $sql$,
    _h.tab, _h.sql ->> 'columns', _h.sql ->> 'source', _h.sql ->> 'check_open',
    -- Deleted by main's own sync since the comparison: not put back.
    CASE WHEN _h.has_ts THEN pg_catalog.format(
      'NOT EXISTS (SELECT FROM {{check}}.repair_main_delete AS d WHERE d.id = c.id AND d.site = c.site
         AND d.deleted_at > (SELECT started_at FROM {{check}}.repair_run WHERE id = $1)
         AND c.update_ts <= pg_catalog.date_part(''epoch'', d.deleted_at) + %L::integer)', _s ->> 'tolerance')
      ELSE 'true' END,
    -- Main's own sync may bring the row meanwhile: the newest version wins.
    CASE WHEN NOT (_h.sql ->> 'conflict')::boolean THEN ''
         WHEN _h.has_ts THEN pg_catalog.format('ON CONFLICT (%s) DO UPDATE SET %s WHERE m.update_ts < EXCLUDED.update_ts',
                                               _h.sql ->> 'keys', _h.sql ->> 'excluded')
         ELSE pg_catalog.format('ON CONFLICT (%s) DO NOTHING', _h.sql ->> 'keys') END,
    _h.tab, _h.sql ->> 'id', _h.sql ->> 'site', _h.sql ->> 'key',
    CASE WHEN _h.has_ts THEN 'c.update_ts' ELSE 'NULL' END,
    (_h.sql ->> 'main_keys') || CASE WHEN _h.has_ts THEN ', m.update_ts' ELSE '' END)
    USING _run, _ids, _sites, _keys;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_insert_rows(bigint, {{check}}.repair_shape, bigint[], text[], text[]) IS
  'Inserts rows that main lacks, in key order, and records each.';

CREATE OR REPLACE FUNCTION {{check}}.fix_update_rows(
  _run bigint, _stage integer, _h {{check}}.repair_shape, _ids bigint[], _sites text[], _keys text[]) RETURNS integer
LANGUAGE plpgsql AS $fix$
DECLARE
  _count integer;
  _older text := CASE WHEN NOT _h.has_ts THEN _h.sql ->> 'differs'
                      WHEN _stage = _h.stage + 1 THEN 'm.update_ts < c.update_ts'
                      ELSE 'm.update_ts = c.update_ts AND (' || (_h.sql ->> 'differs') || ')' END;
BEGIN
  SET CONSTRAINTS ALL IMMEDIATE;
  -- Locked first, in key order, as rows of one batch: two writers in the same order cannot deadlock.
  EXECUTE pg_catalog.format($sql$
    WITH o AS (SELECT * FROM unnest($2, $3, $4) WITH ORDINALITY AS k (id, site, key, ord)),
         locked AS MATERIALIZED (
           SELECT o.*, %8$s AS old_ts FROM o JOIN {{main}}.%1$I AS m ON %2$s
            ORDER BY o.ord FOR NO KEY UPDATE OF m),
         done AS (
           UPDATE {{main}}.%1$I AS m SET %3$s
             FROM locked AS o JOIN {{check}}.%1$I AS c ON %4$s
            WHERE %5$s AND (%6$s)
           RETURNING o.id, o.site, o.key, o.old_ts, %9$s AS new_ts)
    INSERT INTO {{check}}.repair_row (run_id, tab, id, site, key, action, old_ts, new_ts)
    SELECT $1, %7$L, id, site, key, 'update', old_ts, new_ts FROM done $sql$,
    _h.tab, _h.sql ->> 'main_open', _h.sql ->> 'assigned', _h.sql ->> 'check_open', _h.sql ->> 'main_open',
    _older, _h.tab, CASE WHEN _h.has_ts THEN 'm.update_ts' ELSE 'NULL::bigint' END,
    CASE WHEN _h.has_ts THEN 'm.update_ts' ELSE 'NULL::bigint' END)
    USING _run, _ids, _sites, _keys;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_update_rows(bigint, integer, {{check}}.repair_shape, bigint[], text[], text[]) IS
  'Brings rows of main up to date that are older than check''s, in key order, and records each.';

CREATE OR REPLACE FUNCTION {{check}}.fix_mark_dropped(
  _run bigint, _stage integer, _h {{check}}.repair_shape, _ids bigint[], _sites text[], _keys text[]) RETURNS void
LANGUAGE plpgsql AS $fix$
BEGIN
  -- Still different in the very transaction that wrote it: a BEFORE trigger of main let it drop.
  EXECUTE pg_catalog.format($sql$
    UPDATE {{check}}.repair_open AS o
       SET state = 'dropped', tries = o.tries + 1, run_id = $1, sqlstate = NULL,
           message = 'a BEFORE trigger of main drops this row without an error; tried again when check has another version'
      FROM unnest($3, $4, $5) AS k (id, site, key)
     WHERE o.stage = $2 AND o.id = k.id AND o.site = k.site AND o.key = k.key AND o.state = 'pending'
       AND EXISTS (SELECT FROM {{check}}.%1$I AS c WHERE %2$s
                      AND %3$s EXISTS (SELECT FROM {{main}}.%1$I AS m WHERE %4$s AND (%5$s))
                      %6$s) $sql$,
    _h.tab, _h.sql ->> 'check_open', CASE WHEN _stage = _h.stage THEN 'NOT' ELSE '' END, _h.sql ->> 'main_open',
    CASE WHEN _stage = _h.stage THEN 'true'
         WHEN NOT _h.has_ts THEN _h.sql ->> 'differs'
         WHEN _stage = _h.stage + 1 THEN 'm.update_ts < c.update_ts'
         ELSE 'm.update_ts = c.update_ts AND (' || (_h.sql ->> 'differs') || ')' END,
    -- Deleted from main since the comparison: not dropped, held back.
    CASE WHEN _stage = _h.stage AND _h.has_ts THEN
      'AND NOT EXISTS (SELECT FROM {{check}}.repair_main_delete AS d WHERE d.id = c.id AND d.site = c.site
         AND d.deleted_at > (SELECT started_at FROM {{check}}.repair_run WHERE id = $1))' ELSE '' END)
    USING _run, _stage, _ids, _sites, _keys;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_mark_dropped(bigint, integer, {{check}}.repair_shape, bigint[], text[], text[]) IS
  'Of a batch''s keys, marks those that main''s triggers dropped silently.';

CREATE OR REPLACE FUNCTION {{check}}.fix_delete_rows(_run bigint, _stage integer, _ids bigint[], _sites text[]) RETURNS integer
LANGUAGE plpgsql AS $fix$
DECLARE
  _count integer;
BEGIN
  IF (SELECT settings ->> 'deletions' FROM {{check}}.repair_setting) <> 'apply' THEN
    RETURN 0;
  END IF;
  SET CONSTRAINTS ALL IMMEDIATE;
  WITH locked AS MATERIALIZED (
         SELECT m.id, m.site
           FROM unnest(_ids, _sites) WITH ORDINALITY AS k (id, site, ord)
           JOIN {{main}}.observations_json AS m ON m.id = k.id AND m.site = k.site
          ORDER BY k.ord FOR UPDATE OF m),
       done AS (
         DELETE FROM {{main}}.observations_json AS m
          USING locked AS l JOIN {{check}}.repair_open AS o ON o.stage = _stage AND o.id = l.id AND o.site = l.site
          WHERE m.id = l.id AND m.site = l.site AND m.update_ts <= o.check_ts
            -- Looked at again as late as this: check may have the row again, or a download have brought it.
            AND (_stage <> 300 OR NOT EXISTS (
                   SELECT FROM {{check}}.observations_json AS c WHERE c.id = m.id AND c.site = m.site))
            AND (_stage <> 301 OR NOT EXISTS (
                   SELECT FROM {{check}}.repair_seen AS n
                    WHERE n.id = m.id AND n.site = m.site AND n.at > o.first_seen))
         RETURNING m.id, m.site, m.update_ts, pg_catalog.to_jsonb(m) AS content),
       kept AS (
         INSERT INTO {{check}}.repair_deleted (run_id, row_id, site, reason, content)
         SELECT _run, id, site, CASE _stage WHEN 300 THEN 'followed' ELSE 'suspected' END, content FROM done)
  INSERT INTO {{check}}.repair_row (run_id, tab, id, site, key, action, old_ts, new_ts)
  SELECT _run, 'observations_json', id, site, '', 'delete', update_ts, NULL FROM done;
  GET DIAGNOSTICS _count = ROW_COUNT;
  -- The watcher of main has noted these too, as somebody's; they are ours. What it noted of them before is over: main
  -- had the row again. A key that main's sync deleted first, while this batch waited, keeps its note.
  DELETE FROM {{check}}.repair_main_delete AS d
   USING unnest(_ids, _sites) AS k (id, site)
   WHERE d.id = k.id AND d.site = k.site
     AND EXISTS (SELECT FROM {{check}}.repair_deleted AS r
                  WHERE r.row_id = k.id AND r.site = k.site AND r.run_id = _run);
  UPDATE {{check}}.repair_tombstone AS t SET state = 'followed'
    FROM unnest(_ids, _sites) AS k (id, site)
   WHERE _stage = 300 AND t.id = k.id AND t.site = k.site AND t.state = 'new'
     AND NOT EXISTS (SELECT FROM {{main}}.observations_json AS m WHERE m.id = t.id AND m.site = t.site);
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_delete_rows(bigint, integer, bigint[], text[]) IS
  'Deletes rows from main that the portal no longer has, keeps each whole, and records it.';
