-- The repair's own schema: all that is in it is ours. It holds the history of repairs and the deleted rows that are
-- kept, so it belongs to the data's owner. Also the first step of the check copy, which writes down what it makes.
DO $fix$
DECLARE
  _owner name := current_setting('vn_repair.installation')::jsonb #>> '{roles,owner}';
BEGIN
  IF to_regnamespace('{{repair}}') IS NULL THEN
    CREATE SCHEMA {{repair}};
    COMMENT ON SCHEMA {{repair}} IS 'vn-sync-check: the repair of the main copy, and its history';
  END IF;
  IF coalesce(obj_description('{{repair}}'::regnamespace, 'pg_namespace'), '') NOT LIKE 'vn-sync-check:%' THEN
    RAISE EXCEPTION 'the schema % was not made by vn-sync-check: nothing is installed into it', '{{repair}}'::regnamespace
      USING HINT = 'Rename that schema, or give this installation another name.';
  END IF;
  IF _owner IS NOT NULL THEN
    EXECUTE format('ALTER SCHEMA {{repair}} OWNER TO %I', _owner);
  END IF;
  CREATE TABLE IF NOT EXISTS {{repair}}.made_object (
    object text PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now()
  );
  COMMENT ON TABLE {{repair}}.made_object IS
    'What vn-sync-check created outside this schema. Only these are ever removed with the data; what was there before is not.';
  IF _owner IS NOT NULL AND (SELECT pg_get_userbyid(relowner) <> _owner FROM pg_class
                              WHERE oid = '{{repair}}.made_object'::regclass) THEN
    EXECUTE format('ALTER TABLE {{repair}}.made_object OWNER TO %I', _owner);
  END IF;
END
$fix$;
