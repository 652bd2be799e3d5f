CREATE OR REPLACE FUNCTION {{repair}}.make_compare_function(_table text, _words jsonb, _versioned boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF _versioned THEN
    PERFORM {{repair}}.make_function(format('%I', 'compare_contents_' || _table)
        || '(_run bigint, _limit bigint) RETURNS bigint', $body$
DECLARE
  _count integer;
BEGIN
  -- Reads both items: minutes at 5 million rows, so only when asked for.
  INSERT INTO {{repair}}.work_item AS w
    (table_name, action, id, site, key, reason, check_update_ts, main_update_ts, run)
  SELECT @table_text@, 'update', @id@, @site@, @key@, 'other content', c.update_ts, m.update_ts, _run
    FROM {{check}}.@table@ AS c JOIN {{main}}.@table@ AS m ON @main_is_check@
   WHERE m.update_ts = c.update_ts AND (@differs@) AND octet_length(@site@) <= 1000
   LIMIT _limit
  ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET
    run = EXCLUDED.run, reason = EXCLUDED.reason,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END$body$, _words, format('Queues rows of %s with the same update_ts and another content.', _table));
    RETURN;
  END IF;
  PERFORM {{repair}}.make_function(format('%I', 'compare_' || _table)
      || '(_run bigint, _contents boolean, _ids bigint[], _sites text[], _keys text[], _limit bigint) RETURNS bigint', $body$
DECLARE
  _count integer;
BEGIN
  -- With keys: only these; without: the whole tables.
  INSERT INTO {{repair}}.work_item AS w (table_name, action, id, site, key, reason, run)
  SELECT @table_text@, (CASE WHEN m.@first_key@ IS NULL THEN 'insert' ELSE 'update' END)::{{repair}}.action,
         @id@, @site@, @key@,
         (CASE WHEN m.@first_key@ IS NULL THEN 'missing' ELSE 'other content' END)::{{repair}}.reason, _run
    FROM {{check}}.@table@ AS c
    LEFT JOIN {{main}}.@table@ AS m ON @main_is_check@
   WHERE (m.@first_key@ IS NULL OR _contents AND (@differs@))
     AND (_ids IS NULL OR (@id@, @site@, @key@) IN (SELECT * FROM unnest(_ids, _sites, _keys)))
     AND octet_length(@site@) <= 1000 AND octet_length(@key@) <= 1000 -- the lists' indexes hold no more
   LIMIT _limit
  ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET run = EXCLUDED.run, reason = EXCLUDED.reason;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END$body$, _words, format('Queues rows of %s that main lacks, and where asked those of another content.', _table));
END
$fix$;
COMMENT ON FUNCTION {{repair}}.make_compare_function(text, jsonb, boolean) IS
  'Makes the function that compares a client table: compare_contents_… where its rows say their version, else compare_….';
