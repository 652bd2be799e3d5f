CREATE OR REPLACE FUNCTION {{repair}}.make_write_functions(_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _keys text[] := {{repair}}.key_columns(_table);
  _words jsonb := {{repair}}.table_words(_table);
  _versioned boolean := (_words ->> 'versioned')::boolean;
  _arguments text := '(_run bigint, _ids bigint[], _sites text[], _keys text[]) RETURNS integer';
BEGIN
  UPDATE {{repair}}.client_table
     SET key_columns = CASE WHEN _words IS NOT NULL THEN _keys END, has_update_ts = _versioned
   WHERE table_name = _table;
  IF _words IS NULL THEN
    RETURN;
  END IF;
  _words := _words || jsonb_build_object(
    'on_conflict', CASE WHEN {{repair}}.has_unique_key(_table, _keys) THEN 'ON CONFLICT (@keys@) DO NOTHING' ELSE '' END,
    -- Main's own sync may bring the row meanwhile: the newest version wins.
    'meanwhile', CASE WHEN _versioned THEN $word$
  IF _count < pg_catalog.cardinality(_ids) THEN
    _count := _count + {{repair}}.apply_update_@table@(_run, _ids, _sites, _keys);
  END IF;$word$ ELSE '' END,
    -- Deleted by main's own sync since the run began: not put back.
    'not_deleted', CASE WHEN _versioned THEN $word$NOT EXISTS (
             SELECT FROM {{repair}}.main_deletion AS d
              WHERE d.id OPERATOR(pg_catalog.=) c.id AND d.site OPERATOR(pg_catalog.=) c.site
                AND d.deleted_at OPERATOR(pg_catalog.>) (
                  SELECT r.started_at FROM {{repair}}.run AS r WHERE r.id OPERATOR(pg_catalog.=) _run)
                AND c.update_ts OPERATOR(pg_catalog.<=) extract(
                  epoch FROM d.deleted_at OPERATOR(pg_catalog.+) (SELECT s.tolerance FROM {{repair}}.settings AS s)))$word$
                        ELSE 'true' END,
    'old_ts', CASE WHEN _versioned THEN 'm.update_ts::bigint' ELSE 'NULL::bigint' END,
    'new_ts', CASE WHEN _versioned THEN 'c.update_ts' ELSE 'NULL' END,
    'has_older', CASE WHEN _versioned THEN '(m.update_ts IS NULL OR m.update_ts OPERATOR(pg_catalog.<) c.update_ts)' ELSE 'false' END,
    'same_version', CASE WHEN _versioned THEN 'm.update_ts OPERATOR(pg_catalog.=) c.update_ts' ELSE 'true' END,
    'returned_ts', CASE WHEN _versioned THEN ', m.update_ts' ELSE '' END,
    'older', CASE WHEN _versioned THEN '(@has_older@
             OR m.update_ts OPERATOR(pg_catalog.=) c.update_ts AND (@differs@)
             AND {{repair}}.is_other_content(@table_text@, w.id, w.site, w.key))' ELSE '(@differs@)' END);

  PERFORM {{repair}}.make_function(format('%I', 'apply_insert_' || _table) || _arguments, $body$
DECLARE
  _count integer;
BEGIN
  WITH wanted AS (
    SELECT * FROM unnest(_ids, _sites, _keys) WITH ORDINALITY AS w (id, site, key, ord)
  ), done AS (
    INSERT INTO {{main}}.@table@ AS m (@columns@)
    SELECT @source@
      FROM wanted AS w JOIN {{check}}.@table@ AS c ON @check_is_wanted@
     WHERE @not_deleted@
     ORDER BY w.ord
    @on_conflict@
    RETURNING @main_keys@@returned_ts@
  )
  INSERT INTO {{repair}}.change (run, table_name, action, id, site, key, old_update_ts, new_update_ts)
  SELECT _run, @table_text@, 'insert', @id@, @site@, @key@, NULL, @new_ts@ FROM done AS c;
  GET DIAGNOSTICS _count = ROW_COUNT;@meanwhile@
  RETURN _count;
END$body$, _words, format('Inserts rows of %s that main lacks, in key order, and records each.', _table));

  PERFORM {{repair}}.make_function(format('%I', 'apply_update_' || _table) || _arguments, $body$
DECLARE
  _count integer;
BEGIN
  -- Locked first, in key order, as rows of one batch: two writers in the same order cannot deadlock.
  WITH wanted AS (
    SELECT * FROM unnest(_ids, _sites, _keys) WITH ORDINALITY AS w (id, site, key, ord)
  ), locked AS MATERIALIZED (
    SELECT w.*, @old_ts@ AS old_ts FROM wanted AS w JOIN {{main}}.@table@ AS m ON @main_is_wanted@
     ORDER BY w.ord FOR NO KEY UPDATE OF m
  ), done AS (
    UPDATE {{main}}.@table@ AS m SET @assigned@
      FROM locked AS w JOIN {{check}}.@table@ AS c ON @check_is_wanted@
     WHERE @main_is_wanted@ AND @older@
    RETURNING w.id, w.site, w.key, w.old_ts, @old_ts@ AS new_ts
  )
  INSERT INTO {{repair}}.change (run, table_name, action, id, site, key, old_update_ts, new_update_ts)
  SELECT _run, @table_text@, 'update', id, site, key, old_ts, new_ts FROM done;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END$body$, _words, format('Brings rows of %s up to date, in key order, and records each.', _table));

  PERFORM {{repair}}.make_function(format('%I', 'still_different_' || _table)
      || '(_run bigint, _action {{repair}}.action, _ids bigint[], _sites text[], _keys text[]) RETURNS bigint[]', $body$
BEGIN
  RETURN ARRAY(
    SELECT w.ord
      FROM unnest(_ids, _sites, _keys) WITH ORDINALITY AS w (id, site, key, ord)
      JOIN {{check}}.@table@ AS c ON @check_is_wanted@
      LEFT JOIN {{main}}.@table@ AS m ON @main_is_wanted@
     WHERE CASE WHEN m.@first_key@ IS NULL
                -- Written in this run, and gone: main's own sync would have had to wait.
                THEN _action = 'insert' AND @not_deleted@ OR {{repair}}.is_written(_run, @table_text@, w.id, w.site, w.key)
                WHEN _action = 'insert' THEN @has_older@
                ELSE @older@ END);
END$body$, _words,
    format('Which of these rows of %s still differ: their places in the arrays.', _table));

  PERFORM {{repair}}.make_function(format('%I', 'written_otherwise_' || _table)
      || '(_ids bigint[], _sites text[], _keys text[]) RETURNS bigint', $body$
BEGIN
  RETURN (
    SELECT count(*)
      FROM unnest(_ids, _sites, _keys) AS w (id, site, key)
      JOIN {{check}}.@table@ AS c ON @check_is_wanted@
      JOIN {{main}}.@table@ AS m ON @main_is_wanted@
     WHERE @same_version@ AND (@differs@));
END$body$, _words,
    format('How many of these rows of %s main has with another content than check: its triggers have changed it.', _table));

  PERFORM {{repair}}.make_compare_function(_table, _words, _versioned);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.make_write_functions(text) IS
  'Makes a client table''s functions: apply_insert_…, apply_update_…, still_different_…, written_otherwise_…, and what compares it.';

SELECT {{repair}}.renew_client_tables();
