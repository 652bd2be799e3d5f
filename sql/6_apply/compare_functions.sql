CREATE OR REPLACE FUNCTION {{repair}}.make_compare_function(_table text, _words jsonb, _versioned boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF _versioned THEN
    PERFORM {{repair}}.make_function(format('%I', 'compare_contents_' || _table)
        || '(_run bigint, _ids bigint[], _sites text[], _limit bigint) RETURNS bigint', $body$
DECLARE
  _count integer;
BEGIN
  INSERT INTO {{repair}}.work_item AS i
    (table_name, action, id, site, key, reason, check_update_ts, main_update_ts, run)
  SELECT @table_text@, 'update', d.id, d.site, d.key, 'other content', d.check_ts, d.main_ts, _run
    FROM (
      SELECT @id@ AS id, @site@ AS site, @key@ AS key, c.update_ts AS check_ts, m.update_ts AS main_ts
        FROM unnest(_ids, _sites) AS w (id, site)
        JOIN {{check}}.@table@ AS c ON @check_is_wanted@
        JOIN {{main}}.@table@ AS m ON @main_is_check@
       WHERE _ids IS NOT NULL AND m.update_ts = c.update_ts AND (@differs@)
       UNION ALL
      -- Reads both items: minutes at 5 million rows, so only when asked for.
      (SELECT @id@, @site@, @key@, c.update_ts, m.update_ts
         FROM {{check}}.@table@ AS c JOIN {{main}}.@table@ AS m ON @main_is_check@
        WHERE _ids IS NULL AND m.update_ts = c.update_ts AND (@differs@) AND octet_length(@site@) <= 1000
        LIMIT _limit)) AS d
  ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET
    run = EXCLUDED.run, reason = EXCLUDED.reason,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END$body$, _words, format('Queues rows of %s with the same update_ts and another content: of these keys, or (NULL) all.', _table));
    RETURN;
  END IF;
  PERFORM {{repair}}.make_function(format('%I', 'compare_' || _table)
      || '(_run bigint, _contents boolean, _ids bigint[], _sites text[], _keys text[], _limit bigint) RETURNS bigint', $body$
DECLARE
  _count integer;
  _long bigint;
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
  IF _ids IS NULL THEN
    SELECT count(*) INTO _long
      FROM {{check}}.@table@ AS c
      LEFT JOIN {{main}}.@table@ AS m ON @main_is_check@
     WHERE (octet_length(@site@) > 1000 OR octet_length(@key@) > 1000) AND (m.@first_key@ IS NULL OR _contents AND (@differs@));
    IF _long > 0 THEN
      UPDATE {{repair}}.run
         SET message = concat_ws('; ', message, format('%s rows of %s were left out: their site or key has more than 1000 bytes',
                                                       _long, @table_text@)) WHERE id = _run;
    END IF;
  END IF;
  RETURN _count;
END$body$, _words, format('Queues rows of %s that main lacks, and where asked those of another content.', _table));
END
$fix$;
COMMENT ON FUNCTION {{repair}}.make_compare_function(text, jsonb, boolean) IS
  'Makes the function that compares a client table: compare_contents_… where its rows say their version, else compare_….';
