CREATE OR REPLACE FUNCTION {{repair}}.trigger_marks()
RETURNS TABLE (relation oid, trigger name, of_main boolean, mark text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH watched AS (
    -- Main's table, and its partitions: each has a trigger of its own, and loses it when it is detached.
    SELECT coalesce(p.relid, c.oid) AS oid, true AS of_main
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN {{repair}}.settings AS s ON s.main_schema = n.nspname AND s.watch_main
      LEFT JOIN LATERAL pg_partition_tree(c.oid) AS p ON true
     WHERE c.relname = 'observations_json'
     UNION ALL
    SELECT c.oid, false
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN {{repair}}.settings AS s ON s.check_schema = n.nspname
     WHERE c.relname IN ('observations_json', 'forms_json')
  )
  SELECT w.oid, '', true, CASE WHEN EXISTS (
           SELECT FROM pg_trigger AS t JOIN pg_proc AS f ON f.oid = t.tgfoid
            WHERE t.tgrelid = w.oid AND t.tgenabled IN ('O', 'A') AND t.tgname LIKE 'vn\_repair\_watch%') THEN 'there' ELSE 'off' END
    FROM watched AS w WHERE w.of_main
   UNION ALL
  -- What was noted goes with the table of notes: another one comes from a dump, and knows nothing of what came after it.
  SELECT c.oid, '', true, 'there' FROM pg_class AS c, {{repair}}.settings AS s
   WHERE c.relname = 'main_deletion' AND c.relnamespace = '{{repair}}'::regnamespace AND s.watch_main
   UNION ALL
  SELECT w.oid, t.tgname, w.of_main, format('%s %s', t.tgenabled, t.xmin)
    FROM watched AS w
    JOIN pg_trigger AS t ON t.tgrelid = w.oid
    JOIN pg_proc AS f ON f.oid = t.tgfoid
    JOIN pg_namespace AS n ON n.oid = f.pronamespace
   CROSS JOIN {{repair}}.settings AS s
   WHERE n.oid = '{{repair}}'::regnamespace AND f.proname LIKE 'note\_%'
      OR n.nspname = s.check_schema AND f.proname = 'fix_watch_main'; -- of version 0.1, where main's owner has not replaced it
$fix$;
COMMENT ON FUNCTION {{repair}}.trigger_marks() IS 'Our triggers as they are now, in the shape of trigger_seen.';

CREATE OR REPLACE FUNCTION {{repair}}.this_cluster() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN (SELECT system_identifier FROM pg_control_system());
EXCEPTION WHEN insufficient_privilege THEN
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.this_cluster() IS 'The server''s own identifier, or NULL where it is kept from us.';

CREATE OR REPLACE FUNCTION {{repair}}.remember_triggers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  -- A main that has never been watched, as its owner does not wish it, is not blind for a time.
  _main boolean := EXISTS (SELECT FROM {{repair}}.trigger_seen AS s WHERE s.of_main) OR {{repair}}.watching();
BEGIN
  DELETE FROM {{repair}}.trigger_seen;
  INSERT INTO {{repair}}.trigger_seen (relation, trigger, of_main, mark, cluster)
  SELECT m.relation, m.trigger, m.of_main, m.mark, {{repair}}.this_cluster()
    FROM {{repair}}.trigger_marks() AS m WHERE _main OR NOT m.of_main;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.remember_triggers() IS 'Writes down how our triggers are, for the next look.';

CREATE OR REPLACE FUNCTION {{repair}}.look_at_triggers(_run bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _cluster text := {{repair}}.this_cluster();
  _elsewhere boolean := EXISTS (SELECT FROM {{repair}}.trigger_seen WHERE cluster <> _cluster);
  _at timestamptz := (SELECT min(at) FROM {{repair}}.trigger_seen);
  _off text;
  _why text;
BEGIN
  -- Most runs find all as it was, in force always.
  IF _run IS NOT NULL
     AND NOT EXISTS (SELECT FROM {{repair}}.blind_spell WHERE run IS NULL OR lasts)
     AND NOT EXISTS (
       SELECT FROM {{repair}}.trigger_marks() AS n
         FULL JOIN {{repair}}.trigger_seen AS s USING (relation, trigger)
        WHERE s.mark IS DISTINCT FROM n.mark OR s.mark !~ '^(A|there)' OR s.cluster <> _cluster) THEN
    RETURN true;
  END IF;
  -- A TRUNCATE of main has been noted by its trigger; what downloads brought before this run is no proof against it.
  UPDATE {{repair}}.blind_spell
     SET until = now(), run = _run, xid = CASE WHEN NOT _elsewhere THEN xid END
   WHERE run IS NULL;

  -- Check's journal. In another cluster all numbers are others, and nothing was written but what the dump has.
  SELECT string_agg(s.trigger, ', ' ORDER BY s.trigger) FILTER (WHERE coalesce(n.mark, 'D') LIKE 'D%'),
         string_agg(s.trigger, ', ' ORDER BY s.trigger) FILTER (WHERE n.mark IS DISTINCT FROM s.mark AND NOT _elsewhere)
    INTO _off, _why
    FROM {{repair}}.trigger_seen AS s
    LEFT JOIN {{repair}}.trigger_marks() AS n
      ON NOT n.of_main AND n.trigger = s.trigger AND (n.relation = s.relation OR _elsewhere)
   WHERE NOT s.of_main;
  PERFORM {{repair}}.note_spell(_run, false, _at, _off, _why, NULL);
  IF coalesce(_off, _why) IS NOT NULL THEN
    INSERT INTO {{repair}}.journal_gap (reason) VALUES ('triggers off, or made anew: ' || coalesce(_off, _why));
  END IF;

  -- Main's watch. A table that was made anew, by a restore for example, begins anew: what it lacks was lost.
  SELECT string_agg(n.relation::regclass::text, ', ') INTO _off
    FROM {{repair}}.trigger_marks() AS n
   WHERE n.of_main AND n.trigger = '' AND n.mark = 'off';
  SELECT string_agg(s.relation::regclass::text || ' ' || s.trigger, ', ') INTO _why
    FROM {{repair}}.trigger_seen AS s
    LEFT JOIN {{repair}}.trigger_marks() AS n ON n.relation = s.relation AND n.trigger = s.trigger
   WHERE s.of_main AND n.mark IS DISTINCT FROM s.mark AND NOT _elsewhere;
  IF _elsewhere OR NOT EXISTS (
       SELECT FROM {{repair}}.trigger_seen AS s
         JOIN pg_class AS c ON c.oid = s.relation AND c.relname = 'observations_json' AND NOT c.relispartition
         JOIN {{repair}}.trigger_marks() AS n ON n.relation = s.relation AND n.trigger = ''
        WHERE s.of_main AND s.trigger = '') THEN
    _off := NULL;
    _why := NULL;
  END IF;
  PERFORM {{repair}}.note_spell(_run, true, _at, _off, _why,
    -- Whoever puts a trigger on again waits for all deletions that are under way.
    (SELECT split_part(n.mark, ' ', 2)::xid FROM {{repair}}.trigger_marks() AS n
      WHERE n.of_main AND n.trigger <> '' ORDER BY age(split_part(n.mark, ' ', 2)::xid) LIMIT 1));
  IF _run IS NOT NULL THEN
    PERFORM {{repair}}.remember_triggers();
  END IF;
  RETURN false;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.look_at_triggers(bigint) IS
  'Are our triggers in force, and have been since the last look, as they were left? Else notes a blind spell.';

-- What happened since the last run, before this installation touches the triggers.
SELECT {{repair}}.look_at_triggers(NULL);
