-- database.readers: roles that may look at the two views. Those that it names no more lose what they were given.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _readers name[] := ARRAY(SELECT jsonb_array_elements_text(_i -> 'readers'));
  _absent text;
  _o record;
BEGIN
  SELECT string_agg(r, ', ') INTO _absent FROM unnest(_readers) AS r WHERE r NOT IN (SELECT rolname FROM pg_roles);
  IF _absent IS NOT NULL THEN
    RAISE EXCEPTION 'database.readers names roles that do not exist: %', _absent
      USING HINT = 'Create them (CREATE ROLE …), or take them off the list.';
  END IF;
  FOR _o IN
    SELECT r.rolname AS role, r.rolname = ANY (_readers) AS may, v.oid::regclass AS name
      FROM pg_roles AS r
     CROSS JOIN pg_class AS v
     WHERE (r.rolname = ANY (_readers)
            OR r.rolname IN (SELECT substr(object, 8) FROM {{repair}}.made_object WHERE object LIKE 'reader %'))
       AND v.relnamespace = '{{check}}'::regnamespace AND v.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
  LOOP
    EXECUTE format(CASE WHEN _o.may THEN 'GRANT SELECT ON %s TO %I' ELSE 'REVOKE SELECT ON %s FROM %I' END, _o.name, _o.role);
    EXECUTE format(CASE WHEN _o.may THEN 'GRANT USAGE ON SCHEMA {{check}} TO %I' ELSE 'REVOKE USAGE ON SCHEMA {{check}} FROM %I' END,
      _o.role);
  END LOOP;
  DELETE FROM {{repair}}.made_object WHERE object LIKE 'reader %' AND substr(object, 8) <> ALL (_readers);
  INSERT INTO {{repair}}.made_object (object) SELECT 'reader ' || r FROM unnest(_readers) AS r ON CONFLICT DO NOTHING;
END
$fix$;

-- What the views call has to be open to their owner; where the admin login may not give it, it is handed over.
DO $fix$
DECLARE
  _grant text;
BEGIN
  FOR _grant IN SELECT {{repair}}.view_grants() LOOP
    BEGIN
      EXECUTE _grant;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'vn-sync-check: to fill the views: %;', _grant;
    END;
  END LOOP;
END
$fix$;
