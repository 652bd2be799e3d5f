-- A trial writes a copy of a row to main under a key that nobody has, looks what came out, there and in the tables that
-- main's triggers wrote to, and takes all of it back.
CREATE OR REPLACE FUNCTION {{repair}}.written_so_far() RETURNS jsonb
LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
  -- By the server's own counters of this transaction; zero where track_counts is off.
  SELECT coalesce(jsonb_object_agg(s.relid, jsonb_build_array(s.n_tup_ins, s.n_tup_upd, s.n_tup_del)), '{}')
    FROM pg_stat_xact_user_tables AS s
   WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
     AND s.schemaname !~ '^pg_temp' -- gone with the session, and each role has its own
     AND s.schemaname NOT IN (SELECT n.nspname FROM pg_namespace AS n
                               WHERE n.oid IN ('{{main}}'::regnamespace, '{{repair}}'::regnamespace));
$fix$;
COMMENT ON FUNCTION {{repair}}.written_so_far() IS
  'Tables elsewhere that this transaction has written to: how many rows were inserted, updated and deleted.';

CREATE OR REPLACE FUNCTION {{repair}}.new_rows(_table regclass, _id text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _where text;
  _rows jsonb;
BEGIN
  IF NOT has_table_privilege(_table, 'SELECT') THEN
    RETURN '[]'::jsonb;
  END IF;
  -- Small tables are read whole; of a large one what its indexes find: the key tried, and the newest rows.
  SELECT CASE WHEN pg_relation_size(_table) < 16777216 THEN 'SELECT ctid FROM ' || _table ELSE
           concat_ws(' UNION ',
             string_agg(format('SELECT ctid FROM %s WHERE %I = %L', _table, a.attname, _id), ' UNION ')
               FILTER (WHERE a.atttypid IN ('text'::regtype, 'varchar'::regtype)
                          OR a.atttypid IN ('bigint'::regtype, 'integer'::regtype) AND _id ~ '^-?\d{1,10}$'),
             min(format('(SELECT ctid FROM %s ORDER BY %I DESC LIMIT 20)', _table, a.attname)) FILTER (WHERE i.indisprimary))
         END INTO _where
    FROM (SELECT 1) AS one
    LEFT JOIN pg_index AS i ON i.indrelid = _table AND i.indisvalid AND i.indpred IS NULL
    LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0];
  IF _where <> '' THEN
    -- Not older than this transaction: nobody else's, but for what was committed at this instant.
    EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM (SELECT * FROM %s WHERE ctid = ANY (ARRAY(%s)) AND age(xmin) <= 0 LIMIT 50) AS t',
                   _table, _where) INTO _rows;
  END IF;
  RETURN coalesce(_rows, '[]');
END
$fix$;
COMMENT ON FUNCTION {{repair}}.new_rows(regclass, text) IS
  'Rows that this transaction has written to a table, as far as they are found without reading a large one.';

CREATE OR REPLACE FUNCTION {{repair}}.as_columns(_rows jsonb, _roles text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- Column by column, so that the order of rows does not matter; who wrote them is not what came out.
  SELECT coalesce(jsonb_object_agg(c.key, c.all_values), '{}')
    FROM (SELECT e.key, jsonb_agg(e.value ORDER BY e.value) AS all_values
            FROM jsonb_array_elements(_rows) AS r
           CROSS JOIN LATERAL (
             SELECT f.key, CASE WHEN f.value #>> '{}' = ANY (_roles) THEN '"(role)"' ELSE f.value END AS value
               FROM jsonb_each(r) AS f) AS e
           GROUP BY e.key) AS c;
$fix$;
COMMENT ON FUNCTION {{repair}}.as_columns(jsonb, text[]) IS 'Rows as columns, each with its sorted values.';

CREATE OR REPLACE FUNCTION {{repair}}.written_elsewhere(_before jsonb, _id text, _roles text[]) RETURNS jsonb
-- Main's owner's, where that can be (rights/main_owner_tries.sql): it sees more of what its triggers write.
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce(jsonb_object_agg(c.oid::regclass::text, jsonb_build_object('oid', c.oid, 'rows', w.value, 'columns',
                    {{repair}}.as_columns({{repair}}.new_rows(c.oid, _id), _roles))), '{}')
    FROM (SELECT s.key, jsonb_build_array(
                   (s.value ->> 0)::bigint - coalesce((_before -> s.key ->> 0)::bigint, 0),
                   (s.value ->> 1)::bigint - coalesce((_before -> s.key ->> 1)::bigint, 0),
                   (s.value ->> 2)::bigint - coalesce((_before -> s.key ->> 2)::bigint, 0)) AS value
            FROM jsonb_each({{repair}}.written_so_far()) AS s
           WHERE s.value IS DISTINCT FROM _before -> s.key) AS w
    JOIN pg_class AS c ON c.oid = w.key::oid;
$fix$;
COMMENT ON FUNCTION {{repair}}.written_elsewhere(jsonb, text, text[]) IS
  'What main''s triggers have written to other tables since those counts: how many rows, and what is in them.';
