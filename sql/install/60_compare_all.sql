CREATE OR REPLACE FUNCTION {{check}}.fix_compare(_run bigint, _mode text, _context jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
  _whole boolean := _mode <> 'daily';
  _accept bigint := coalesce((_context ->> 'accept')::bigint, 0);
  -- One more than may ever be applied: enough to know that the run is refused.
  _limit bigint := greatest((_s ->> 'maxCandidates')::bigint, _accept) + 1;
  _form_ids bigint[];
  _form_sites text[];
  _lost boolean;
  _tab text;
  _scope smallint[] := '{200,201}';
  _refused text;
BEGIN
  SELECT * INTO _form_ids, _form_sites, _lost FROM {{check}}.fix_take_journal(_run, _whole);
  IF _whole OR _lost THEN
    PERFORM {{check}}.fix_compare_whole(_run, _limit);
  END IF;

  FOR _tab IN
    SELECT tab FROM {{check}}.repair_shape
     WHERE NOT has_ts AND {{check}}.fix_downloaded(controler)
       AND (_whole OR _lost OR tab = 'forms_json' AND _form_ids IS NOT NULL)
     ORDER BY stage
  LOOP
    IF _tab = 'forms_json' AND _form_ids IS NOT NULL THEN
      PERFORM {{check}}.fix_compare_table(_run, _tab, true, _form_ids, _form_sites, _limit);
    END IF;
    IF _whole OR _lost THEN
      PERFORM {{check}}.fix_compare_table(_run, _tab, _mode = 'all', NULL, NULL, _limit);
    END IF;
    IF _mode = 'all' THEN
      _scope := _scope || (SELECT ARRAY[stage, (stage + 1)::smallint] FROM {{check}}.repair_shape WHERE tab = _tab);
    END IF;
  END LOOP;
  IF _mode = 'all' THEN
    PERFORM {{check}}.fix_compare_same_ts(_run, _limit);
    _scope := _scope || 202::smallint;
  END IF;
  PERFORM set_config('synchronous_commit', 'off', true); -- as in fix_limits
  PERFORM {{check}}.fix_hold_back(_run, _context);
  PERFORM {{check}}.fix_compare_deleted(_run, _mode, _context, _lost);
  _scope := _scope || 300::smallint;
  -- A suspicion of an earlier week stays until the row comes again or goes.
  UPDATE {{check}}.repair_open AS o SET run_id = _run
   WHERE o.stage = 301 AND o.run_id <> _run AND {{check}}.fix_may_suspect(_context) IS NOT NULL
     AND EXISTS (SELECT FROM {{main}}.observations_json AS m
                  WHERE m.id = o.id AND m.site = o.site AND m.update_ts = o.main_ts)
     AND NOT EXISTS (SELECT FROM {{check}}.repair_seen AS n
                      WHERE n.id = o.id AND n.site = o.site AND n.at > o.first_seen);
  _scope := _scope || 301::smallint;

  -- All that was open has been looked at again; what was not found is no difference any more.
  DELETE FROM {{check}}.repair_open WHERE run_id <> _run AND stage = ANY (_scope);

  _refused := {{check}}.fix_refuse(_run, _accept);
  IF _refused IS NOT NULL THEN
    -- Keys beyond the limit are in no list now: the next run has to look at everything.
    INSERT INTO {{check}}.repair_loss (reason) VALUES ('refused: run ' || _run);
  END IF;
  UPDATE {{check}}.repair_run
     SET compared = jsonb_build_object('whole', _whole OR _lost, 'journal_lost', _lost)
   WHERE id = _run;
  RETURN jsonb_build_object('refused', _refused, 'by_table', (
    SELECT coalesce(jsonb_object_agg(tab, counts), '{}')
      FROM (SELECT tab, jsonb_object_agg(action, n) AS counts
              FROM (SELECT tab, action, count(*) AS n FROM {{check}}.repair_open
                     WHERE state = 'pending' GROUP BY tab, action) AS a
             GROUP BY tab) AS t),
    'open', (SELECT coalesce(jsonb_object_agg(state, n), '{}')
               FROM (SELECT state, count(*) AS n FROM {{check}}.repair_open GROUP BY state) AS s));
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_compare(bigint, text, jsonb) IS
  'Finds what differs and writes it into the work list, in one transaction; says whether the run is refused.';

CREATE OR REPLACE FUNCTION {{check}}.fix_downloaded(_controler text) RETURNS boolean
LANGUAGE sql STABLE AS $fix$
  -- Observations bring their forms; the other controllers are downloaded as the configuration asks.
  SELECT _controler = 'observations' OR (SELECT settings -> 'references' ? _controler FROM {{check}}.repair_setting);
$fix$;
COMMENT ON FUNCTION {{check}}.fix_downloaded(text) IS 'Does the second synchronisation bring what this controller writes?';

CREATE OR REPLACE FUNCTION {{check}}.fix_compare_same_ts(_run bigint, _limit bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
BEGIN
  -- Reads both items: minutes at 5 million rows, so only when asked for.
  EXECUTE format($sql$
    INSERT INTO {{check}}.repair_open AS o (stage, id, site, tab, action, state, check_ts, main_ts, run_id)
    SELECT 202, c.id, c.site, 'observations_json', 'update', 'pending', c.update_ts, m.update_ts, $1
      FROM {{check}}.observations_json AS c
      JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site
     WHERE m.update_ts = c.update_ts AND (%s)
     LIMIT $2
    ON CONFLICT (stage, id, site, key) DO UPDATE SET run_id = EXCLUDED.run_id, state = 'pending' $sql$,
    (SELECT sql ->> 'differs' FROM {{check}}.repair_shape WHERE tab = 'observations_json'))
    USING _run, _limit;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_compare_same_ts(bigint, bigint) IS
  'Observations with the same update_ts and another content.';

CREATE OR REPLACE FUNCTION {{check}}.fix_refuse(_run bigint, _accept bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
  _c record;
  _rows bigint;
  _limit bigint;
BEGIN
  FOR _c IN
    SELECT tab, count(*) AS n, count(*) FILTER (WHERE action = 'insert') AS inserts
      FROM {{check}}.repair_open WHERE state = 'pending' AND action <> 'delete' GROUP BY tab
  LOOP
    CONTINUE WHEN _c.n <= greatest((_s ->> 'minCandidates')::bigint, _accept);
    -- Counted only where the planner's figure leaves it open.
    SELECT reltuples INTO _rows FROM pg_class WHERE oid = format('{{main}}.%I', _c.tab)::regclass;
    IF _rows * (_s ->> 'maxCandidateShare')::numeric < 2 * _c.n THEN
      EXECUTE format('SELECT count(*) FROM {{main}}.%I', _c.tab) INTO _rows;
    END IF;
    _limit := least((_s ->> 'maxCandidates')::bigint,
                    greatest((_s ->> 'minCandidates')::bigint, floor(_rows * (_s ->> 'maxCandidateShare')::numeric)));
    IF _c.n > greatest(_limit, _accept) THEN
      RETURN format(
        '%s rows of %s differ, more than %s may be repaired without being asked (%s rows, %s %% of main''s %s). '
        'Nothing was written. If this is right: vn-check repair --accept %s',
        CASE WHEN _c.n > (_s ->> 'maxCandidates')::bigint AND _c.n > _accept THEN 'At least ' || _c.n ELSE _c.n::text END,
        _c.tab, _limit, _s ->> 'maxCandidates', 100 * (_s ->> 'maxCandidateShare')::numeric, _rows,
        CASE WHEN _c.n > (_s ->> 'maxCandidates')::bigint THEN 10 * _c.n ELSE _c.n END);
    END IF;
  END LOOP;
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_refuse(bigint, bigint) IS
  'The circuit breaker: why this run may not write, or NULL.';
