CREATE OR REPLACE FUNCTION {{repair}}.try_statement(_sql text) RETURNS void
-- With the search_path of main's triggers, and the rights of whoever tries.
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _deferred text := (
    SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ')
      FROM pg_catalog.pg_constraint AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.connamespace
     WHERE c.condeferred AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'));
BEGIN
  EXECUTE _sql;
  SET CONSTRAINTS ALL IMMEDIATE; -- as in write_rows
  IF _deferred IS NOT NULL THEN
    EXECUTE pg_catalog.format('SET CONSTRAINTS %s DEFERRED', _deferred); -- for the next step
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.try_statement(text) IS 'Runs a statement on main as a write function would, down main''s triggers.';

CREATE OR REPLACE FUNCTION {{repair}}.trial_statements(_trial jsonb, _id text) RETURNS text[]
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH a AS (
    SELECT quote_ident(a.attname) AS name, a.attname, a.attnum, _trial -> 'keys' ? a.attname AS is_key,
           CASE WHEN a.attname = _trial #>> '{keys,0}' AND _id IS NOT NULL THEN _id ELSE _trial -> 'row' ->> a.attname END AS value
      FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relname = _trial ->> 'table'
       AND a.attgenerated = '' AND a.attidentity <> 'a' AND _trial -> 'row' ? a.attname
  ), s AS (
    SELECT format('{{main}}.%I', _trial ->> 'table') AS relation,
           string_agg(a.name, ', ' ORDER BY a.attnum) AS columns,
           string_agg(format('m.%s OPERATOR(pg_catalog.=) %L', a.name, a.value), ' AND ') FILTER (WHERE a.is_key) AS found,
           string_agg(a.name, ', ' ORDER BY a.attnum) FILTER (WHERE a.is_key) AS keys,
           string_agg(format('%1$s = EXCLUDED.%1$s', a.name), ', ' ORDER BY a.attnum) FILTER (WHERE NOT a.is_key) AS replaced,
           coalesce(min(format('%1$s = m.%1$s OPERATOR(pg_catalog.+) 1', a.name))
                      FILTER (WHERE (_trial ->> 'versioned')::boolean AND a.attname = 'update_ts'),
                    min(format('%1$s = m.%1$s', a.name)) FILTER (WHERE NOT a.is_key)) AS assigned
      FROM a
  )
  SELECT ARRAY[
    format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM pg_catalog.jsonb_populate_record(NULL::%1$s, %3$L)%4$s', s.relation, s.columns,
           (_trial -> 'row') || CASE WHEN _id IS NULL THEN '{}' ELSE jsonb_build_object(_trial #>> '{keys,0}', _id) END,
           -- Under its own key, as the client writes it.
           CASE WHEN _id IS NULL THEN format(' ON CONFLICT (%s) DO UPDATE SET %s', s.keys, s.replaced) END),
    format('UPDATE %s AS m SET %s WHERE %s', s.relation, s.assigned, s.found),
    CASE WHEN (_trial ->> 'deletes')::boolean THEN format('DELETE FROM %s AS m WHERE %s', s.relation, s.found) END,
    format('SELECT jsonb_agg(to_jsonb(m)) FROM %s AS m WHERE %s', s.relation, s.found)]
    FROM s;
$fix$;
COMMENT ON FUNCTION {{repair}}.trial_statements(jsonb, text) IS
  'What a trial runs: INSERT, UPDATE, where deletions are applied DELETE, and how the row in main is read.';

CREATE OR REPLACE FUNCTION {{repair}}.try_row(_trial jsonb, _id text, _roles text[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _sql text[] := {{repair}}.trial_statements(_trial, _id);
  _before jsonb;
  _row jsonb;
  _seen jsonb := '{}'::jsonb;
  _answer text;
BEGIN
  BEGIN
    PERFORM {{repair}}.limit_waiting();
    FOR _step IN 1 .. 3 LOOP
      CONTINUE WHEN _sql[_step] IS NULL;
      _before := {{repair}}.written_so_far();
      PERFORM {{repair}}.try_statement(_sql[_step]);
      EXECUTE _sql[4] INTO _row;
      _seen := _seen || jsonb_build_object((ARRAY['insert', 'update', 'delete'])[_step],
        {{repair}}.written_elsewhere(_before, coalesce(_id, _trial -> 'row' ->> (_trial #>> '{keys,0}')), _roles)
        || jsonb_build_object(_trial ->> 'table', jsonb_build_object('columns',
             {{repair}}.as_columns(coalesce(_row, '[]'), _roles))));
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'VNDRY', MESSAGE = _seen::text;
  EXCEPTION
    WHEN SQLSTATE 'VNDRY' THEN
      GET STACKED DIAGNOSTICS _answer = MESSAGE_TEXT;
    WHEN OTHERS THEN
      _answer := jsonb_build_object('error', jsonb_build_object('sqlstate', SQLSTATE, 'message', SQLERRM));
  END;
  RETURN _answer::jsonb;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.try_row(jsonb, text, text[]) IS
  'What comes of a row that is inserted, updated and deleted in main, all of it rolled back; or the error.';

CREATE OR REPLACE FUNCTION {{repair}}.time_for_trials() RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- Triggers may be slow: what is not tried by then is not tried. There are four rounds at most.
  SELECT CASE WHEN current_setting('statement_timeout')::interval > interval '0'
              THEN least(interval '10 seconds', current_setting('statement_timeout')::interval / 10)
              ELSE interval '10 seconds' END;
$fix$;
COMMENT ON FUNCTION {{repair}}.time_for_trials() IS 'How long rows are tried in one round, at most.';

CREATE OR REPLACE FUNCTION {{repair}}.try_rows(_trials jsonb, _roles text[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _trial jsonb;
  _result jsonb;
  _results jsonb := '[]'::jsonb;
  _until timestamptz := clock_timestamp() + {{repair}}.time_for_trials();
BEGIN
  FOR _trial IN SELECT t FROM jsonb_array_elements(_trials) AS t LOOP
    FOR _try IN 1 .. 2 LOOP
      -- A key that nobody has; main may check its range, have no partition for it, or compute with it.
      _result := {{repair}}.try_row(_trial, _trial ->> CASE _try WHEN 1 THEN 'id' ELSE 'spare' END, _roles);
      EXIT WHEN _trial ->> 'id' IS NULL OR _trial ->> 'spare' IS NULL
             OR coalesce(_result #>> '{error,sqlstate}', '42501') IN ('42501', '55P03', '40P01');
    END LOOP;
    _results := _results || jsonb_build_array(_result);
    EXIT WHEN clock_timestamp() > _until;
  END LOOP;
  RETURN _results;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.try_rows(jsonb, text[]) IS 'Tries rows one after the other, each rolled back; an outcome for each.';

CREATE OR REPLACE FUNCTION {{repair}}.try_as_repair(_trials jsonb, _roles text[]) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT {{repair}}.try_rows(_trials, _roles);
$fix$;
COMMENT ON FUNCTION {{repair}}.try_as_repair(jsonb, text[]) IS 'Tries rows with the rights with which a repair writes.';

CREATE OR REPLACE FUNCTION {{repair}}.try_as_main_owner(_trials jsonb, _roles text[]) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT {{repair}}.try_rows(_trials, _roles);
$fix$;
COMMENT ON FUNCTION {{repair}}.try_as_main_owner(jsonb, text[]) IS
  'Tries rows as main''s owner, whose function this is where the administrator may give it; the repair''s role alone may call it.';

CREATE OR REPLACE FUNCTION {{repair}}.can_compare() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (
    SELECT FROM pg_proc AS p JOIN pg_class AS c ON c.relowner = p.proowner
     WHERE p.oid = '{{repair}}.try_as_main_owner(jsonb, text[])'::regprocedure
       AND c.relnamespace = '{{main}}'::regnamespace AND c.relname = 'observations_json');
$fix$;
COMMENT ON FUNCTION {{repair}}.can_compare() IS 'Can rows be tried as main''s owner too?';
