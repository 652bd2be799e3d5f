-- What is there, before anything is made: one row, read only. The rights that the admin login lacks are in
-- rights/admin.sql.
WITH w AS (SELECT current_setting('vn_repair.installation')::jsonb AS i),
     ours AS (
       SELECT to_regnamespace('{{check}}') AS check_schema, to_regnamespace('{{repair}}') AS repair_schema,
              -- By name: a cast to regclass asks for a right on the schema, which may be just what lacks.
              (SELECT c.oid FROM pg_class AS c
                WHERE c.relname = 'observations_json' AND c.relnamespace = to_regnamespace('{{main}}')) AS main_table),
     path AS (
       SELECT jsonb_array_elements_text(nullif(i -> 'trigger_search_path', 'null')) AS name FROM w
        UNION
       SELECT 'public' FROM w WHERE i -> 'trigger_search_path' = 'null'
        UNION
       SELECT n.nspname FROM w, pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE i -> 'trigger_search_path' = 'null' AND e.extname = 'postgis'),
     roles AS (
       SELECT r.oid, r.rolname, r.rolsuper,
              coalesce(shobj_description(r.oid, 'pg_authid') LIKE 'vn-sync-check:%', false) AS marked,
              EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid) AS used
         FROM pg_roles AS r, w WHERE r.rolname IN (i #>> '{roles,login}', i #>> '{roles,repair}'))
SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || d.oid AS server,
       current_setting('server_version_num')::integer AS version,
       current_setting('server_version') AS version_text,
       pg_is_in_recovery() AS standby,
       pg_encoding_to_char(d.encoding) AS encoding,
       -- What a session of this login begins with: ours has set its own.
       (SELECT reset_val = 'on' FROM pg_settings WHERE name = 'default_transaction_read_only') AS reads_only,
       ARRAY(SELECT format('ALTER %s RESET session_replication_role;', CASE
                      WHEN s.setrole = 0 THEN format('DATABASE %I', d.datname)
                      WHEN s.setdatabase = 0 THEN format('ROLE %I', r.rolname)
                      ELSE format('ROLE %I IN DATABASE %I', r.rolname, d.datname) END)
               FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS line LEFT JOIN pg_roles AS r ON r.oid = s.setrole
              WHERE lower(line) LIKE 'session\_replication\_role=%' AND lower(line) <> 'session_replication_role=origin'
                AND s.setdatabase IN (0, d.oid) AND (s.setrole = 0 OR r.rolname = (SELECT i #>> '{roles,login}' FROM w))
              ORDER BY 1) AS triggers_off,
       to_regnamespace('{{main}}') IS NOT NULL AS main_schema,
       CASE (SELECT relkind FROM pg_class WHERE oid = main_table)
         WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' ELSE 'no table' END AS main_kind,
       main_table IS NOT NULL AS main_there,
       ARRAY(SELECT c FROM unnest('{id,site,item,update_ts}'::text[]) AS c
              WHERE main_table IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = main_table AND attname = c AND attnum > 0 AND NOT attisdropped))
         AS columns_lacking,
       ARRAY(SELECT relnamespace::regnamespace::text FROM pg_class
              WHERE relname = 'observations_json' AND relkind IN ('r', 'p')
                AND relnamespace IS DISTINCT FROM check_schema AND relnamespace IS DISTINCT FROM to_regnamespace('{{main}}') ORDER BY 1) AS elsewhere,
       repair_schema IS NOT NULL
         AND coalesce(obj_description(repair_schema, 'pg_namespace') NOT LIKE 'vn-sync-check:%', true) AS repair_foreign,
       check_schema IS NOT NULL OR repair_schema IS NOT NULL AS installed,
       -- Of what a stack makes: its roles, its schemas, in these the tables and the two procedures that people call.
       ARRAY(SELECT role FROM w, unnest(ARRAY[i #>> '{roles,login}', i #>> '{roles,repair}', i #>> '{roles,owner}']) AS role
              WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
              UNION
             SELECT schema FROM unnest('{ {{check}}, {{repair}}, {{monitoring}} }'::text[]) AS schema
              WHERE to_regnamespace(quote_ident(schema)) IS NULL
              UNION
             SELECT format('%s.%s', n.nspname, made.name)
               FROM (SELECT '{{check}}'::text AS schema, t ->> 'table_name' AS name FROM w, jsonb_array_elements(i -> 'client_tables') AS t
                      UNION ALL
                     VALUES ('{{repair}}', 'settings'), ('{{repair}}', 'job'), ('{{monitoring}}', 'vn_instance'),
                            ('{{monitoring}}', 'monitoring_vn_check_to_prod')) AS made
               JOIN pg_namespace AS n ON n.oid = to_regnamespace(made.schema)
              WHERE NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = made.name)
              UNION
             SELECT format('%s.%s', n.nspname, made.name)
               FROM (VALUES ('{{check}}', 'fct_fix_sync'), ('{{repair}}', 'repair')) AS made (schema, name)
               JOIN pg_namespace AS n ON n.oid = to_regnamespace(made.schema)
              WHERE NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid AND proname = made.name)
              ORDER BY 1) AS absent,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis') AS postgis,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') AS postgis_to_have,
       ARRAY(SELECT rolname::text FROM roles WHERE NOT marked AND (used OR rolsuper) ORDER BY 1) AS roles_used,
       (SELECT CASE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = i ->> 'definer') THEN 'absent'
                    WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = i ->> 'definer') THEN 'superuser' ELSE 'fine' END
          FROM w WHERE (i ->> 'run_as')::boolean) AS run_as,
       ARRAY(SELECT name FROM path WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = name) ORDER BY 1) AS path_absent,
       ARRAY(SELECT n.nspname::text FROM path JOIN pg_namespace AS n ON n.nspname = name
              WHERE EXISTS (SELECT FROM aclexplode(n.nspacl) AS a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
              ORDER BY 1) AS path_open,
       ARRAY(SELECT l FROM w, jsonb_array_elements_text(i #> '{settings,main_sync_logins}') AS l
              WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = l) ORDER BY 1) AS logins_absent
  FROM ours, pg_database AS d WHERE d.datname = current_database();
