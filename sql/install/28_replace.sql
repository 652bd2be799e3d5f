SET LOCAL client_min_messages = notice;

-- Makes way for what comes: routines of an older version (CREATE OR REPLACE can change neither a parameter's name
-- nor a result), the published procedure and views. Texts that are not ours are kept in repair_replaced.
INSERT INTO {{check}}.repair_replaced (kind, name, owner, definition)
SELECT 'procedure', p.oid::regprocedure::text, pg_get_userbyid(p.proowner), pg_get_functiondef(p.oid)
  FROM pg_proc AS p
 WHERE p.pronamespace = {{check_regnamespace}} AND p.proname = 'fct_fix_sync' AND p.prosrc !~ 'fix_run';
INSERT INTO {{check}}.repair_replaced (kind, name, owner, definition)
SELECT 'materialized view', c.oid::regclass::text, pg_get_userbyid(c.relowner),
       format('CREATE MATERIALIZED VIEW %s AS %s', c.oid::regclass, pg_get_viewdef(c.oid))
  FROM pg_class AS c
 WHERE c.relnamespace = {{check_regnamespace}} AND c.relkind = 'm'
   AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
   AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'vn-sync-check:%';

DO $fix$
DECLARE
  _routine regprocedure;
BEGIN
  FOR _routine IN
    SELECT p.oid::regprocedure FROM pg_proc AS p
     WHERE p.pronamespace = {{check_regnamespace}}
       AND (p.proname = 'fct_fix_sync' OR p.proname LIKE 'fix\_%')
       AND p.prorettype <> 'trigger'::regtype AND p.proname <> 'fix_entry_point'
  LOOP
    EXECUTE format('DROP ROUTINE %s', _routine);
  END LOOP;
END
$fix$;

-- Views of users on top of ours are taken down and put up again around a new definition (97_put_back.sql).
CREATE TEMP TABLE vn_view (
  depth integer, name text, kind "char", owner name, definition text, comment text, acl aclitem[], options text[],
  indexes text[]
) ON COMMIT DROP;
WITH RECURSIVE outdated AS (
  SELECT c.oid FROM pg_class AS c
   WHERE c.relnamespace = {{check_regnamespace}} AND c.relkind IN ('m', 'v')
     AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
     AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'vn-sync-check:%{{view_version}}'
), dependent AS (
  SELECT oid, 0 AS depth FROM outdated
   UNION
  SELECT r.ev_class, d.depth + 1
    FROM dependent AS d
    JOIN pg_depend AS p ON p.refobjid = d.oid AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = p.objid AND r.ev_class <> d.oid
   WHERE d.depth < 50
)
INSERT INTO vn_view
SELECT max(d.depth), c.oid::regclass::text, c.relkind, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid),
       obj_description(c.oid, 'pg_class'), c.relacl, c.reloptions,
       ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid)
  FROM dependent AS d JOIN pg_class AS c ON c.oid = d.oid
 GROUP BY c.oid, c.relkind, c.relowner, c.relacl, c.reloptions;

DO $fix$
DECLARE
  _v record;
BEGIN
  FOR _v IN SELECT * FROM vn_view ORDER BY depth DESC, name LOOP
    EXECUTE format('DROP %s %s', CASE _v.kind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, _v.name);
  END LOOP;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
  RAISE EXCEPTION 'the view % is in the way of the upgrade and cannot be taken down: %', _v.name, SQLERRM
    USING HINT = 'Drop what depends on it, or run the upgrade as its owner, then install again; nothing was changed.';
END
$fix$;
-- What was ours is not put back but made anew.
DELETE FROM vn_view WHERE name IN (
  SELECT format('%s.%I', {{check_regnamespace}}, v) FROM unnest(ARRAY['mv_data_missing_or_not_updated', 'qgis_data']) AS v);
