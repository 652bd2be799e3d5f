-- What is written to a table of main stands in functions of its own, made from the columns that both sides share (main
-- may have more): \sf shows plain SQL. They are made at the installation, and again by the first run after a change of
-- the table's columns, indexes or triggers. What writes runs within write_rows, with the search_path of main's triggers:
-- there every operator and function is named with its schema, else one that somebody has put into that path could be
-- taken instead, for being of more exact types. Nobody else may call them.

CREATE OR REPLACE FUNCTION {{repair}}.equal(_type oid, _left text, _right text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format('%s OPERATOR(%I.%s) %s', _left, coalesce(n.nspname, 'pg_catalog'), coalesce(o.oprname, '='), _right)
    FROM (SELECT coalesce(nullif(t.typbasetype, 0), t.oid) AS oid FROM pg_type AS t WHERE t.oid = _type) AS t
    LEFT JOIN pg_opclass AS c
      ON c.opcintype = t.oid AND c.opcdefault AND c.opcmethod = (SELECT a.oid FROM pg_am AS a WHERE a.amname = 'btree')
    LEFT JOIN pg_amop AS s
      ON s.amopfamily = c.opcfamily AND s.amoplefttype = t.oid AND s.amoprighttype = t.oid AND s.amopstrategy = 3
    LEFT JOIN pg_operator AS o ON o.oid = s.amopopr
    LEFT JOIN pg_namespace AS n ON n.oid = o.oprnamespace;
$fix$;
COMMENT ON FUNCTION {{repair}}.equal(oid, text, text) IS
  'Equality of two values of a type as SQL, with the schema of its operator.';

CREATE OR REPLACE FUNCTION {{repair}}.without_keys(_item text, _volatile text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- An item may be anything that is JSON: of a number or a text nothing can be taken away.
  SELECT format('(CASE WHEN pg_catalog.jsonb_typeof(%1$s) OPERATOR(pg_catalog.=) ''object'' '
                'THEN %1$s OPERATOR(pg_catalog.-) %2$s::text[] ELSE %1$s END)', _item, _volatile);
$fix$;
COMMENT ON FUNCTION {{repair}}.without_keys(text, text) IS 'An item without the keys that change without meaning anything, as SQL.';

CREATE OR REPLACE FUNCTION {{repair}}.table_words(_table text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH s AS (
    SELECT {{repair}}.key_columns(_table) AS keys, quote_literal(volatile_keys) AS volatile,
           cardinality(volatile_keys) > 0 AS any_volatile FROM {{repair}}.settings
  ), shared AS (
    SELECT m.attnum, m.attname, format_type(m.atttypid, -1) AS type, quote_ident(m.attname) AS name,
           m.attname = ANY (s.keys) AS is_key, s.keys,
           'c.' || quote_ident(m.attname)
             -- Without its length: a cast to varchar(5) cuts off in silence what an assignment refuses.
             || CASE WHEN c.atttypid <> m.atttypid THEN '::' || format_type(m.atttypid, -1) ELSE '' END AS from_check,
           -- The lists have a number, a site and, for keys of any other name or type, a JSON object.
           m.attname = 'id' AND m.atttypid IN ('integer'::regtype, 'bigint'::regtype, 'smallint'::regtype) AS is_id,
           m.attname = 'site' AS is_site,
           format('NOT coalesce(%s, m.%s IS NULL AND c.%2$s IS NULL)',
             -- Main's item may be json, which has no equality.
             CASE WHEN m.attname = 'item' AND m.atttypid IN ('jsonb'::regtype, 'json'::regtype) AND s.any_volatile
                  THEN {{repair}}.equal('jsonb'::regtype, {{repair}}.without_keys('{{repair}}.readable(m.item)', s.volatile),
                                        {{repair}}.without_keys('{{repair}}.readable(c.item)', s.volatile))
                  WHEN m.atttypid = 'json'::regtype
                  THEN {{repair}}.equal('jsonb'::regtype, format('{{repair}}.readable(m.%I)', m.attname), format('{{repair}}.readable(c.%I)', m.attname))
                  -- A content that does not fit main's type is a difference, and no error of the comparison.
                  WHEN m.atttypid <> c.atttypid
                  THEN {{repair}}.equal('text'::regtype, format('m.%I::text', m.attname), format('c.%I::text', m.attname))
                  ELSE {{repair}}.equal(m.atttypid, format('m.%I', m.attname), format('c.%I', m.attname)) END,
             quote_ident(m.attname)) AS differs
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
           'main_is_check', string_agg(format('m.%1$s OPERATOR(pg_catalog.=) c.%1$s', name), ' AND ' ORDER BY attnum)
             FILTER (WHERE is_key),
           'main_is_wanted', string_agg(format('m.%s OPERATOR(pg_catalog.=) %s', name, wanted), ' AND ' ORDER BY attnum)
             FILTER (WHERE is_key),
           'check_is_wanted', string_agg(format('c.%s OPERATOR(pg_catalog.=) %s', name, wanted), ' AND ' ORDER BY attnum)
             FILTER (WHERE is_key),
           'id', coalesce(min('c.id') FILTER (WHERE is_key AND is_id), '0'),
           'site', coalesce(min('c.site') FILTER (WHERE is_key AND is_site), ''''''),
           'key', coalesce('pg_catalog.jsonb_build_object(' || string_agg(format('%L, c.%s', attname, name), ', ' ORDER BY attnum)
             FILTER (WHERE is_key AND NOT is_site AND NOT is_id) || ')::text', ''''''))
    FROM (SELECT *, CASE WHEN is_id THEN 'w.id' WHEN is_site THEN 'w.site'
                         ELSE format('(w.key::jsonb OPERATOR(pg_catalog.->>) %L)::%s', attname, type) END AS wanted FROM shared) AS x
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

CREATE OR REPLACE FUNCTION {{repair}}.is_other_content(_table text, _id bigint, _site text, _key text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (SELECT FROM {{repair}}.work_item AS w
                  WHERE w.table_name = _table AND w.action = 'update' AND w.id = _id AND w.site = _site AND w.key = _key
                    AND w.reason = 'other content');
$fix$;
COMMENT ON FUNCTION {{repair}}.is_other_content(text, bigint, text, text) IS
  'Was this row queued because its content differs, its version being the same?';

CREATE OR REPLACE FUNCTION {{repair}}.is_written(_run bigint, _table text, _id bigint, _site text, _key text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (SELECT FROM {{repair}}.change AS c
                  WHERE c.run = _run AND c.table_name = _table AND c.id = _id AND c.site = _site AND c.key = _key);
$fix$;
COMMENT ON FUNCTION {{repair}}.is_written(bigint, text, bigint, text, text) IS 'Has this run written the row?';
