-- The check schema, owned from the start by the data's owner. Asked for only where it is absent: CREATE
-- SCHEMA IF NOT EXISTS wants the right to create schemas even when there is nothing to do.
DO $fix$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {{check_text}}) THEN
    CREATE SCHEMA {{check}};
    COMMENT ON SCHEMA {{check}} IS 'vn-sync-check: second copy of the VisioNature data, and the repair of the main one';
  END IF;
  IF {{owner_text}} IS NOT NULL AND EXISTS (
       SELECT FROM pg_catalog.pg_namespace
        WHERE nspname = {{check_text}}
          AND pg_catalog.obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%'
          AND nspowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = {{owner_text}})) THEN
    EXECUTE pg_catalog.format('ALTER SCHEMA {{check}} OWNER TO %I', {{owner_text}});
  END IF;
  IF {{owner_text}} IS NOT NULL
     AND NOT pg_catalog.has_schema_privilege({{owner_text}}, {{check_text}}, 'CREATE') THEN
    EXECUTE pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA {{check}} TO %I', {{owner_text}});
  END IF;
END
$fix$;

SET LOCAL client_min_messages = warning; -- nothing about what is there already

CREATE TABLE IF NOT EXISTS {{check}}.repair_made (
  object text PRIMARY KEY,
  made_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE {{check}}.repair_made IS
  'What vn-sync-check created in this schema. Only these are ever removed with the data; what was there before is not.';
