CREATE OR REPLACE FUNCTION {{repair}}.work_to_do() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- An array, not rows: a loop over a query would not outlive the commits within it.
  SELECT coalesce(array_agg(ARRAY[t.table_name, a.action::text] ORDER BY a.action = 'delete', t.position, a.action), '{}')
    FROM {{repair}}.client_table AS t
   CROSS JOIN unnest(enum_range(NULL::{{repair}}.action)) AS a (action)
   WHERE EXISTS (SELECT FROM {{repair}}.work_item AS w WHERE w.table_name = t.table_name AND w.action = a.action);
$fix$;
COMMENT ON FUNCTION {{repair}}.work_to_do() IS
  'Tables and actions of the work list, in the order in which they are to be written: pairs of texts.';

CREATE OR REPLACE FUNCTION {{repair}}.full_batch_size() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT batch_size FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.full_batch_size() IS 'Rows of a batch, at most.';

CREATE OR REPLACE FUNCTION {{repair}}.next_batch_size(_size integer, _full integer, _took interval) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- A writer waits for a batch's time and, at worst, its lock_timeout too: together well under half a second.
  SELECT CASE WHEN _took > interval '150 milliseconds' THEN greatest(1, _size / 2)
              WHEN _took < interval '50 milliseconds' THEN least(_full, _size * 2)
              ELSE _size END;
$fix$;
COMMENT ON FUNCTION {{repair}}.next_batch_size(integer, integer, interval) IS 'Size of the next batch, from the time the last one took.';

-- Commits, so it may have neither a SET clause nor SECURITY DEFINER: it has only the caller's rights, and what writes to
-- main is batch.
CREATE OR REPLACE PROCEDURE {{repair}}.write_out(_run bigint, _table text, _action {{repair}}.action, _timeout interval)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
DECLARE
  _full integer := {{repair}}.full_batch_size();
  _size integer := _full;
  _single integer := 0; -- how many rows are still to be done one by one
  _tries integer := 0;
  _id bigint := '-9223372036854775808'::bigint;
  _site text := '';
  _key text := '';
  _b record;
  _cut_off boolean;
  _started timestamptz;
BEGIN
  LOOP
    _cut_off := false;
    _started := pg_catalog.clock_timestamp();
    BEGIN
      SELECT * INTO _b
        FROM {{repair}}.batch(_run, _table, _action, _id, _site, _key, CASE WHEN _single > 0 THEN 1 ELSE _size END, _tries >= 8);
    EXCEPTION WHEN query_canceled THEN
      IF NOT {{repair}}.ended_by_timeout(SQLSTATE, _timeout) THEN
        RAISE; -- a person did
      END IF;
      _cut_off := true;
    END;
    CALL {{repair}}.next_transaction();
    CONTINUE WHEN _cut_off;
    EXIT WHEN _b._taken = 0;
    IF _b._state IS NULL OR _b._is_aside THEN
      IF _single = 0 AND _b._state IS NULL THEN
        -- Locks are kept for a batch: smaller ones where main's triggers are slow.
        _size := {{repair}}.next_batch_size(_size, _full, pg_catalog.clock_timestamp() - _started);
      END IF;
      _id := _b._id;
      _site := _b._site;
      _key := _b._key;
      _tries := 0;
      _single := CASE WHEN _single > 0 THEN _single - 1 ELSE 0 END;
    ELSIF {{repair}}.is_lock_conflict(_b._state) AND _tries < 8 THEN
      -- Somebody holds a row: all of ours are let go by now. Wait, try again; the repair's own lock is kept meanwhile.
      _tries := _tries + 1;
      PERFORM {{repair}}.keep_lock();
      PERFORM pg_catalog.pg_sleep(0.01::double precision * _tries::double precision);
      CALL {{repair}}.next_transaction();
    ELSE
      _single := _b._taken; -- row by row, a COMMIT each: only the row that is refused is set aside
      _tries := 0;
    END IF;
  END LOOP;
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.write_out(bigint, text, {{repair}}.action, interval) IS
  'Does all that the work list has of one table and action, batch by batch.';
