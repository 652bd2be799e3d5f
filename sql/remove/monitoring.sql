-- The last instance to leave takes the functions and the mail queue of the monitoring schema with it; with the
-- data, the rows of this instance and what is empty then. The stack calls this twice, with the data second.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
BEGIN
  IF to_regclass('{{monitoring}}.vn_instance') IS NOT NULL THEN
    DELETE FROM {{monitoring}}.vn_instance WHERE check_schema = _i ->> 'check_schema';
    IF NOT EXISTS (SELECT FROM {{monitoring}}.vn_instance) THEN
      IF EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)')
                    AND prosrc ~ 'mail_queue') THEN
        DROP FUNCTION {{monitoring}}.email_notify(text, varchar, varchar);
      END IF;
      DROP TABLE IF EXISTS {{monitoring}}.mail_queue;
      DROP TABLE {{monitoring}}.vn_instance;
    END IF;
  END IF;
  IF NOT (_i ->> 'with_data')::boolean OR to_regclass('{{monitoring}}.monitoring_vn_check_to_prod') IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM {{monitoring}}.monitoring_vn_check_to_prod WHERE instance = _i ->> 'instance';
  IF to_regclass('{{monitoring}}.vn_instance') IS NULL
     AND NOT EXISTS (SELECT FROM {{monitoring}}.monitoring_vn_check_to_prod) THEN
    DROP TABLE {{monitoring}}.monitoring_vn_check_to_prod;
    IF obj_description(to_regnamespace('{{monitoring}}'), 'pg_namespace') LIKE 'vn-sync-check:%'
       AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{{monitoring}}'))
       AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('{{monitoring}}')) THEN
      DROP SCHEMA {{monitoring}};
    END IF;
  END IF;
END
$fix$;

-- What the installation replaced is put back: the published procedure, its views (empty), its mail function.
DO $fix$
DECLARE
  _r record;
BEGIN
  IF to_regclass('{{repair}}.replaced_object') IS NULL THEN
    RETURN;
  END IF;
  FOR _r IN SELECT * FROM {{repair}}.replaced_object ORDER BY id LOOP
    CONTINUE WHEN CASE _r.kind WHEN 'materialized view' THEN to_regclass(_r.name) IS NOT NULL ELSE false END;
    BEGIN
      EXECUTE rtrim(_r.definition, '; ') || CASE _r.kind WHEN 'materialized view' THEN ' WITH NO DATA' ELSE '' END;
      EXECUTE format('ALTER %s %s OWNER TO %I', _r.kind, _r.name, _r.owner);
      DELETE FROM {{repair}}.replaced_object WHERE id = _r.id;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'vn-sync-check: % % was not put back (%); its text is in %.replaced_object',
        _r.kind, _r.name, SQLERRM, '{{repair}}'::regnamespace;
    END;
  END LOOP;
END
$fix$;
