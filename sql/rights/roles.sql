-- The stack's two roles, where they are not there any more: a database that was restored on another server comes
-- without them. The engine makes them first, and changes the password.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _new boolean := current_setting('server_version_num')::integer >= 160000;
  _role name;
BEGIN
  FOREACH _role IN ARRAY ARRAY[_i #>> '{roles,login}', _i #>> '{roles,repair}']::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role) THEN
      EXECUTE format('CREATE ROLE %I %s', _role, CASE
        WHEN _role = _i #>> '{roles,login}' THEN format('LOGIN PASSWORD %L', current_setting('vn_repair.login_verifier'))
        ELSE 'NOLOGIN' END);
      RAISE WARNING 'vn-sync-check: the role % was not there and is made again', _role;
    END IF;
    -- By this the next look knows them as the kit's.
    IF shobj_description((SELECT oid FROM pg_roles WHERE rolname = _role), 'pg_authid') IS NULL THEN
      EXECUTE format('COMMENT ON ROLE %I IS %L', _role, 'vn-sync-check: made and dropped by a stack');
    END IF;
  END LOOP;
END
$fix$;
