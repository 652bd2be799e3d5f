CREATE OR REPLACE FUNCTION {{repair}}.preflight(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _state text;
  _key record;
BEGIN
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.watch_faults() AS f;
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.run_faults() AS f;
  IF FOUND THEN
    RETURN; -- what follows would only fail of it
  END IF;
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
    PERFORM {{repair}}.as_main();
    PERFORM {{repair}}.limit_waiting();
    SET CONSTRAINTS ALL IMMEDIATE;
    INSERT INTO {{main}}.observations_json (id, site, item, update_ts)
    SELECT -2147483648, x.site, x.item, x.update_ts
      FROM (SELECT site, item::jsonb AS item, update_ts FROM {{main}}.observations_json WHERE id = _key.id AND site = _key.site
             UNION ALL
            SELECT site, item::jsonb, update_ts FROM {{check}}.observations_json WHERE id = _key.id AND site = _key.site
             LIMIT 1) AS x;
    UPDATE {{main}}.observations_json SET item = item, update_ts = update_ts
     WHERE id = -2147483648 AND site = _key.site;
    IF (SELECT deletions = 'apply' FROM {{repair}}.settings) THEN
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
      'give the role %s what it lacks: repair.extraGrants, or as main''s owner the statements of handover()', current_user)
    WHEN _state = '42883' THEN 'name the schema of that function in repair.triggerSearchPath'
    WHEN _state = '55P03' THEN 'a row was locked: try again'
    ELSE 'see what the trigger of main refuses in a copy of an existing row' END;
  RETURN NEXT;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.preflight() IS
  'Tries an insert and an update in main as the repair would, rolled back; a row tells what lacks and what to do.';
