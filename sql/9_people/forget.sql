CREATE OR REPLACE FUNCTION {{repair}}.forget(_observer text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _path jsonpath := '$.observers[*] ? (@."@id" == $text || @."@uid" == $text || @."@id" == $number || @."@uid" == $number)'::jsonpath;
  _vars jsonb := jsonb_build_object('text', _observer, 'number',
    CASE WHEN _observer ~ '^\d{1,18}$' THEN to_jsonb(_observer::bigint) ELSE 'null'::jsonb END);
  _n bigint;
  _all bigint;
BEGIN
  DELETE FROM {{repair}}.deleted_row WHERE jsonb_path_exists(content -> 'item', _path, _vars);
  GET DIAGNOSTICS _all = ROW_COUNT;
  -- The key of a tombstone still has to be followed: only what it says of the person goes.
  UPDATE {{repair}}.tombstone SET item = '{}' WHERE jsonb_path_exists(item, _path, _vars);
  GET DIAGNOSTICS _n = ROW_COUNT;
  _all := _all + _n;
  -- What a trigger says of a refused row may quote it.
  UPDATE {{repair}}.set_aside AS a SET message = 'erased'
    FROM {{check}}.observations_json AS c
   WHERE a.table_name = 'observations_json' AND a.sqlstate IS NOT NULL AND c.id = a.id
     AND c.site = a.site COLLATE "default" AND jsonb_path_exists(c.item, _path, _vars);
  GET DIAGNOSTICS _n = ROW_COUNT;
  DELETE FROM {{repair}}.trial WHERE problems @? '$[*].said'; -- so may what a row that was tried was told
  PERFORM {{repair}}.refresh_views();
  RETURN _all + _n;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.forget(text) IS
  'Erases an observer (@id or @uid) from kept deletions, tombstones and messages of refused rows; returns how many rows.';
