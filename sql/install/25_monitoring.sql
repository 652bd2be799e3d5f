-- What people look at, in a schema that all instances of a database share. The installation holds an advisory
-- lock of the database, so two of them never make it at once.
DO $fix$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {{monitoring_text}}) THEN
    CREATE SCHEMA {{monitoring}};
    COMMENT ON SCHEMA {{monitoring}} IS 'vn-sync-check: monitoring of the repairs';
  END IF;
END
$fix$;

CREATE TABLE IF NOT EXISTS {{monitoring}}.vn_instance (
  check_schema name PRIMARY KEY,
  main_schema name NOT NULL,
  instance text NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE {{monitoring}}.vn_instance IS
  'Instances of vn-sync-check that use this schema; the last one to leave drops the functions in it.';

CREATE TABLE IF NOT EXISTS {{monitoring}}.monitoring_vn_check_to_prod (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  date timestamptz NOT NULL DEFAULT pg_catalog.now(),
  action varchar NOT NULL,
  count integer
);
ALTER TABLE {{monitoring}}.monitoring_vn_check_to_prod
  ADD COLUMN IF NOT EXISTS instance text,
  ADD COLUMN IF NOT EXISTS run_id bigint;
COMMENT ON TABLE {{monitoring}}.monitoring_vn_check_to_prod IS
  'One row per run of the repair and action (insert, update, delete) with the number of rows of main''s observations_json.';

CREATE TABLE IF NOT EXISTS {{monitoring}}.mail_queue (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queued_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  queued_by name NOT NULL DEFAULT session_user,
  recipient text NOT NULL,
  subject text NOT NULL,
  message text NOT NULL,
  sent_at timestamptz,
  tries integer NOT NULL DEFAULT 0,
  error text
);
COMMENT ON TABLE {{monitoring}}.mail_queue IS
  'Mails that email_notify was asked for. The runner on the host sends them; the database runs no program.';

INSERT INTO {{monitoring}}.vn_instance (check_schema, main_schema, instance)
VALUES ({{check_text}}, {{main_text}}, {{instance_text}})
ON CONFLICT (check_schema) DO UPDATE SET main_schema = EXCLUDED.main_schema, instance = EXCLUDED.instance;

-- Made by this installation, so the data's owner has them; an older owner keeps what it had.
DO $fix$
DECLARE
  _table text;
BEGIN
  IF {{owner_text}} IS NULL THEN
    RETURN;
  END IF;
  IF (SELECT pg_catalog.obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%'
             AND pg_catalog.pg_get_userbyid(nspowner) = current_user
        FROM pg_catalog.pg_namespace WHERE nspname = {{monitoring_text}}) THEN
    EXECUTE pg_catalog.format('ALTER SCHEMA {{monitoring}} OWNER TO %I', {{owner_text}});
  END IF;
  IF NOT pg_catalog.has_schema_privilege({{owner_text}}, {{monitoring_text}}, 'CREATE') THEN
    EXECUTE pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA {{monitoring}} TO %I', {{owner_text}});
  END IF;
  FOR _table IN
    SELECT relname FROM pg_catalog.pg_class
     WHERE relname IN ('vn_instance', 'monitoring_vn_check_to_prod', 'mail_queue')
       AND relnamespace = {{monitoring_regnamespace}}
       AND pg_catalog.pg_get_userbyid(relowner) = current_user
  LOOP
    EXECUTE pg_catalog.format('ALTER TABLE {{monitoring}}.%I OWNER TO %I', _table, {{owner_text}});
  END LOOP;
END
$fix$;
