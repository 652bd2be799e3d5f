CREATE OR REPLACE FUNCTION {{repair}}.write_back(_id bigint, _columns text) RETURNS integer
-- With the search_path of main's triggers, which run in here: every function is named with its schema.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _count integer;
BEGIN
  EXECUTE pg_catalog.format(
    'INSERT INTO {{main}}.observations_json (%1$s) SELECT %1$s
       FROM pg_catalog.jsonb_populate_record(NULL::{{main}}.observations_json,
              (SELECT d.content FROM {{repair}}.deleted_row AS d WHERE d.id OPERATOR(pg_catalog.=) $1))
     ON CONFLICT DO NOTHING', _columns)
    USING _id;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.write_back(bigint, text) IS 'Inserts the content of a row of deleted_row into main, down main''s triggers.';

CREATE OR REPLACE FUNCTION {{repair}}.restore(_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _columns text;
  _count integer;
BEGIN
  -- SELECT restore(id) FROM deleted_row WHERE run = …: a row that main has again is left as it is.
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO _columns
    FROM pg_attribute AS a, {{repair}}.deleted_row AS d
   WHERE a.attrelid = '{{main}}.observations_json'::regclass AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attgenerated = '' AND a.attidentity <> 'a' AND d.id = _id AND d.content ? a.attname;
  IF _columns IS NULL THEN
    RAISE EXCEPTION 'deleted_row has no row %', _id;
  END IF;
  PERFORM {{repair}}.expect_no_temporary_object();
  PERFORM {{repair}}.as_main();
  _count := {{repair}}.write_back(_id, _columns);
  UPDATE {{repair}}.deleted_row SET restored_at = clock_timestamp() WHERE id = _id AND _count = 1;
  RETURN _count = 1;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.restore(bigint) IS
  'Puts a row of deleted_row back into main; false where main has it again. It is not suspected a second time.';
