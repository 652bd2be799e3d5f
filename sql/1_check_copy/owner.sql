-- The role that owns what holds data. It cannot log in, and it stays while it owns anything: a role that
-- `destroy` drops must never own data.
DO $fix$
DECLARE
  _owner name := current_setting('vn_repair.installation')::jsonb #>> '{roles,owner}';
  _new boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
  IF _owner IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _owner) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', _owner);
    EXECUTE format('COMMENT ON ROLE %I IS %L', _owner,
      'vn-sync-check: owns the check copy and the history of repairs; kept while it owns anything');
    -- head.sql could not lend what was not there yet; tail.sql takes this back too.
    IF NOT pg_has_role(current_user, _owner, 'USAGE') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', _owner) || CASE WHEN _new THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
      PERFORM set_config('vn_repair.assumed',
        current_setting('vn_repair.assumed') || format('REVOKE %I FROM CURRENT_USER;', _owner), true);
    END IF;
  END IF;
END
$fix$;
