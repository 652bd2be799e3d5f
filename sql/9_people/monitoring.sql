-- What people look at, in a schema that all instances of a database share. The installation holds an advisory
-- lock of the database, so two of them never make it at once.
DO $fix$
BEGIN
  IF to_regnamespace('{{monitoring}}') IS NULL THEN
    CREATE SCHEMA {{monitoring}};
    COMMENT ON SCHEMA {{monitoring}} IS 'vn-sync-check: monitoring of the repairs';
  END IF;
END
$fix$;

CREATE TABLE IF NOT EXISTS {{monitoring}}.vn_instance (
  check_schema name PRIMARY KEY,
  main_schema name NOT NULL,
  instance text NOT NULL,
  installed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE {{monitoring}}.vn_instance IS
  'Instances of vn-sync-check that use this schema; the last one to leave drops the functions in it.';

CREATE TABLE IF NOT EXISTS {{monitoring}}.monitoring_vn_check_to_prod (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  date timestamptz NOT NULL DEFAULT now(),
  action varchar NOT NULL,
  count integer
);
DO $fix$
BEGIN
  IF (SELECT count(*) < 2 FROM pg_attribute
       WHERE attrelid = '{{monitoring}}.monitoring_vn_check_to_prod'::regclass AND attname IN ('instance', 'run_id')) THEN
    ALTER TABLE {{monitoring}}.monitoring_vn_check_to_prod
      ADD COLUMN IF NOT EXISTS instance text,
      ADD COLUMN IF NOT EXISTS run_id bigint;
  END IF;
END
$fix$;
COMMENT ON TABLE {{monitoring}}.monitoring_vn_check_to_prod IS
  'One row per run of the repair and action (insert, update, delete) with the number of rows of main''s observations_json.';

CREATE TABLE IF NOT EXISTS {{monitoring}}.mail_queue (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queued_at timestamptz NOT NULL DEFAULT now(),
  queued_by name NOT NULL DEFAULT session_user,
  recipient text NOT NULL,
  subject text NOT NULL,
  message text NOT NULL,
  sent_at timestamptz,
  tries integer NOT NULL DEFAULT 0,
  error text
);
DO $fix$
DECLARE
  _c record;
BEGIN
  FOR _c IN
    SELECT * FROM (VALUES ('taken_by', 'text'), ('taken_at', 'timestamptz'), ('next_try_at', 'timestamptz'), ('expired_at', 'timestamptz'))
                    AS c (name, type)
     WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{monitoring}}.mail_queue'::regclass AND attname = c.name)
  LOOP
    EXECUTE format('ALTER TABLE {{monitoring}}.mail_queue ADD COLUMN %I %s', _c.name, _c.type);
  END LOOP;
END
$fix$;
COMMENT ON TABLE {{monitoring}}.mail_queue IS
  'Mails that email_notify was asked for: vn-check sends them, of any instance; the database runs no program. Given up after 30 days.';

INSERT INTO {{monitoring}}.vn_instance (check_schema, main_schema, instance)
SELECT check_schema, main_schema, instance FROM {{repair}}.settings
ON CONFLICT (check_schema) DO UPDATE SET main_schema = EXCLUDED.main_schema, instance = EXCLUDED.instance;

-- Made by this installation, so the data's owner has them; an older owner keeps what it had.
DO $fix$
DECLARE
  _owner name := (SELECT owner_role FROM {{repair}}.settings);
  _o record;
BEGIN
  IF _owner IS NULL THEN
    RETURN;
  END IF;
  IF (SELECT obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%' AND pg_get_userbyid(nspowner) = current_user
        FROM pg_namespace WHERE oid = '{{monitoring}}'::regnamespace) THEN
    EXECUTE format('ALTER SCHEMA {{monitoring}} OWNER TO %I', _owner);
  END IF;
  IF NOT has_schema_privilege(_owner, '{{monitoring}}'::regnamespace, 'CREATE') THEN
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA {{monitoring}} TO %I', _owner);
  END IF;
  FOR _o IN
    SELECT oid::regclass AS name FROM pg_class
     WHERE relname IN ('vn_instance', 'monitoring_vn_check_to_prod', 'mail_queue')
       AND relnamespace = '{{monitoring}}'::regnamespace AND pg_get_userbyid(relowner) = current_user
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO %I', _o.name, _owner);
  END LOOP;
END
$fix$;

CREATE OR REPLACE FUNCTION {{repair}}.write_monitoring(_run bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- As in the original procedure: a row for inserts and one for updates even where there was none.
  INSERT INTO {{monitoring}}.monitoring_vn_check_to_prod (action, count, instance, run_id)
  SELECT a.action, coalesce(n.count, 0), (SELECT instance FROM {{repair}}.settings), _run
    FROM unnest(enum_range(NULL::{{repair}}.action)) WITH ORDINALITY AS a (action, ord)
    LEFT JOIN (SELECT action, count(*) FROM {{repair}}.change
                WHERE run = _run AND table_name = 'observations_json' GROUP BY action) AS n USING (action)
   WHERE a.action <> 'delete' OR n.count > 0
   ORDER BY a.ord;
$fix$;
COMMENT ON FUNCTION {{repair}}.write_monitoring(bigint) IS 'Writes a run''s monitoring rows, one per action, from its recorded changes.';
