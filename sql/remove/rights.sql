-- Rights that were given on what stays, so that both roles can be dropped. A role that was chosen with runAs keeps
-- what it has on main: it had it before.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _ours text[] := ARRAY[_i ->> 'check_schema', _i ->> 'repair_schema', _i ->> 'monitoring_schema']
                  || CASE WHEN NOT (_i ->> 'run_as')::boolean THEN ARRAY[_i ->> 'main_schema'] ELSE '{}' END;
  _o record;
  _role name;
BEGIN
  FOREACH _role IN ARRAY ARRAY[_i ->> 'definer', _i #>> '{roles,login}']::name[] LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role);
    FOR _o IN
      SELECT DISTINCT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END || ' ' || c.oid::regclass AS name
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL aclexplode(c.relacl) AS a
       WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = _role) AND c.relowner <> a.grantee
         AND n.nspname = ANY (_ours)
       UNION
      SELECT DISTINCT 'SCHEMA ' || n.oid::regnamespace
        FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
       WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = _role) AND n.nspowner <> a.grantee
         AND n.nspname = ANY (_ours)
    LOOP
      BEGIN
        EXECUTE format('REVOKE ALL ON %s FROM %I', _o.name, _role);
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'vn-sync-check: the owner has to run: REVOKE ALL ON % FROM %;', _o.name, _role;
      END;
    END LOOP;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = _i ->> 'definer') THEN
    FOR _o IN SELECT jsonb_array_elements_text(_i -> 'extra_grants') AS text LOOP
      EXECUTE format('REVOKE %s FROM %I', _o.text, _i ->> 'definer');
    END LOOP;
  END IF;
END
$fix$;
