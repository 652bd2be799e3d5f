-- Makes way for what comes: our own routines of before (CREATE OR REPLACE can change neither a parameter's name nor a
-- result), the published procedure and views. Texts that are not ours are kept in replaced_object.
INSERT INTO {{repair}}.replaced_object (kind, name, owner, definition)
SELECT 'procedure', oid::regprocedure::text, pg_get_userbyid(proowner), pg_get_functiondef(oid)
  FROM pg_proc
 WHERE pronamespace = '{{check}}'::regnamespace AND proname = 'fct_fix_sync'
   AND prosrc !~ 'fix_run' AND coalesce(obj_description(oid, 'pg_proc'), '') NOT LIKE 'vn-sync-check:%';
INSERT INTO {{repair}}.replaced_object (kind, name, owner, definition)
SELECT 'materialized view', oid::regclass::text, pg_get_userbyid(relowner),
       format('CREATE MATERIALIZED VIEW %s AS %s', oid::regclass, pg_get_viewdef(oid))
  FROM pg_class
 WHERE relnamespace = '{{check}}'::regnamespace AND relkind = 'm'
   AND relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
   AND coalesce(obj_description(oid, 'pg_class'), '') NOT LIKE 'vn-sync-check:%';

DO $fix$
DECLARE
  _o record;
BEGIN
  FOR _o IN
    -- What a trigger or a view stands on stays, and is replaced where it is.
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{check}}'::regnamespace AND proname = 'fct_fix_sync'
        OR pronamespace = '{{repair}}'::regnamespace AND prorettype <> 'trigger'::regtype
           AND proname NOT IN ('entry_point', 'main_observation', 'main_faults', 'column_faults')
  LOOP
    EXECUTE format('DROP ROUTINE %s', _o.name);
  END LOOP;
END
$fix$;

-- Views of users on top of ours are taken down and put up again around a new definition (put_back.sql).
CREATE TABLE {{repair}}.view_taken_down (
  depth integer, ours boolean, name text, kind "char", owner name, definition text, comment text, acl aclitem[], options text[],
  indexes text[]
);
COMMENT ON TABLE {{repair}}.view_taken_down IS 'Lives within an installation only.';
WITH RECURSIVE outdated AS (
  SELECT oid FROM pg_class
   WHERE relnamespace = '{{check}}'::regnamespace AND relkind IN ('m', 'v')
     AND relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
     AND coalesce(obj_description(oid, 'pg_class'), '') NOT LIKE 'vn-sync-check:%(3)'
), dependent AS (
  SELECT oid, 0 AS depth FROM outdated
   UNION
  SELECT r.ev_class, d.depth + 1
    FROM dependent AS d
    JOIN pg_depend AS p ON p.refobjid = d.oid AND p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = p.objid AND r.ev_class <> d.oid
   WHERE d.depth < 50
)
INSERT INTO {{repair}}.view_taken_down
SELECT max(d.depth), c.oid IN (SELECT oid FROM outdated), c.oid::regclass::text, c.relkind, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid),
       obj_description(c.oid, 'pg_class'), c.relacl, c.reloptions,
       ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid)
  FROM dependent AS d JOIN pg_class AS c ON c.oid = d.oid
 GROUP BY c.oid, c.relkind, c.relowner, c.relacl, c.reloptions;

DO $fix$
DECLARE
  _v record;
BEGIN
  FOR _v IN SELECT * FROM {{repair}}.view_taken_down ORDER BY depth DESC, name LOOP
    EXECUTE format('DROP %s %s', CASE _v.kind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, _v.name);
  END LOOP;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
  RAISE EXCEPTION 'the view % is in the way of the upgrade and cannot be taken down: %', _v.name, SQLERRM
    USING HINT = 'Drop what depends on it, or run the upgrade as its owner, then install again; nothing was changed.';
END
$fix$;
