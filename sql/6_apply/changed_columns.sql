CREATE OR REPLACE FUNCTION {{repair}}.columns_now() RETURNS TABLE (table_name text, fingerprint text, triggers text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- What the write functions are made from, at a hundredth of the price of making them: most runs find it unchanged.
  WITH t AS (
    SELECT c.oid, c.relname, c.relhasrules, c.relrowsecurity, c.relnamespace = '{{main}}'::regnamespace AS is_main FROM pg_class AS c
     WHERE c.relnamespace IN ('{{main}}'::regnamespace, '{{check}}'::regnamespace) AND c.relkind IN ('r', 'p')
       AND c.relname IN (SELECT w.table_name FROM {{repair}}.client_table AS w)
  ), columns AS (
    SELECT t.relname, string_agg(format('%s %s %s %s %s', a.attrelid, a.attname, a.atttypid, a.attgenerated, a.attidentity),
                                 ' ' ORDER BY a.attrelid, a.attnum) AS seen
      FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0
     GROUP BY t.relname
  ), indexes AS (
    SELECT t.relname, string_agg(format('%s %s %s %s', i.indexrelid, i.indkey, i.indisunique, i.indisvalid),
                                 ' ' ORDER BY i.indexrelid) AS seen
      FROM t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisunique -- others change no function
     GROUP BY t.relname
  ), triggers AS (
    SELECT t.relname, concat(t.relhasrules, t.relrowsecurity, string_agg(
             format('%s %s %s %s', g.oid, g.tgenabled, p.oid, p.xmin), ' ' ORDER BY g.oid)) AS seen
      FROM t
      LEFT JOIN (pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid)
        ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgtype & 20 <> 0 -- of INSERT or UPDATE
     WHERE t.is_main
     GROUP BY t.relname, t.relhasrules, t.relrowsecurity
  )
  SELECT c.relname::text, md5(concat_ws(' ', c.seen, i.seen, s.volatile_keys::text)), md5(coalesce(g.seen, ''))
    FROM columns AS c LEFT JOIN indexes AS i USING (relname) LEFT JOIN triggers AS g USING (relname)
   CROSS JOIN {{repair}}.settings AS s;
$fix$;
COMMENT ON FUNCTION {{repair}}.columns_now() IS
  'A fingerprint of the columns and keys of each client table, of both sides, and one of main''s triggers.';

CREATE OR REPLACE FUNCTION {{repair}}.may_change_rows(_table text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (
    SELECT FROM pg_class AS c
     WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relname = _table
       AND (c.relhasrules OR c.relrowsecurity OR EXISTS (
         SELECT FROM pg_trigger AS g
          WHERE NOT g.tgisinternal AND g.tgtype & 20 <> 0
            AND (g.tgrelid = c.oid OR g.tgrelid IN (SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = c.oid)))));
$fix$;
COMMENT ON FUNCTION {{repair}}.may_change_rows(text) IS
  'Has main''s table triggers, rules or policies that may make something else of a row that is written?';

CREATE OR REPLACE FUNCTION {{repair}}.key_columns(_table text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce(
    (SELECT array_agg(a.attname::text ORDER BY k.ord)
       FROM pg_index AS i
      CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
       JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE i.indrelid = to_regclass(format('{{check}}.%I', _table)) AND i.indisprimary AND k.ord <= i.indnkeyatts),
    ARRAY['id', 'site']);
$fix$;
COMMENT ON FUNCTION {{repair}}.key_columns(text) IS 'The key of a client table, as check has it.';

CREATE OR REPLACE FUNCTION {{repair}}.has_unique_key(_table text, _keys text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (
    SELECT FROM pg_index AS i
     WHERE i.indrelid = to_regclass(format('{{main}}.%I', _table))
       AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
       AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
              FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
              JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE k.ord <= i.indnkeyatts)
           = ARRAY(SELECT x FROM unnest(_keys) AS x ORDER BY x COLLATE "C"));
$fix$;
COMMENT ON FUNCTION {{repair}}.has_unique_key(text, text[]) IS 'Can ON CONFLICT over this key be used in main''s table?';

CREATE OR REPLACE FUNCTION {{repair}}.renew_client_tables() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _t record;
BEGIN
  FOR _t IN
    SELECT t.table_name, n.fingerprint, n.triggers, t.columns_seen IS DISTINCT FROM n.fingerprint AS is_other
      FROM {{repair}}.client_table AS t LEFT JOIN {{repair}}.columns_now() AS n ON n.table_name = t.table_name
     WHERE t.columns_seen IS DISTINCT FROM n.fingerprint OR t.triggers_seen IS DISTINCT FROM n.triggers
     ORDER BY t.position
  LOOP
    IF _t.is_other THEN
      BEGIN
        PERFORM {{repair}}.make_write_functions(_t.table_name);
      EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'the functions that write % could not be made for its columns of today: %. To do: run pulumi up',
          _t.table_name, SQLERRM USING ERRCODE = SQLSTATE;
      END;
    END IF;
    UPDATE {{repair}}.client_table
       SET columns_seen = _t.fingerprint, triggers_seen = _t.triggers,
           has_triggers = {{repair}}.may_change_rows(_t.table_name)
     WHERE table_name = _t.table_name;
  END LOOP;
  IF NOT EXISTS (SELECT FROM {{repair}}.client_table
                  WHERE table_name = 'observations_json' AND key_columns IS NOT NULL AND has_update_ts) THEN
    RAISE EXCEPTION 'observations_json is missing in schema % or %, or has no id, site, item, update_ts there',
      '{{main}}'::regnamespace, '{{check}}'::regnamespace;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.renew_client_tables() IS 'Makes the write functions of each table whose columns or indexes have changed, and notes which triggers main has.';
