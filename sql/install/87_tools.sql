CREATE OR REPLACE FUNCTION {{check}}.fix_restore(_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _columns text;
  _count integer;
BEGIN
  -- SELECT fix_restore(id) FROM repair_deleted WHERE run_id = …: a row that main has again is left as it is.
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO _columns
    FROM pg_attribute AS a, {{check}}.repair_deleted AS d
   WHERE a.attrelid = '{{main}}.observations_json'::regclass AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attgenerated = '' AND a.attidentity <> 'a' AND d.id = _id AND d.content ? a.attname;
  IF _columns IS NULL THEN
    RAISE EXCEPTION 'repair_deleted has no row %', _id;
  END IF;
  EXECUTE format(
    'INSERT INTO {{main}}.observations_json (%1$s) SELECT %1$s
       FROM jsonb_populate_record(NULL::{{main}}.observations_json,
              (SELECT content FROM {{check}}.repair_deleted WHERE id = $1)) ON CONFLICT DO NOTHING', _columns)
    USING _id;
  GET DIAGNOSTICS _count = ROW_COUNT;
  UPDATE {{check}}.repair_deleted SET restored_at = clock_timestamp() WHERE id = _id AND _count = 1;
  RETURN _count = 1;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_restore(bigint) IS
  'Puts a row of repair_deleted back into main; false where main has it again. It is not suspected a second time.';

CREATE OR REPLACE FUNCTION {{check}}.fix_preflight(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _state text;
  _key record;
BEGIN
  -- One insert and one update (and delete, where deletions are applied) as the role of the repair, through main's
  -- own triggers, rolled back.
  SELECT id, site INTO _key FROM {{main}}.observations_json LIMIT 1;
  IF NOT FOUND THEN
    SELECT id, site INTO _key FROM {{check}}.observations_json LIMIT 1;
  END IF;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  BEGIN
    PERFORM {{check}}.fix_limits();
    SET CONSTRAINTS ALL IMMEDIATE;
    INSERT INTO {{main}}.observations_json (id, site, item, update_ts)
    SELECT -2147483648, x.site, x.item, x.update_ts
      FROM (SELECT site, item, update_ts FROM {{main}}.observations_json WHERE id = _key.id AND site = _key.site
             UNION ALL
            SELECT site, item, update_ts FROM {{check}}.observations_json WHERE id = _key.id AND site = _key.site
             LIMIT 1) AS x;
    UPDATE {{main}}.observations_json SET item = item, update_ts = update_ts
     WHERE id = -2147483648 AND site = _key.site;
    IF (SELECT settings ->> 'deletions' = 'apply' FROM {{check}}.repair_setting) THEN
      DELETE FROM {{main}}.observations_json WHERE id = -2147483648 AND site = _key.site;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'VNDRY';
  EXCEPTION
    WHEN SQLSTATE 'VNDRY' THEN
      RETURN;
    WHEN OTHERS THEN
      problem := format('%s (%s)', SQLERRM, SQLSTATE);
      _state := SQLSTATE;
  END;
  remedy := CASE
    WHEN _state = '42501' THEN format(
      'give the role %s what it lacks: repair.extraGrants, or as main''s owner the statements of fix_handover()', current_user)
    WHEN _state = '42883' THEN 'name the schema of that function in repair.triggerSearchPath'
    WHEN _state = '55P03' THEN 'a row was locked: try again'
    ELSE 'see what the trigger of main refuses in a copy of an existing row' END;
  RETURN NEXT;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_preflight() IS
  'Tries an insert and an update in main as the repair would, rolled back; a row tells what lacks and what to do.';

CREATE OR REPLACE FUNCTION {{check}}.fix_forget(_observer text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _path jsonpath := '$.observers[*] ? (@."@id" == $text || @."@uid" == $text || @."@id" == $number || @."@uid" == $number)';
  _vars jsonb := jsonb_build_object('text', _observer, 'number',
    CASE WHEN _observer ~ '^\d{1,18}$' THEN to_jsonb(_observer::bigint) ELSE 'null'::jsonb END);
  _n bigint;
  _all bigint;
BEGIN
  DELETE FROM {{check}}.repair_deleted WHERE jsonb_path_exists(content -> 'item', _path, _vars);
  GET DIAGNOSTICS _all = ROW_COUNT;
  -- The key of a tombstone still has to be followed: only what it says of the person goes.
  UPDATE {{check}}.repair_tombstone SET item = '{}' WHERE jsonb_path_exists(item, _path, _vars);
  GET DIAGNOSTICS _n = ROW_COUNT;
  _all := _all + _n;
  -- What a trigger says of a refused row may quote it.
  UPDATE {{check}}.repair_open AS o SET message = 'erased'
    FROM {{check}}.observations_json AS c
   WHERE o.tab = 'observations_json' AND o.sqlstate IS NOT NULL AND c.id = o.id AND c.site = o.site
     AND jsonb_path_exists(c.item, _path, _vars);
  GET DIAGNOSTICS _n = ROW_COUNT;
  PERFORM {{check}}.fix_refresh();
  RETURN _all + _n;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_forget(text) IS
  'Erases an observer (@id or @uid) from kept deletions, tombstones and messages of refused rows; returns how many rows.';
