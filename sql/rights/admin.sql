-- What the login that installs lacks, as statements (column `statement`) for whoever may give it. Main's owner is
-- left out: what only that role may do is handed over afterwards, and the repair works without it.
WITH wanted AS (
  SELECT current_setting('vn_repair.installation')::jsonb AS i,
         current_setting('server_version_num')::integer >= 160000 AS new
), ours AS (
  SELECT 'SCHEMA' AS kind, oid::regnamespace::text AS name, nspowner AS owner FROM pg_namespace, wanted
   WHERE nspname IN (i ->> 'check_schema', i ->> 'repair_schema')
   UNION ALL
  SELECT CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
         oid::regclass::text, relowner
    FROM pg_class
   WHERE relkind IN ('r', 'p', 'm', 'v', 'S')
     AND (relnamespace IN (to_regnamespace('{{check}}'), to_regnamespace('{{repair}}'))
          OR relnamespace = to_regnamespace('{{monitoring}}')
             AND relname IN ('monitoring_vn_check_to_prod', 'vn_instance', 'mail_queue'))
   UNION ALL
  SELECT 'ROUTINE', oid::regprocedure::text, proowner
    FROM pg_proc
   WHERE pronamespace = to_regnamespace('{{repair}}')
      OR pronamespace = to_regnamespace('{{check}}') AND proname = 'fct_fix_sync'
), lacking AS (
  -- Neither is the login a member of the owner, nor may it make itself one, as the head does.
  SELECT o.*, r.rolname, r.rolsuper
    FROM ours AS o
    JOIN pg_roles AS r ON r.oid = o.owner
    JOIN pg_roles AS me ON me.rolname = current_user
   CROSS JOIN wanted AS w
   WHERE NOT pg_has_role(r.oid, 'USAGE') AND NOT me.rolsuper
     AND NOT pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
     AND (w.new OR r.rolsuper OR NOT me.rolcreaterole)
)
SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user) AS statement
  FROM wanted
 WHERE NOT has_database_privilege(current_database(), 'CREATE')
   AND (to_regnamespace('{{check}}') IS NULL OR to_regnamespace('{{repair}}') IS NULL
        OR to_regnamespace('{{monitoring}}') IS NULL)
 UNION ALL
SELECT format('ALTER ROLE %I CREATEROLE', current_user)
  FROM wanted
  JOIN pg_roles AS me ON me.rolname = current_user
 WHERE NOT me.rolcreaterole AND NOT me.rolsuper
   AND i #>> '{roles,owner}' IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = i #>> '{roles,owner}')
 UNION ALL
SELECT format('GRANT USAGE ON SCHEMA {{main}} TO %I', current_user)
 WHERE NOT has_schema_privilege(to_regnamespace('{{main}}'), 'USAGE')
 UNION ALL
SELECT format('GRANT USAGE, CREATE ON SCHEMA {{monitoring}} TO %I', current_user)
 WHERE NOT has_schema_privilege(to_regnamespace('{{monitoring}}'), 'USAGE')
    OR NOT has_schema_privilege(to_regnamespace('{{monitoring}}'), 'CREATE')
 UNION ALL
SELECT DISTINCT format('GRANT %I TO %I', rolname, current_user)
  FROM lacking WHERE NOT rolsuper
 UNION ALL
-- Nobody should be made a member of a superuser for this.
SELECT format('ALTER %s %s OWNER TO %I', kind, name, current_user)
  FROM lacking WHERE rolsuper;
