-- What is written to a table of main stands in functions of its own, made from the columns that both sides share (main
-- may have more): \sf shows plain SQL. They are made at the installation, and again by the first run after a change of
-- the table's columns or indexes. They run within batch, with its rights and search_path; nobody else may call them.

CREATE OR REPLACE FUNCTION {{repair}}.table_words(_table text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH s AS (
    SELECT {{repair}}.key_columns(_table) AS keys, quote_literal(volatile_keys) AS volatile,
           cardinality(volatile_keys) > 0 AS any_volatile FROM {{repair}}.settings
  ), shared AS (
    SELECT m.attnum, m.attname, format_type(m.atttypid, m.atttypmod) AS type, quote_ident(m.attname) AS name,
           m.attname = ANY (s.keys) AS is_key, s.keys,
           'c.' || quote_ident(m.attname)
             || CASE WHEN format_type(c.atttypid, c.atttypmod) <> format_type(m.atttypid, m.atttypmod)
                     THEN '::' || format_type(m.atttypid, m.atttypmod) ELSE '' END AS from_check,
           -- The lists have a number, a site and, for keys of any other name or type, a JSON object.
           m.attname = 'id' AND m.atttypid IN ('integer'::regtype, 'bigint'::regtype, 'smallint'::regtype) AS is_id,
           m.attname = 'site' AS is_site,
           -- Main's item may be json, which has no equality.
           format(CASE WHEN m.attname = 'item' AND m.atttypid IN ('jsonb'::regtype, 'json'::regtype) AND s.any_volatile
                       THEN '(m.item::jsonb - %2$s::text[]) IS DISTINCT FROM (c.item::jsonb - %2$s::text[])'
                       WHEN m.atttypid = 'json'::regtype THEN 'm.%1$s::jsonb IS DISTINCT FROM c.%1$s::jsonb'
                       ELSE 'm.%1$s IS DISTINCT FROM c.%1$s' END, quote_ident(m.attname), s.volatile) AS differs
      FROM s
      JOIN pg_attribute AS m ON m.attrelid = to_regclass(format('{{main}}.%I', _table))
      JOIN pg_attribute AS c ON c.attrelid = to_regclass(format('{{check}}.%I', _table)) AND c.attname = m.attname
     WHERE m.attnum > 0 AND NOT m.attisdropped AND NOT c.attisdropped AND m.attgenerated = '' AND m.attidentity <> 'a'
  )
  SELECT jsonb_build_object(
           'table', quote_ident(_table), 'table_text', quote_literal(_table),
           'columns', string_agg(name, ', ' ORDER BY attnum),
           'source', string_agg(from_check, ', ' ORDER BY attnum),
           'assigned', string_agg(name || ' = ' || from_check, ', ' ORDER BY attnum) FILTER (WHERE NOT is_key),
           'differs', string_agg(differs, ' OR ' ORDER BY attnum) FILTER (WHERE NOT is_key AND attname <> 'update_ts'),
           'versioned', bool_or(attname = 'update_ts'),
           'keys', (SELECT string_agg(quote_ident(k), ', ') FROM unnest(keys) AS k),
           'first_key', (SELECT quote_ident(keys[1])),
           'main_keys', string_agg('m.' || name, ', ') FILTER (WHERE is_key),
           'main_is_check', string_agg(format('m.%1$s = c.%1$s', name), ' AND ' ORDER BY attnum) FILTER (WHERE is_key),
           'main_is_wanted', string_agg(format('m.%s = ', name) || wanted, ' AND ' ORDER BY attnum) FILTER (WHERE is_key),
           'check_is_wanted', string_agg(format('c.%s = ', name) || wanted, ' AND ' ORDER BY attnum) FILTER (WHERE is_key),
           'id', coalesce(min('c.id') FILTER (WHERE is_key AND is_id), '0'),
           'site', coalesce(min('c.site') FILTER (WHERE is_key AND is_site), ''''''),
           'key', coalesce('jsonb_build_object(' || string_agg(format('%L, c.%s', attname, name), ', ' ORDER BY attnum)
             FILTER (WHERE is_key AND NOT is_site AND NOT is_id) || ')::text', ''''''))
    FROM (SELECT *, CASE WHEN is_id THEN 'w.id' WHEN is_site THEN 'w.site'
                         ELSE format('(w.key::jsonb ->> %L)::%s', attname, type) END AS wanted FROM shared) AS x
   GROUP BY keys
  -- Every column of the key on both sides, and something to write.
  HAVING count(*) FILTER (WHERE is_key) = cardinality(keys) AND count(*) FILTER (WHERE NOT is_key) > 0;
$fix$;
COMMENT ON FUNCTION {{repair}}.table_words(text) IS
  'The lists of columns and conditions that a client table''s write functions are made of; no row where it cannot be repaired.';

CREATE OR REPLACE FUNCTION {{repair}}.make_function(_head text, _body text, _words jsonb, _comment text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _w record;
BEGIN
  FOR _w IN
    -- Words may hold further ones.
    SELECT key, value FROM jsonb_each_text(_words), generate_series(1, 2) AS pass ORDER BY pass
  LOOP
    _body := replace(_body, '@' || _w.key || '@', _w.value);
  END LOOP;
  EXECUTE format('CREATE OR REPLACE FUNCTION {{repair}}.%s LANGUAGE plpgsql AS %L', _head, rtrim(_body) || E'\n');
  _head := regexp_replace(_head, ' RETURNS .*', '');
  EXECUTE format('REVOKE ALL ON FUNCTION {{repair}}.%s FROM PUBLIC', _head);
  EXECUTE format('COMMENT ON FUNCTION {{repair}}.%s IS %L', _head, _comment);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.make_function(text, text, jsonb, text) IS
  'Makes a plpgsql function from a body in which @word@ stands for what differs by table.';
