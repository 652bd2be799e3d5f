-- The watch on deletions from main: triggers that only main's owner may make.
CREATE OR REPLACE FUNCTION {{repair}}.watch_trigger() RETURNS name
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Several instances may watch one main.
  SELECT ('vn_repair_watch' || CASE instance WHEN 'default' THEN '' ELSE '_' || instance END)::name FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.watch_trigger() IS 'Name of the trigger on main that notes who deletes what.';

CREATE OR REPLACE FUNCTION {{repair}}.watch_statements() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- ALWAYS: deletions that come by replication, or in a session that switches ordinary triggers off, count too. A
  -- partition has the row trigger by its parent, but no TRUNCATE of it fires its parent's.
  WITH main AS (
    SELECT c.oid, n.nspname, c.relname, c.oid = root.oid AS is_root
      FROM pg_class AS root
      LEFT JOIN LATERAL pg_partition_tree(root.oid) AS p ON true
      JOIN pg_class AS c ON c.oid = coalesce(p.relid, root.oid) AND c.relkind IN ('r', 'p')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE root.relname = 'observations_json' AND root.relnamespace = '{{main}}'::regnamespace
       AND (SELECT watch_main FROM {{repair}}.settings)
  ), wanted AS (
    SELECT main.*, w.trigger, w.function, w.event, w.comment
      FROM main
     CROSS JOIN LATERAL (VALUES
       ({{repair}}.watch_trigger(), 'note_main_deletion', 'DELETE ON %s FOR EACH ROW', 'who deletes what'),
       (replace({{repair}}.watch_trigger(), 'watch', 'emptied'), 'note_main_truncate', 'TRUNCATE ON %s', 'that it was emptied')
     ) AS w (trigger, function, event, comment)
     WHERE main.is_root OR w.function = 'note_main_truncate'
  )
  (SELECT s
    FROM wanted AS w
   CROSS JOIN LATERAL unnest(ARRAY[
     format('CREATE OR REPLACE TRIGGER %I AFTER %s EXECUTE FUNCTION {{repair}}.%s()', w.trigger,
            format(w.event, format('%I.%I', w.nspname, w.relname)), w.function),
     format('ALTER TABLE %I.%I ENABLE ALWAYS TRIGGER %I', w.nspname, w.relname, w.trigger),
     format('COMMENT ON TRIGGER %I ON %I.%I IS %L', w.trigger, w.nspname, w.relname, 'vn-sync-check: ' || w.comment || '.')
   ]) WITH ORDINALITY AS x (s, ord)
   WHERE NOT EXISTS (
     SELECT FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid AND f.proname = w.function
      WHERE t.tgrelid = w.oid AND t.tgname = w.trigger AND t.tgenabled = 'A' AND f.pronamespace = '{{repair}}'::regnamespace)
   ORDER BY w.is_root DESC, w.nspname, w.relname, w.trigger, x.ord)
   UNION ALL
  -- A partition's row trigger comes with its parent's; on the partition somebody may have made an ordinary one of it.
  SELECT format('ALTER TABLE %I.%I ENABLE ALWAYS TRIGGER %I', m.nspname, m.relname, t.tgname)
    FROM main AS m JOIN pg_trigger AS t ON t.tgrelid = m.oid JOIN pg_proc AS f ON f.oid = t.tgfoid
   WHERE t.tgparentid <> 0 AND t.tgenabled <> 'A' AND f.proname = 'note_main_deletion' AND f.pronamespace = '{{repair}}'::regnamespace;
$fix$;
COMMENT ON FUNCTION {{repair}}.watch_statements() IS
  'Statements that put the watch on main, or put it right again; none where it is as it should be, or not wished.';

CREATE OR REPLACE FUNCTION {{repair}}.keep_watch(_emptied name) RETURNS void
-- Main's owner's, where that can be (rights/main_owner_tries.sql).
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s text;
BEGIN
  -- At once or not at all: this needs a lock for which writers of main would wait.
  PERFORM set_config('lock_timeout', '100ms', true);
  FOR _s IN
    -- Switched on again as ordinary triggers; what is off is somebody's wish, and told.
    SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.tgrelid::regclass, t.tgname)
      FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid
     WHERE f.pronamespace = '{{repair}}'::regnamespace AND f.proname IN ('note_main_deletion', 'note_main_truncate') AND t.tgenabled = 'O'
     UNION ALL
    -- Partitions that came later.
    SELECT format('CREATE TRIGGER %I AFTER TRUNCATE ON %s EXECUTE FUNCTION {{repair}}.note_main_truncate(); '
                  'ALTER TABLE %2$s ENABLE ALWAYS TRIGGER %1$I; COMMENT ON TRIGGER %1$I ON %2$s IS ''vn-sync-check: that it was emptied.''',
                  _emptied, c.oid::regclass)
      FROM pg_trigger AS t JOIN pg_class AS root ON root.oid = t.tgrelid AND root.relkind = 'p'
     CROSS JOIN LATERAL pg_partition_tree(root.oid) AS p
      JOIN pg_class AS c ON c.oid = p.relid AND c.relkind IN ('r', 'p')
     WHERE t.tgname = _emptied AND t.tgenabled <> 'D' AND root.relname = 'observations_json' AND root.relnamespace = '{{main}}'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_trigger AS x WHERE x.tgrelid = c.oid AND x.tgname = _emptied)
  LOOP
    EXECUTE _s;
  END LOOP;
EXCEPTION WHEN insufficient_privilege OR lock_not_available THEN
  NULL; -- told by watch_faults
END
$fix$;
COMMENT ON FUNCTION {{repair}}.keep_watch(name) IS
  'Puts the triggers that watch main in force always again, and on partitions that came later, if that can be done at once.';

CREATE OR REPLACE FUNCTION {{repair}}.mend_watch() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF EXISTS (SELECT FROM {{repair}}.trigger_seen WHERE of_main) AND EXISTS (SELECT FROM {{repair}}.watch_statements())
     -- What has happened since this run looked is the next one's to note.
     AND NOT EXISTS (SELECT FROM {{repair}}.trigger_marks() AS n FULL JOIN {{repair}}.trigger_seen AS s USING (relation, trigger)
                      WHERE s.mark IS DISTINCT FROM n.mark) THEN
    PERFORM {{repair}}.keep_watch(replace({{repair}}.watch_trigger(), 'watch', 'emptied'));
    PERFORM {{repair}}.remember_triggers();
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.mend_watch() IS 'At a run''s end: keep_watch, where the watch is not as it should be.';

CREATE OR REPLACE FUNCTION {{repair}}.watch_rights() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- What main's owner needs to make those triggers, now or when main is restored, and to say what happened without them.
  SELECT s
    FROM pg_class AS c
    JOIN pg_roles AS r ON r.oid = c.relowner
   CROSS JOIN LATERAL unnest(ARRAY[
     format('GRANT USAGE ON SCHEMA {{repair}} TO %I', r.rolname),
     format('GRANT EXECUTE ON FUNCTION {{repair}}.note_main_deletion(), {{repair}}.note_main_truncate(), '
            '{{repair}}.nothing_was_deleted(bigint) TO %I', r.rolname)]) AS s
   WHERE c.relname = 'observations_json' AND c.relnamespace = '{{main}}'::regnamespace
     AND (SELECT watch_main FROM {{repair}}.settings) AND NOT r.rolsuper;
$fix$;
COMMENT ON FUNCTION {{repair}}.watch_rights() IS 'Rights of main''s owner on the functions of the watch, as statements.';
