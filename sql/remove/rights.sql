-- Rights that were given on what stays, so that both roles can be dropped: all that the server has noted for the two
-- roles of the stack. A role that was chosen with runAs keeps what it has elsewhere: it had it before.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _ours text[] := ARRAY[_i ->> 'check_schema', _i ->> 'repair_schema', _i ->> 'monitoring_schema'];
  _o record;
BEGIN
  FOR _o IN
    SELECT r.rolname AS role,
           format('%s %s', CASE WHEN x.type IN ('table', 'view', 'materialized view', 'foreign table') THEN 'TABLE'
                                WHEN x.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
                                WHEN x.type = 'server' THEN 'FOREIGN SERVER'
                                WHEN x.type = 'parameter ACL' THEN 'PARAMETER'
                                ELSE upper(replace(x.type, '-', ' ')) END, x.identity) AS name
      FROM pg_roles AS r
      JOIN pg_shdepend AS d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'a'
       AND (d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            OR d.classid = 'pg_database'::regclass AND d.objid = (SELECT oid FROM pg_database WHERE datname = current_database()))
     CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS x
     WHERE (r.rolname IN (_i #>> '{roles,login}', _i #>> '{roles,repair}')
            OR r.rolname = _i ->> 'definer' AND (x.schema = ANY (_ours) OR x.type = 'schema' AND x.name = ANY (_ours)))
       AND x.type <> 'default acl'
     GROUP BY 1, 2
  LOOP
    BEGIN
      EXECUTE format('REVOKE ALL ON %s FROM %I', _o.name, _o.role);
    EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN
      RAISE WARNING 'vn-sync-check: the owner has to run: REVOKE ALL ON % FROM % CASCADE;', _o.name, _o.role;
    END;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = _i ->> 'definer') THEN
    FOR _o IN SELECT jsonb_array_elements_text(_i -> 'extra_grants') AS text LOOP
      BEGIN
        EXECUTE format('REVOKE %s FROM %I', _o.text, _i ->> 'definer');
      EXCEPTION WHEN OTHERS THEN
        -- What it was given on may be gone; what is still held, the guard before the drop names.
        RAISE WARNING 'vn-sync-check: REVOKE % FROM %: %', _o.text, _i ->> 'definer', SQLERRM;
      END;
    END LOOP;
  END IF;
END
$fix$;

-- The settings of its sessions, where they are still as we set them.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _s record;
BEGIN
  FOR _s IN
    SELECT r.rolname, ours.key
      FROM pg_roles AS r
      JOIN pg_db_role_setting AS d
        ON d.setrole = r.oid AND d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
     CROSS JOIN jsonb_each_text(_i #> '{session,login}') AS ours
     WHERE r.rolname = _i #>> '{roles,login}'
       AND EXISTS (SELECT FROM unnest(d.setconfig) AS line WHERE lower(line) = lower(ours.key || '=' || ours.value))
  LOOP
    EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET %I', _s.rolname, current_database(), _s.key);
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'vn-sync-check: the settings of % in this database stay: %', _i #>> '{roles,login}', SQLERRM;
END
$fix$;
