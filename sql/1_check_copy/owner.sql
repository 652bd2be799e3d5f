-- The role that owns what holds data. It cannot log in, and it stays while it owns anything: a role that
-- `destroy` drops must never own data.
DO $fix$
DECLARE
  _owner name := current_setting('vn_repair.installation')::jsonb #>> '{roles,owner}';
BEGIN
  IF _owner IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _owner) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', _owner);
    EXECUTE format('COMMENT ON ROLE %I IS %L', _owner,
      'vn-sync-check: owns the check copy and the history of repairs; kept while it owns anything');
  END IF;
END
$fix$;
