-- The check schema, owned from the start by the data's owner. Asked for only where it is absent: CREATE
-- SCHEMA IF NOT EXISTS wants the right to create schemas even when there is nothing to do.
DO $fix$
DECLARE
  _owner name := current_setting('vn_repair.installation')::jsonb #>> '{roles,owner}';
  _absent boolean := to_regnamespace('{{check}}') IS NULL;
BEGIN
  IF _absent THEN
    CREATE SCHEMA {{check}};
  END IF;
  -- Version 0.1 said of its own that the repair is in it too.
  IF _absent OR obj_description('{{check}}'::regnamespace, 'pg_namespace') LIKE 'vn-sync-check:%' THEN
    COMMENT ON SCHEMA {{check}} IS 'vn-sync-check: second copy of the VisioNature data';
  END IF;
  IF _owner IS NULL THEN
    RETURN;
  END IF;
  IF EXISTS (
       SELECT FROM pg_namespace
        WHERE oid = '{{check}}'::regnamespace AND obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%'
          AND nspowner <> (SELECT oid FROM pg_roles WHERE rolname = _owner)) THEN
    EXECUTE format('ALTER SCHEMA {{check}} OWNER TO %I', _owner);
  END IF;
  IF NOT has_schema_privilege(_owner, '{{check}}'::regnamespace, 'CREATE') THEN
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA {{check}} TO %I', _owner);
  END IF;
END
$fix$;
