-- Asked by main_faults, and with it before anything is made: by the catalog alone, for the columns may be any.
CREATE OR REPLACE FUNCTION {{repair}}.column_faults(_main oid, _name text, OUT problem text, OUT remedy text)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN QUERY
  SELECT CASE f.what WHEN 'absent' THEN format('%s has no column %s', _name, f.name)
                     WHEN 'type' THEN format('%s: its column %s is %s, %s is needed', _name, f.name, f.found, f.type)
                     WHEN 'generated' THEN format('%s: nobody may write its column %s, it is GENERATED ALWAYS', _name, f.name)
                     ELSE format('%s: under the collation of its column %s different names are the same (VN38, vn38)', _name, f.name) END,
         CASE f.what WHEN 'absent' THEN format('give it back its name: ALTER TABLE %s RENAME COLUMN … TO %s', _name, f.name)
                     WHEN 'generated' THEN format('ALTER TABLE %s ALTER COLUMN %s DROP %s', _name, f.name,
                                                  CASE f.attidentity WHEN 'a' THEN 'IDENTITY' ELSE 'EXPRESSION' END)
                     ELSE format(CASE WHEN f.what = 'collation' THEN 'ALTER TABLE %s ALTER COLUMN %s TYPE %s COLLATE "default"'
                                      WHEN f.found::text ~ '^(date|timestamp)'
                                      THEN 'ALTER TABLE %s ALTER COLUMN %2$s TYPE %3$s USING extract(epoch FROM %2$s)::%3$s'
                                      ELSE 'ALTER TABLE %s ALTER COLUMN %2$s TYPE %3$s USING %2$s::%3$s' END, _name, f.name, f.type) END
    FROM (SELECT w.name, w.type, a.atttypid::regtype AS found, a.attidentity,
                 CASE WHEN a.attname IS NULL THEN 'absent'
                      WHEN a.atttypid::regtype <> ALL (w.types) THEN 'type'
                      WHEN a.attgenerated <> '' OR a.attidentity = 'a' THEN 'generated'
                      WHEN NOT l.collisdeterministic THEN 'collation' END AS what
            FROM (VALUES ('id', 'integer', '{integer,bigint}'::regtype[]), ('site', 'varchar', '{varchar,text}'),
                         ('item', 'jsonb', '{jsonb,json}'), ('update_ts', 'integer', '{integer,bigint}')) AS w (name, type, types)
            LEFT JOIN pg_attribute AS a ON a.attrelid = _main AND a.attname = w.name AND NOT a.attisdropped
            LEFT JOIN pg_collation AS l ON l.oid = a.attcollation) AS f
   WHERE f.what IS NOT NULL;
  IF FOUND THEN
    RETURN;
  END IF;

  -- A trigger may fill it.
  RETURN QUERY
  SELECT format('%s has a column %I that must not be NULL and has no default: nothing can be inserted without it', _name, a.attname),
         format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT …', _name, a.attname)
    FROM pg_attribute AS a
   WHERE a.attrelid = _main AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped AND NOT a.atthasdef
     AND a.attidentity = '' AND a.attname <> ALL ('{id,site,item,update_ts,id_form_universal}')
     AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = _main AND t.tgtype & 7 = 7 AND t.tgenabled <> 'D')
     -- By the catalog alone: a cast to regclass asks for a right on the schema.
     AND NOT EXISTS (SELECT FROM pg_attribute AS c
                       JOIN pg_class AS t ON t.oid = c.attrelid AND t.relname = 'observations_json'
                       JOIN pg_namespace AS n ON n.oid = t.relnamespace AND n.nspname = btrim('{{check}}', '"')
                      WHERE c.attname = a.attname AND NOT c.attisdropped);
  IF 'bigint'::regtype = (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = _main AND a.attname = 'update_ts')
     AND has_table_privilege(_main, 'SELECT') THEN
    IF EXISTS (SELECT FROM (SELECT m.update_ts FROM {{main}}.observations_json AS m LIMIT 100) AS m WHERE m.update_ts > 100000000000) THEN
      problem := format('%s: its update_ts counts milliseconds, where the client counts seconds: main would always look newer', _name);
      remedy := format('UPDATE %s SET update_ts = update_ts / 1000 WHERE update_ts > 100000000000', _name);
      RETURN NEXT;
    END IF;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.column_faults(oid, text) IS
  'Columns of main''s observations that the repair cannot write or compare, and what to do.';
