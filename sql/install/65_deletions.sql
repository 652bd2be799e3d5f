CREATE OR REPLACE FUNCTION {{check}}.fix_watching() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (
    SELECT FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE c.relname = 'observations_json' AND c.relnamespace = {{main_regnamespace}} AND t.tgenabled IN ('O', 'A')
       AND t.tgfoid = to_regprocedure('{{check}}.fix_watch_main()'));
$fix$;
COMMENT ON FUNCTION {{check}}.fix_watching() IS 'Are deletions in main watched?';

CREATE OR REPLACE FUNCTION {{check}}.fix_hold_back(_run bigint, _context jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
BEGIN
  IF NOT EXISTS (SELECT FROM {{check}}.repair_open WHERE stage = 200 AND run_id = _run) THEN
    RETURN;
  END IF;
  -- Never resurrect: what main's own sync deleted comes back only as a later version.
  UPDATE {{check}}.repair_open AS o
     SET state = CASE WHEN d.by_sync THEN 'held' ELSE 'lost' END,
         message = format('deleted from main by %s at %s', d.deleted_by, d.deleted_at)
    FROM (SELECT DISTINCT ON (id, site) id, site, deleted_at, deleted_by,
                 jsonb_array_length(_s -> 'mainSyncLogins') = 0
                   OR _s -> 'mainSyncLogins' ? deleted_by::text AS by_sync
            FROM {{check}}.repair_main_delete ORDER BY id, site, deleted_at DESC) AS d
   WHERE o.stage = 200 AND o.run_id = _run AND o.id = d.id AND o.site = d.site
     AND o.check_ts <= extract(epoch FROM d.deleted_at) + (_s ->> 'tolerance')::integer
     AND (d.by_sync OR _s ->> 'lossesByOthers' <> 'repair');
  -- What a run deleted as suspected stays away while no download brings it.
  UPDATE {{check}}.repair_open AS o
     SET state = 'held', message = format('deleted from main by run %s', d.run_id)
    FROM {{check}}.repair_deleted AS d
   WHERE o.stage = 200 AND o.run_id = _run AND d.row_id = o.id AND d.site = o.site
     AND d.reason = 'suspected' AND d.restored_at IS NULL
     AND o.check_ts <= (d.content ->> 'update_ts')::bigint
     AND NOT EXISTS (
       SELECT FROM {{check}}.repair_seen AS n WHERE n.id = o.id AND n.site = o.site AND n.at > d.deleted_at);
  -- Where nobody watches main, absence says nothing: an old row has to have been brought by a download of late.
  IF NOT {{check}}.fix_watching() AND to_regclass('{{main}}.increment_log') IS NOT NULL
     AND has_table_privilege(to_regclass('{{main}}.increment_log'), 'SELECT') THEN
    UPDATE {{check}}.repair_open AS o
       SET state = 'unseen',
           message = 'older than the last update of main, and no download of the last 7 days brought it'
     WHERE o.stage = 200 AND o.run_id = _run AND o.state = 'pending'
       AND o.check_ts < (SELECT extract(epoch FROM max(l.last_ts)::timestamptz)
                           FROM {{main}}.increment_log AS l WHERE l.site = o.site)
       AND NOT EXISTS (
         SELECT FROM {{check}}.repair_seen AS n
          WHERE n.id = o.id AND n.site = o.site AND n.at > now() - interval '7 days');
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_hold_back(bigint, jsonb) IS
  'Of the rows missing in main, holds back those that were deleted there rather than lost.';

CREATE OR REPLACE FUNCTION {{check}}.fix_compare_deleted(_run bigint, _mode text, _context jsonb, _lost boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
BEGIN
  IF EXISTS (SELECT FROM {{check}}.repair_tombstone WHERE state = 'new') THEN
    -- A row that came back, or that main has deleted too, has no open deletion.
    UPDATE {{check}}.repair_tombstone AS t SET state = 'came back'
     WHERE t.state = 'new'
       AND EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = t.id AND c.site = t.site);
    UPDATE {{check}}.repair_tombstone AS t SET state = 'gone from main'
     WHERE t.state = 'new'
       AND NOT EXISTS (SELECT FROM {{main}}.observations_json AS m WHERE m.id = t.id AND m.site = t.site);
    IF NOT _lost THEN
      INSERT INTO {{check}}.repair_open AS o
        (stage, id, site, tab, action, state, check_ts, main_ts, run_id, message)
      SELECT 300, t.id, t.site, 'observations_json', 'delete',
             CASE WHEN m.update_ts > t.update_ts THEN 'version unknown'
                  WHEN _s ->> 'login' IS NOT NULL AND t.deleted_by::text <> _s ->> 'login' THEN 'deleted by hand'
                  WHEN _s ->> 'deletions' = 'apply' THEN 'pending'
                  ELSE 'reported' END,
             t.update_ts, m.update_ts, _run,
             format('deleted from check by %s at %s', t.deleted_by, t.deleted_at)
        FROM (SELECT DISTINCT ON (id, site) * FROM {{check}}.repair_tombstone
               WHERE state = 'new' ORDER BY id, site, deleted_at DESC) AS t
        JOIN {{main}}.observations_json AS m ON m.id = t.id AND m.site = t.site
      ON CONFLICT (stage, id, site, key) DO UPDATE SET
        run_id = EXCLUDED.run_id, state = EXCLUDED.state, check_ts = EXCLUDED.check_ts,
        main_ts = EXCLUDED.main_ts, message = EXCLUDED.message;
    END IF;
  END IF;
  IF NOT _lost AND {{check}}.fix_may_suspect(_context) IS NULL THEN
    PERFORM {{check}}.fix_suspect(_run, _context);
  END IF;
  PERFORM {{check}}.fix_cap_deletions(_run, _s);
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_compare_deleted(bigint, text, jsonb, boolean) IS
  'Finds deletions that main has not followed; after a lost journal it concludes none.';

CREATE OR REPLACE FUNCTION {{check}}.fix_may_suspect(_context jsonb) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT CASE
    WHEN NOT (settings ->> 'sameRights')::boolean
      THEN 'sameRights is not set: what one account does not see may still exist'
    WHEN (settings ->> 'territorialFilter')::boolean THEN 'a territorial filter is set'
    WHEN _context -> 'proof' IS NULL THEN 'no download to conclude from'
    WHEN (_context -> 'proof' ->> 'proven')::boolean IS NOT TRUE THEN 'the download is not proven complete'
    WHEN (_context -> 'proof' ->> 'started_at')::timestamptz IS NULL
      OR (_context -> 'proof' ->> 'window_from')::date IS NULL
      OR (_context -> 'proof' ->> 'window_to')::date IS NULL THEN 'the download has no window'
    WHEN NOT EXISTS (SELECT FROM {{check}}.repair_seen WHERE at >= (_context -> 'proof' ->> 'started_at')::timestamptz)
      THEN 'no row of the download was seen'
  END FROM {{check}}.repair_setting;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_may_suspect(jsonb) IS 'Why deletions cannot be concluded from a download''s silence, or NULL.';

CREATE OR REPLACE FUNCTION {{check}}.fix_suspect(_run bigint, _context jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _s jsonb := (SELECT settings FROM {{check}}.repair_setting);
  _from date := (_context -> 'proof' ->> 'window_from')::date;
  _to date := (_context -> 'proof' ->> 'window_to')::date;
  _start timestamptz := (_context -> 'proof' ->> 'started_at')::timestamptz;
BEGIN
  INSERT INTO {{check}}.repair_open AS o
    (stage, id, site, tab, action, state, check_ts, main_ts, run_id, message)
  SELECT 301, m.id, m.site, 'observations_json', 'delete',
         CASE WHEN _s ->> 'deletions' = 'apply' THEN 'pending' ELSE 'reported' END,
         m.update_ts, m.update_ts, _run,
         format('entered within %s to %s, and the whole download of %s did not bring it', _from, _to, _start)
    -- First by keys alone; only for what no download brought is the item read.
    FROM (SELECT x.id, x.site, x.update_ts
            FROM {{main}}.observations_json AS x
           WHERE x.update_ts >= extract(epoch FROM _from::timestamptz)
             AND NOT EXISTS (SELECT FROM {{check}}.repair_seen AS n
                              WHERE n.id = x.id AND n.site = x.site AND n.at >= _start)
          OFFSET 0) AS k
    JOIN {{main}}.observations_json AS m ON m.id = k.id AND m.site = k.site
   -- Entered on an inner day of the window: the outer ones are cut off by the time of day.
   WHERE to_timestamp((m.item #>> '{observers,0,insert_date}')::bigint)::date BETWEEN _from + 1 AND _to - 1
     AND EXISTS (
       SELECT FROM {{check}}.download_log AS l
        WHERE l.site = m.site AND l.controler = 'observations' AND l.download_ts >= _start::timestamp
          AND l.comment ~ ('taxo_group ?: ' || (m.item #>> '{species,taxonomy}') || ','))
     -- Restored by hand: somebody knows better.
     AND NOT EXISTS (SELECT FROM {{check}}.repair_deleted AS r
                      WHERE r.row_id = m.id AND r.site = m.site AND r.restored_at IS NOT NULL)
     AND NOT EXISTS (SELECT FROM {{check}}.repair_open AS p WHERE p.stage = 300 AND p.id = m.id AND p.site = m.site)
  ON CONFLICT (stage, id, site, key) DO UPDATE SET
    run_id = EXCLUDED.run_id, state = EXCLUDED.state, check_ts = EXCLUDED.check_ts,
    main_ts = EXCLUDED.main_ts, message = EXCLUDED.message;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_suspect(bigint, jsonb) IS
  'Rows of main entered within a window whose whole download did not bring them.';

CREATE OR REPLACE FUNCTION {{check}}.fix_cap_deletions(_run bigint, _s jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _n bigint;
  _rows bigint;
  _cap bigint;
BEGIN
  SELECT count(*) INTO _n FROM {{check}}.repair_open WHERE action = 'delete' AND state = 'pending' AND run_id = _run;
  IF _n = 0 THEN
    RETURN;
  END IF;
  SELECT count(*) INTO _rows FROM {{main}}.observations_json;
  _cap := least((_s ->> 'maxDeletes')::bigint, floor(_rows * (_s ->> 'maxDeleteShare')::numeric));
  IF _n > _cap THEN
    -- All or nothing: a mass deletion is a mistake more often than not, and eating it up run by run is no better.
    UPDATE {{check}}.repair_open
       SET state = 'over the cap', message = message || format('; %s deletions, more than %s a run', _n, _cap)
     WHERE action = 'delete' AND state = 'pending' AND run_id = _run;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_cap_deletions(bigint, jsonb) IS 'Deletes nothing where more would be deleted than a run may.';
