CREATE OR REPLACE FUNCTION {{repair}}.look_around(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  -- Before the looks: what changes meanwhile is looked at by the next run.
  _now text := {{repair}}.surroundings();
BEGIN
  -- In the transaction that compares: what was brought until now is told from what comes after.
  IF _now = (SELECT surroundings_seen FROM {{repair}}.settings)
     AND NOT EXISTS (SELECT FROM {{repair}}.blind_spell WHERE run IS NULL OR lasts) THEN
    RETURN;
  END IF;
  PERFORM {{repair}}.expect_no_fault();
  PERFORM {{repair}}.renew_client_tables();
  UPDATE {{repair}}.settings SET surroundings_seen = CASE WHEN {{repair}}.look_at_triggers(_run) THEN _now END;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.look_around(bigint) IS
  'Before a comparison, where anything has changed that it rests on: refuses what could not do right, notes in which time nobody watched, makes the write functions that need it.';

CREATE OR REPLACE FUNCTION {{repair}}.compare(_run bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _r {{repair}}.run;
  _complete boolean;
  _forms_complete boolean;
  _open record;
  _whole boolean;
  _limit bigint;
  _found bigint;
  _unknown text[] := '{}'::text[];
  _blind boolean;
  _refused text;
BEGIN
  SELECT * INTO _r FROM {{repair}}.run WHERE id = _run;
  -- One more than may ever be applied: enough to know that the run is refused.
  SELECT greatest(max_differences, coalesce(_r.accept, 0))::bigint + 1 INTO _limit FROM {{repair}}.settings;

  PERFORM {{repair}}.look_around(_run);
  PERFORM {{repair}}.expect_no_temporary_object(); -- main's triggers are known now
  _refused := {{repair}}.look_at_main(_run);
  IF _refused IS NOT NULL THEN
    UPDATE {{repair}}.run SET phase = 'refused', message = _refused WHERE id = _run;
    RETURN _refused;
  END IF;
  _forms_complete := {{repair}}.form_journal_is_complete();
  _complete := {{repair}}.journal_is_complete();
  _whole := _r.mode <> 'journal' OR NOT _complete;
  UPDATE {{repair}}.run SET whole = _whole, journal_complete = _complete WHERE id = _run;
  IF NOT _whole AND _r.job IS NULL AND {{repair}}.nothing_waits() THEN
    UPDATE {{repair}}.run SET phase = 'applying' WHERE id = _run;
    RETURN NULL;
  END IF;
  _blind := {{repair}}.blind_since() IS NOT NULL;
  IF _whole THEN
    IF NOT _blind THEN
      DELETE FROM {{repair}}.journal_observation;
    ELSE
      -- Brought after a blind spell, it has not been deleted in it.
      WITH gone AS (DELETE FROM {{repair}}.journal_observation RETURNING id, site)
      INSERT INTO {{repair}}.downloaded_key (id, site) SELECT DISTINCT id, site FROM gone;
    END IF;
  END IF;
  SELECT * INTO _open FROM {{repair}}.contents_to_look_at();
  PERFORM {{repair}}.compare_observations(_run, _whole, _limit, '{}');
  IF _blind THEN
    PERFORM {{repair}}.note_brought(_run);
  END IF;
  PERFORM {{repair}}.compare_other_tables(_run, _whole, _r.mode = 'contents', _forms_complete, _limit);
  IF _r.mode = 'contents' THEN
    PERFORM {{repair}}.compare_contents_observations_json(_run, NULL, NULL, _limit);
  ELSIF _open._ids IS NOT NULL THEN
    PERFORM {{repair}}.compare_contents_observations_json(_run, _open._ids, _open._sites, _limit);
  END IF;
  PERFORM set_config('synchronous_commit', 'off', true); -- as in limit_waiting
  SELECT count(*) INTO _found FROM {{repair}}.work_item WHERE table_name = 'observations_json' AND run = _run;
  _unknown := {{repair}}.hold_unknown_sites(_run);
  IF _whole AND _unknown <> '{}' AND _found >= _limit THEN
    -- They have filled the list: what others lack may stand behind them.
    PERFORM {{repair}}.compare_observations(_run, true, _limit, _unknown);
  END IF;
  PERFORM {{repair}}.hold_back(_run);
  PERFORM {{repair}}.compare_deletions(_run, _complete);
  PERFORM {{repair}}.forget_solved(_run);

  _refused := {{repair}}.circuit_breaker(coalesce(_r.accept, 0));
  IF _refused IS NOT NULL THEN
    -- Keys beyond the limit are in no list now: the next run has to look at everything.
    INSERT INTO {{repair}}.journal_gap (reason) VALUES ('refused: run ' || _run);
  END IF;
  UPDATE {{repair}}.run
     SET phase = (CASE WHEN _refused IS NULL THEN 'applying' ELSE 'refused' END)::{{repair}}.run_phase,
         message = nullif(concat_ws('; ', message, _refused), '')
   WHERE id = _run;
  RETURN _refused;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare(bigint) IS
  'Finds what differs and queues it, in one transaction; why the run is refused, or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.nothing_waits() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT NOT EXISTS (
    SELECT FROM {{repair}}.journal_observation UNION ALL SELECT FROM {{repair}}.journal_form UNION ALL
    SELECT FROM {{repair}}.work_item UNION ALL SELECT FROM {{repair}}.set_aside UNION ALL
    SELECT FROM {{repair}}.held_back UNION ALL SELECT FROM {{repair}}.tombstone WHERE fate = 'new');
$fix$;
COMMENT ON FUNCTION {{repair}}.nothing_waits() IS
  'Has nothing changed in check since the last run, and did it leave nothing open? Then there is no key to compare.';

CREATE OR REPLACE FUNCTION {{repair}}.forget_solved(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- All that was open has been looked at again; what was not found is no difference any more.
  DELETE FROM {{repair}}.work_item WHERE run <> _run;
  DELETE FROM {{repair}}.held_back AS h
   WHERE h.run <> _run
     -- Under the name that stands for it in here, only a whole comparison finds it again.
     AND NOT (h.cause = 'site too long' AND (SELECT r.whole IS NOT TRUE FROM {{repair}}.run AS r WHERE r.id = _run));
  DELETE FROM {{repair}}.set_aside AS a
   WHERE NOT EXISTS (
     SELECT FROM {{repair}}.work_item AS w
      WHERE w.table_name = a.table_name AND w.action = a.action AND w.id = a.id AND w.site = a.site AND w.key = a.key);
  -- A version that a trigger of main lets drop is not tried again while main's triggers are the same: only another is.
  DELETE FROM {{repair}}.work_item AS w USING {{repair}}.set_aside AS a
   WHERE a.cause = 'dropped'
     AND a.triggers_seen = (SELECT t.triggers_seen FROM {{repair}}.client_table AS t WHERE t.table_name = w.table_name)
     AND w.reason IN ('missing', 'older') AND w.check_update_ts = a.check_update_ts
     AND w.table_name = a.table_name AND w.action = a.action AND w.id = a.id AND w.site = a.site AND w.key = a.key;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.forget_solved(bigint) IS
  'Takes off the three lists what the comparison has not found again, and off the queue what would only be dropped again.';
