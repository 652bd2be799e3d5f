-- What the login that installs lacks, as statements (column `statement`) for whoever may give it. Main's owner is
-- left out: what only that role may do is handed over afterwards, and the repair works without it.
WITH wanted AS (
  SELECT current_setting('vn_repair.installation')::jsonb AS i,
         current_setting('server_version_num')::integer >= 160000 AS new
), ours AS (
  SELECT 'SCHEMA' AS kind, oid::regnamespace::text AS name, nspowner AS owner FROM pg_namespace, wanted
   WHERE nspname IN (i ->> 'check_schema', i ->> 'repair_schema')
      OR nspname = i ->> 'monitoring_schema' AND obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%'
   UNION ALL
  SELECT CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
         oid::regclass::text, relowner
    FROM pg_class
   WHERE relkind IN ('r', 'p', 'm', 'v', 'S')
     AND (relnamespace IN (to_regnamespace('{{check}}'), to_regnamespace('{{repair}}'))
          OR relnamespace = to_regnamespace('{{monitoring}}')
             AND relname IN ('monitoring_vn_check_to_prod', 'vn_instance', 'mail_queue'))
     -- A column's sequence goes with its table, and cannot be given away by itself.
     AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = pg_class.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'))
   UNION ALL
  -- Of composite types those that are no table's.
  SELECT 'TYPE', t.oid::regtype::text, t.typowner
    FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
   WHERE t.typnamespace = to_regnamespace('{{repair}}') AND (t.typtype = 'e' OR c.relkind = 'c')
   UNION ALL
  SELECT 'ROUTINE', oid::regprocedure::text, proowner
    FROM pg_proc
   WHERE pronamespace = to_regnamespace('{{repair}}') AND proname NOT IN ('try_as_main_owner', 'written_elsewhere', 'keep_watch')
      OR pronamespace = to_regnamespace('{{check}}') AND proname = 'fct_fix_sync'
      -- Ours alone: another one stays as it is.
      OR pronamespace = to_regnamespace('{{monitoring}}') AND proname = 'email_notify' AND prosrc ~ 'mail_queue'
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
        OR to_regnamespace('{{monitoring}}') IS NULL
        -- Or to give them to the data's owner again.
        OR EXISTS (SELECT FROM pg_namespace
                    WHERE nspname IN (i ->> 'check_schema', i ->> 'repair_schema') AND obj_description(oid, 'pg_namespace') LIKE 'vn-sync-check:%'
                      AND pg_get_userbyid(nspowner) <> i #>> '{roles,owner}'))
 UNION ALL
-- What the login and the repair need of the database, where PUBLIC was deprived of it: to be given on.
SELECT format('GRANT %s ON DATABASE %I TO %I WITH GRANT OPTION', string_agg(n.privilege, ', ' ORDER BY n.privilege),
              current_database(), current_user)
  FROM wanted
  JOIN pg_database AS d ON d.datname = current_database()
 CROSS JOIN LATERAL (VALUES (i #>> '{roles,login}', 'CONNECT'), (i ->> 'definer', 'TEMPORARY')) AS n (role, privilege)
 WHERE n.role IS NOT NULL
   AND NOT EXISTS (SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
                    WHERE a.grantee = 0 AND a.privilege_type = n.privilege)
   AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = n.role AND has_database_privilege(r.oid, d.oid, n.privilege))
   AND NOT pg_has_role(d.datdba, 'USAGE') AND NOT has_database_privilege(d.oid, n.privilege || ' WITH GRANT OPTION')
HAVING count(*) > 0
 UNION ALL
SELECT format('ALTER ROLE %I CREATEROLE', current_user)
  FROM wanted
  JOIN pg_roles AS me ON me.rolname = current_user
 WHERE NOT me.rolcreaterole AND NOT me.rolsuper AND i #>> '{roles,owner}' IS NOT NULL
 UNION ALL
-- Roles that another login has made: from PostgreSQL 16 on CREATEROLE alone does not reach them. The kit's own will
-- be dropped one day.
SELECT format('GRANT %I TO %I', r.rolname, current_user) || CASE WHEN o.ours THEN ' WITH ADMIN OPTION' ELSE '' END
  FROM wanted
  JOIN pg_roles AS me ON me.rolname = current_user
  JOIN pg_roles AS r ON r.rolname IN (i #>> '{roles,login}', i #>> '{roles,repair}', i #>> '{roles,owner}', i ->> 'definer')
 CROSS JOIN LATERAL (
   SELECT r.rolname IN (i #>> '{roles,login}', i #>> '{roles,repair}')
          OR coalesce(shobj_description(r.oid, 'pg_authid') LIKE 'vn-sync-check:%', false)) AS o (ours)
 WHERE new AND NOT me.rolsuper AND NOT r.rolsuper AND NOT pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
   AND (o.ours OR NOT pg_has_role(r.oid, 'USAGE') OR NOT pg_has_role(r.oid, CASE WHEN new THEN 'SET' ELSE 'MEMBER' END))
 UNION ALL
SELECT format('GRANT USAGE ON SCHEMA {{main}} TO %I', current_user)
 WHERE NOT has_schema_privilege(to_regnamespace('{{main}}'), 'USAGE')
 UNION ALL
SELECT format('GRANT USAGE, CREATE ON SCHEMA {{monitoring}} TO %I', current_user)
  FROM pg_namespace AS n
  JOIN pg_roles AS o ON o.oid = n.nspowner
  JOIN pg_roles AS me ON me.rolname = current_user
 CROSS JOIN wanted
 WHERE n.oid = to_regnamespace('{{monitoring}}')
   AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'))
   -- The head lends the rights of its owner, where it may.
   AND NOT pg_has_role(o.oid, 'MEMBER WITH ADMIN OPTION')
   AND (new OR o.rolsuper OR NOT me.rolcreaterole)
 UNION ALL
SELECT DISTINCT format('GRANT %I TO %I', rolname, current_user)
  FROM lacking, wanted
 WHERE NOT rolsuper
   AND NOT (new AND rolname IN (SELECT unnest(ARRAY[i #>> '{roles,login}', i #>> '{roles,repair}', i #>> '{roles,owner}', i ->> 'definer'])))
 UNION ALL
-- Nobody should be made a member of a superuser for this.
SELECT format('ALTER %s %s OWNER TO %I', kind, name, current_user)
  FROM lacking WHERE rolsuper;
