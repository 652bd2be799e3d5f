CREATE OR REPLACE FUNCTION {{check}}.fix_atomic_message() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- A function can never commit: this is the server's message for it, in the session's language.
  BEGIN
    COMMIT;
  EXCEPTION WHEN invalid_transaction_termination THEN
    RETURN SQLERRM;
  END;
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_atomic_message() IS 'The error of a COMMIT inside an open transaction, in the session''s language.';

CREATE OR REPLACE PROCEDURE {{check}}.fix_run(
  _mode text, _dry_run boolean, _context jsonb, INOUT _summary jsonb)
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
-- Commits, so it may have neither a SET clause nor SECURITY DEFINER: it has only the caller's rights, and what
-- writes to main is fix_batch.
DECLARE
  _run bigint;
  _message text;
  _state text;
  _stage integer;
  _id bigint;
  _site text;
  _key text;
  _taken integer;
  _size integer;
  _full_size integer;
  _single integer;
  _tries integer;
  _left integer := 0;
  _b record;
  _started timestamptz;
BEGIN
  -- Within BEGIN this COMMIT fails with one message, outside with another (it is in a handler's block).
  BEGIN
    COMMIT;
  EXCEPTION WHEN invalid_transaction_termination THEN
    _message := SQLERRM;
  END;
  IF _message = {{check}}.fix_atomic_message() THEN
    RAISE EXCEPTION 'the repair commits its batches: call it outside BEGIN (in psql: without \set AUTOCOMMIT off or -1)'
      USING ERRCODE = 'invalid_transaction_termination';
  END IF;
  IF _mode IS NULL OR _mode NOT IN ('daily', 'weekly', 'all') THEN
    RAISE EXCEPTION 'mode %: one of daily, weekly, all was expected', pg_catalog.quote_nullable(_mode);
  END IF;

  IF _dry_run THEN
    _summary := {{check}}.fix_dry_run(_mode, _context, {{check}}.fix_dead_runs());
    RETURN;
  END IF;
  SELECT b._run, b._message INTO _run, _message
    FROM {{check}}.fix_begin(_mode, _context, {{check}}.fix_dead_runs(),
      -- Asked here: the repair's role may not see it.
      (SELECT a.backend_start FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid())) AS b;
  COMMIT;
  IF _run IS NULL THEN
    _summary := pg_catalog.jsonb_build_object('run_id', NULL, 'status', 'busy', 'message', _message,
      'inserted', 0, 'updated', 0, 'deleted', 0, 'set_aside', 0, 'by_table', '{}'::jsonb);
    RETURN;
  END IF;

  BEGIN
    PERFORM {{check}}.fix_keep_lock();
    _summary := {{check}}.fix_compare(_run, _mode, _context);
    _state := NULL;
  EXCEPTION WHEN OTHERS THEN
    _state := SQLSTATE;
    _message := SQLERRM;
  END;
  IF _state IS NOT NULL THEN
    PERFORM {{check}}.fix_finish(_run, 'failed', _message);
    COMMIT;
    RAISE EXCEPTION 'run % of the repair failed while comparing: %', _run, _message USING ERRCODE = _state;
  END IF;
  COMMIT;
  IF _summary ->> 'refused' IS NOT NULL THEN
    _summary := {{check}}.fix_finish(_run, 'refused', _summary ->> 'refused');
    COMMIT;
    RETURN;
  END IF;

  _full_size := {{check}}.fix_batch_size();
  FOREACH _stage IN ARRAY {{check}}.fix_stages() LOOP
    _id := '-9223372036854775808';
    _site := '';
    _key := '';
    _size := _full_size;
    _single := 0;
    _tries := 0;
    LOOP
      _state := NULL;
      _started := pg_catalog.clock_timestamp();
      BEGIN
        SELECT * INTO _b FROM {{check}}.fix_batch(_run, _stage, _id, _site, _key,
                                                  CASE WHEN _single > 0 THEN 1 ELSE _size END);
      EXCEPTION WHEN OTHERS THEN
        _state := SQLSTATE;
        _message := SQLERRM;
      END;
      -- COMMIT is not allowed inside the handler: whatever is done about an error is done here.
      IF _state IS NULL THEN
        COMMIT;
        EXIT WHEN _b._taken = 0;
        _id := _b._id;
        _site := _b._site;
        _key := _b._key;
        _tries := 0;
        IF _single > 0 THEN
          _single := _single - 1;
        ELSE
          -- Locks are kept for a batch: smaller ones where main's triggers are slow.
          _size := {{check}}.fix_next_size(_size, _full_size, pg_catalog.clock_timestamp() - _started);
        END IF;
      ELSIF _state IN ('55P03', '40P01', '40001') AND _tries < 8 THEN
        -- Somebody holds a row: let go of all of ours, wait, try again. The repair's own lock is kept meanwhile.
        COMMIT;
        _tries := _tries + 1;
        PERFORM {{check}}.fix_keep_lock();
        PERFORM pg_catalog.pg_sleep(0.01::double precision * _tries);
        COMMIT;
      ELSIF _state = 'VNEND' THEN
        RAISE EXCEPTION '%', _message USING ERRCODE = '55000';
      ELSIF _single = 0 AND _size > 1 THEN
        COMMIT;
        _single := _size; -- row by row, a COMMIT each: only the row that is refused is set aside
        _tries := 0;
      ELSE
        SELECT * INTO _b FROM {{check}}.fix_set_next_aside(_run, _stage, _id, _site, _key, _state, _message);
        COMMIT;
        EXIT WHEN NOT FOUND OR _b._id IS NULL;
        _id := _b._id;
        _site := _b._site;
        _key := _b._key;
        _tries := 0;
        IF _state IN ('55P03', '40P01', '40001') THEN
          _left := _left + 1;
        END IF;
        IF _single > 0 THEN
          _single := _single - 1;
        END IF;
      END IF;
    END LOOP;
  END LOOP;

  _summary := {{check}}.fix_finish(_run, CASE WHEN _left > 0 THEN 'partial' ELSE 'done' END,
    CASE WHEN _left > 0
         THEN pg_catalog.format('%s rows of main stayed locked by other sessions; the next run tries them again', _left) END);
  COMMIT;
END
$fix$;
COMMENT ON PROCEDURE {{check}}.fix_run(text, boolean, jsonb, jsonb) IS
  'Repairs main from check. Mode: daily (journal), weekly (and whole observations_json), all (and other tables, and contents with the same update_ts).';

CREATE OR REPLACE FUNCTION {{check}}.fix_stages() RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce(array_agg(stage ORDER BY stage), '{}')
    FROM (SELECT DISTINCT stage::integer FROM {{check}}.repair_open WHERE state = 'pending') AS s;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_stages() IS 'Stages of the work list that have work, in the order to do them.';

CREATE OR REPLACE FUNCTION {{check}}.fix_batch_size() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT (settings ->> 'batchSize')::integer FROM {{check}}.repair_setting;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_batch_size() IS 'Rows of a batch, at most.';

CREATE OR REPLACE FUNCTION {{check}}.fix_next_size(_size integer, _full integer, _took interval) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- A writer waits for a batch's time and, at worst, its lock_timeout too: together well under half a second.
  SELECT CASE WHEN _took > interval '150 milliseconds' THEN greatest(1, _size / 2)
              WHEN _took < interval '50 milliseconds' THEN least(_full, _size * 2)
              ELSE _size END;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_next_size(integer, integer, interval) IS 'Size of the next batch, from the time the last one took.';

CREATE OR REPLACE FUNCTION {{check}}.fix_set_next_aside(
  _run bigint, _stage integer, INOUT _id bigint, INOUT _site text, INOUT _key text, _sqlstate text, _message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- A row that is only locked keeps its place: it was not refused.
  UPDATE {{check}}.repair_open AS o
     SET state = CASE WHEN _sqlstate IN ('55P03', '40P01', '40001') THEN 'busy' ELSE 'refused' END,
         run_id = _run, tries = o.tries + 1, sqlstate = _sqlstate, message = left(_message, 1000)
    FROM (SELECT w.id, w.site, w.key FROM {{check}}.repair_open AS w
           WHERE w.stage = _stage AND w.state = 'pending' AND (w.id, w.site, w.key) > (_id, _site, _key)
           ORDER BY w.id, w.site, w.key LIMIT 1) AS n
   WHERE o.stage = _stage AND o.id = n.id AND o.site = n.site AND o.key = n.key
  RETURNING o.id, o.site, o.key INTO _id, _site, _key;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_set_next_aside(bigint, integer, bigint, text, text, text, text) IS
  'Sets the next key of the work list aside: refused by main, or kept locked by another session. The next run tries it again.';

CREATE OR REPLACE FUNCTION {{check}}.fix_dry_run(_mode text, _context jsonb, _dead bigint[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _found jsonb;
  _result text;
BEGIN
  -- Nor between two batches of a run: they would find the lock taken for as long as this compares.
  IF NOT {{check}}.fix_lock() OR {{check}}.fix_other_run(_dead) IS NOT NULL THEN
    RETURN jsonb_build_object('run_id', NULL, 'status', 'busy', 'message', 'another repair is under way',
      'inserted', 0, 'updated', 0, 'deleted', 0, 'set_aside', 0, 'by_table', '{}'::jsonb);
  END IF;
  BEGIN
    PERFORM {{check}}.fix_renew_shapes();
    _found := {{check}}.fix_compare(-1, _mode, _context);
    -- The comparison is the real one; its work list, and the journal it consumed, are rolled back with this.
    RAISE EXCEPTION USING ERRCODE = 'VNDRY', MESSAGE = _found::text;
  EXCEPTION WHEN SQLSTATE 'VNDRY' THEN
    GET STACKED DIAGNOSTICS _result = MESSAGE_TEXT;
  END;
  _found := _result::jsonb;
  RETURN (
    SELECT jsonb_build_object(
             'run_id', NULL, 'dry_run', true,
             'status', CASE WHEN _found ->> 'refused' IS NULL THEN 'done' ELSE 'refused' END,
             'message', _found ->> 'refused',
             'inserted', coalesce(sum((t.counts ->> 'insert')::bigint), 0),
             'updated', coalesce(sum((t.counts ->> 'update')::bigint), 0),
             'deleted', coalesce(sum((t.counts ->> 'delete')::bigint), 0),
             'set_aside', 0,
             'open', _found -> 'open',
             'by_table', coalesce(jsonb_object_agg(t.tab, jsonb_build_object(
               'inserted', coalesce((t.counts ->> 'insert')::bigint, 0),
               'updated', coalesce((t.counts ->> 'update')::bigint, 0),
               'deleted', coalesce((t.counts ->> 'delete')::bigint, 0), 'set_aside', 0))
               FILTER (WHERE t.tab IS NOT NULL), '{}'))
      FROM jsonb_each(_found -> 'by_table') AS t (tab, counts));
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_dry_run(text, jsonb, bigint[]) IS 'Compares as a run would, and leaves nothing behind but the answer.';
