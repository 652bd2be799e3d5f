CREATE OR REPLACE FUNCTION {{repair}}.watch_faults(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- As they are now, before a run finds out what that has cost. A main that was never watched is not told of.
  RETURN QUERY
  SELECT format('triggers of the journal are missing or do not fire always: %s', string_agg(s.trigger, ', ' ORDER BY s.trigger)),
         'run pulumi up'::text
    FROM {{repair}}.trigger_seen AS s
   WHERE NOT s.of_main AND NOT EXISTS (
     SELECT FROM {{repair}}.trigger_marks() AS n WHERE n.trigger = s.trigger AND NOT n.of_main AND n.mark LIKE 'A%')
  HAVING count(*) > 0;
  RETURN QUERY
  SELECT 'deletions from main are not all seen: the triggers that watch it are missing, off, or not in force always'::text,
         format('run pulumi up; or as main''s owner: %s', string_agg(w.statement, '; '))
    FROM {{repair}}.watch_statements() AS w (statement)
   WHERE EXISTS (SELECT FROM {{repair}}.trigger_seen AS s WHERE s.of_main)
  HAVING count(*) > 0;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.watch_faults() IS 'Which of our triggers are not as they should be just now, and what to do.';
