-- Which rows are tried: so many of main's and check's own that each kind is among them, by the keys and the few values
-- that their items carry. Main's triggers do something else for an observation of a form, or one with a project.
CREATE OR REPLACE FUNCTION {{repair}}.sample(_table text) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _key text := (SELECT quote_ident(t.key_columns[1]) FROM {{repair}}.client_table AS t WHERE t.table_name = _table);
  _schema text;
BEGIN
  FOREACH _schema IN ARRAY ARRAY['{{main}}', '{{check}}'] LOOP
    RETURN QUERY EXECUTE format(
      'SELECT to_jsonb(r) FROM (
         (SELECT * FROM %1$s.%2$I LIMIT 200) UNION ALL (SELECT * FROM %1$s.%2$I ORDER BY %3$s DESC LIMIT 200)) AS r
        WHERE pg_column_size(r.*) < 100000', _schema, _table, _key);
  END LOOP;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.sample(text) IS 'Some hundred rows of a table, of both copies, whole.';

CREATE OR REPLACE FUNCTION {{repair}}.trial_rows(_table text, _most integer) RETURNS SETOF jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
  WITH RECURSIVE part AS MATERIALIZED (
    SELECT row_number() OVER () AS n, s.content FROM {{repair}}.sample(_table) AS s (content)
  ), node AS (
    SELECT s.n, '' AS path, s.content AS value, 0 AS depth FROM part AS s
     UNION ALL
    SELECT n.n, n.path || '.' || e.key, e.value, n.depth + 1
      FROM node AS n
     CROSS JOIN LATERAL (
       SELECT o.key, o.value FROM jsonb_each(CASE jsonb_typeof(n.value) WHEN 'object' THEN n.value ELSE '{}' END) AS o
        UNION ALL
       SELECT '', a.value FROM jsonb_array_elements(CASE jsonb_typeof(n.value) WHEN 'array' THEN n.value ELSE '[]' END) AS a
     ) AS e
     WHERE n.depth < 5
  ), leaf AS (
    SELECT n.n, n.path, jsonb_typeof(n.value) AS type, left(n.value::text, 40) AS value FROM node AS n WHERE n.depth > 0
  ), few AS (
    SELECT l.path FROM leaf AS l GROUP BY l.path HAVING count(DISTINCT l.value) <= 8
  ), mark AS (
    SELECT DISTINCT l.n, concat_ws(' ', l.path, l.type, CASE WHEN f.path IS NOT NULL THEN l.value END) AS what
      FROM leaf AS l LEFT JOIN few AS f USING (path)
  ), ranked AS (
    -- The richest first: one row stands for many kinds. The poorest stands for all that may lack.
    SELECT m.n, row_number() OVER (ORDER BY count(*) DESC, m.n) AS rank, row_number() OVER (ORDER BY count(*), m.n) AS poor
      FROM mark AS m GROUP BY m.n
  ), first AS (
    SELECT m.what, min(r.rank) AS rank FROM mark AS m JOIN ranked AS r USING (n) GROUP BY m.what
  ), chosen AS (
    SELECT r.n, r.poor = 1 AS must, (SELECT count(*) FROM first AS f WHERE f.rank = r.rank) AS kinds FROM ranked AS r
  )
  SELECT s.content FROM chosen AS c JOIN part AS s USING (n)
   WHERE c.must OR c.kinds > 0 ORDER BY c.must DESC, c.kinds DESC LIMIT _most;
$fix$;
COMMENT ON FUNCTION {{repair}}.trial_rows(text, integer) IS
  'Rows of a table, whole, among which is each kind that the two copies have: with each key and each of few values.';

CREATE OR REPLACE FUNCTION {{repair}}.trials() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _deletes boolean := (SELECT deletions = 'apply' FROM {{repair}}.settings);
  _trials jsonb := '[]'::jsonb;
  _t record;
  _more jsonb;
  _spare text;
BEGIN
  FOR _t IN
    SELECT t.table_name, t.key_columns, t.has_triggers, t.has_update_ts FROM {{repair}}.client_table AS t, {{repair}}.settings AS s
     WHERE t.key_columns IS NOT NULL AND {{repair}}.is_downloaded(t.controller, s.reference_controllers) ORDER BY t.position
  LOOP
    EXECUTE format('SELECT coalesce(max(%1$I)::text, ''0'') FROM {{main}}.%2$I', _t.key_columns[1], _t.table_name) INTO _spare;
    _spare := CASE WHEN _spare ~ '^-?\d{1,10}$' THEN least(_spare::bigint + 1, 2147483647) END;
    -- Triggers may look a row up by its number, or go by the number itself: each row is tried under its own, as the client
    -- writes it, under one that main may get some day, and under one that nobody has. First all rows in one way.
    SELECT jsonb_agg(jsonb_build_object('spare', _spare, 'table', _t.table_name, 'keys', _t.key_columns, 'versioned', _t.has_update_ts,
                                        'id', w.id, 'deletes', w.id IS NOT NULL AND _deletes AND _t.table_name = 'observations_json',
                                        'row', r.content) ORDER BY w.ord, r.n)
      INTO _more
      FROM {{repair}}.trial_rows(_t.table_name, CASE WHEN _t.has_triggers THEN 40 ELSE 1 END) WITH ORDINALITY AS r (content, n)
     CROSS JOIN unnest(ARRAY[CASE WHEN _spare IS NOT NULL THEN least(_spare::bigint + 1000000, 2147483647)::text END,
                             NULL, '-2147483648']) WITH ORDINALITY AS w (id, ord)
     WHERE CASE w.ord WHEN 1 THEN w.id IS NOT NULL
                      WHEN 2 THEN _t.has_triggers AND {{repair}}.has_unique_key(_t.table_name, _t.key_columns)
                      ELSE _spare IS NULL OR _t.has_triggers AND r.n <= 10 END;
    _trials := _trials || coalesce(_more, '[]');
  END LOOP;
  RETURN _trials;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.trials() IS
  'What is tried in main: rows of each table that is repaired; of a table without triggers one is enough.';
