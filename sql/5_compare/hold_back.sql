CREATE OR REPLACE FUNCTION {{repair}}.watching() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT EXISTS (
    SELECT FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE c.relname = 'observations_json' AND c.relnamespace = '{{main}}'::regnamespace AND t.tgenabled IN ('O', 'A')
       AND t.tgfoid = to_regprocedure('{{repair}}.note_main_deletion()'));
$fix$;
COMMENT ON FUNCTION {{repair}}.watching() IS 'Are deletions in main watched?';

CREATE OR REPLACE FUNCTION {{repair}}.move_to_held_back(
  _run bigint, _ids bigint[], _sites text[], _action {{repair}}.action,
  _causes {{repair}}.held_back_cause[], _messages text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off AS $fix$
  WITH moved AS (
    -- Each key looked up by the index, as in put_aside.
    DELETE FROM {{repair}}.work_item AS w
     USING unnest(_ids, _sites, _causes, _messages) AS why (id, site, cause, message)
     CROSS JOIN LATERAL (
       SELECT x.ctid AS place FROM {{repair}}.work_item AS x
        WHERE x.table_name = 'observations_json' AND x.action = _action AND x.id = why.id AND x.site = why.site AND x.key = ''
       OFFSET 0) AS found
     WHERE w.ctid = found.place
    RETURNING w.*, why.cause, why.message
  )
  INSERT INTO {{repair}}.held_back AS h
    (table_name, action, id, site, key, reason, cause, message, check_update_ts, main_update_ts, run)
  SELECT table_name, action, id, site, key, reason, cause, message, check_update_ts, main_update_ts, _run FROM moved
  ON CONFLICT ON CONSTRAINT held_back_pk DO UPDATE SET
    reason = EXCLUDED.reason, cause = EXCLUDED.cause, message = EXCLUDED.message, run = EXCLUDED.run,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
$fix$;
COMMENT ON FUNCTION {{repair}}.move_to_held_back(
  bigint, bigint[], text[], {{repair}}.action, {{repair}}.held_back_cause[], text[]) IS
  'Takes observations off the work list and leaves them to people, each with its cause.';

CREATE OR REPLACE FUNCTION {{repair}}.fresh_sites() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- An update that failed asks for the same days again: the last one says it for all.
  SELECT coalesce(array_agg(l.site), '{}')
    FROM (SELECT DISTINCT ON (s.site) s.site, s.updated, j.started_at
            FROM {{repair}}.job_site AS s JOIN {{repair}}.job AS j ON j.id = s.job
           WHERE s.updated IS NOT NULL ORDER BY s.site, j.id DESC) AS l
   WHERE l.updated AND l.started_at > now() - interval '7 days';
$fix$;
COMMENT ON FUNCTION {{repair}}.fresh_sites() IS 'Sites whose last update ended well, of late.';

CREATE OR REPLACE FUNCTION {{repair}}.brought_since(_id bigint, _site text, _when timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  -- The first run that began after then; what has touched the row since, by transaction, came later still.
  _xid xid8 := (SELECT r.xid FROM {{repair}}.run AS r WHERE r.started_at > _when ORDER BY r.started_at LIMIT 1);
BEGIN
  IF EXISTS (SELECT FROM {{repair}}.downloaded_key AS n WHERE n.id = _id AND n.site = _site AND n.at > _when) THEN
    RETURN true;
  END IF;
  -- A download writes the row, or, where it finds the same version, locks it (ON CONFLICT DO UPDATE … WHERE): both leave
  -- their transaction's number in it, and no trigger has to note each row that is proposed.
  RETURN EXISTS (
    SELECT FROM {{check}}.observations_json AS c
     WHERE c.id = _id AND c.site = _site
       AND least(age(c.xmin), age(c.xmax)) < age(_xid::xid));
END
$fix$;
COMMENT ON FUNCTION {{repair}}.brought_since(bigint, text, timestamptz) IS
  'Has a download brought this observation since then? False where nothing says so.';

CREATE OR REPLACE FUNCTION {{repair}}.hold_back(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _fresh text[];
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.work_item
                  WHERE table_name = 'observations_json' AND action = 'insert' AND run = _run) THEN
    RETURN;
  END IF;
  -- What a run deleted as suspected stays away while no download brings it.
  PERFORM {{repair}}.move_to_held_back(_run, array_agg(o.id), array_agg(o.site), 'insert',
      array_agg('deleted by a run'::{{repair}}.held_back_cause),
      array_agg(format('deleted from main by run %s', d.run)))
    FROM {{repair}}.work_item AS o
    JOIN {{repair}}.deleted_row AS d ON d.row_id = o.id AND d.site = o.site COLLATE "default"
   WHERE o.table_name = 'observations_json' AND o.action = 'insert' AND o.run = _run
     AND d.reason = 'suspected' AND d.restored_at IS NULL
     AND o.check_update_ts <= (d.content ->> 'update_ts')::bigint
     AND NOT EXISTS (SELECT FROM {{repair}}.downloaded_key AS n
                      WHERE n.id = o.id AND n.site = o.site COLLATE "default" AND n.at > d.deleted_at);
  -- Never resurrect: what main's own sync deleted comes back only as a later version, or where a download that began
  -- well after it has brought the row: main's sync deletes a row to insert it anew, and may lose the insert.
  PERFORM {{repair}}.move_to_held_back(_run, array_agg(o.id), array_agg(o.site), 'insert',
      array_agg((CASE WHEN d.by_sync THEN 'deleted in main' ELSE 'lost by others' END)::{{repair}}.held_back_cause),
      array_agg(format('deleted from main by %s at %s', d.deleted_by, d.deleted_at)))
    FROM {{repair}}.work_item AS o
    JOIN (SELECT DISTINCT ON (id, site) id, site, deleted_at, deleted_by,
                 cardinality(_s.main_sync_logins) = 0 OR deleted_by = ANY (_s.main_sync_logins) AS by_sync
            FROM {{repair}}.main_deletion ORDER BY id, site, deleted_at DESC) AS d
      ON d.id = o.id AND d.site = o.site COLLATE "default"
   WHERE o.table_name = 'observations_json' AND o.action = 'insert' AND o.run = _run
     AND o.check_update_ts <= extract(epoch FROM d.deleted_at + _s.tolerance)
     AND (d.by_sync OR _s.losses_by_others <> 'repair')
     AND NOT {{repair}}.brought_since(o.id, o.site, d.deleted_at + _s.tolerance);
  -- Deletions in a blind spell were seen by nobody: only what a download has brought since is known to have been lost.
  PERFORM {{repair}}.move_to_held_back(_run, array_agg(o.id), array_agg(o.site), 'insert',
      array_agg('unseen'::{{repair}}.held_back_cause),
      array_agg(format('may have been deleted from main between %s and %s, when nobody watched (blind_spell %s)',
                       b.since, b.until, b.ids)))
    FROM {{repair}}.work_item AS o
    JOIN (SELECT min(since) AS since, max(until) AS until, string_agg(id::text, ', ' ORDER BY id) AS ids,
                 CASE WHEN NOT bool_or(lasts OR run IS NULL) THEN max(run) END AS run
            FROM {{repair}}.blind_spell WHERE of_main AND released_at IS NULL) AS b
      ON o.check_update_ts <= extract(epoch FROM b.until + _s.tolerance)
   WHERE o.table_name = 'observations_json' AND o.action = 'insert' AND o.run = _run
     AND NOT EXISTS (SELECT FROM {{repair}}.downloaded_key AS n
                      WHERE n.id = o.id AND n.site = o.site COLLATE "default" AND n.at > b.until)
     -- As in brought_since: later than the run that noticed it.
     AND NOT EXISTS (SELECT FROM {{check}}.observations_json AS c JOIN {{repair}}.run AS r ON r.id = b.run
                      WHERE c.id = o.id AND c.site = o.site COLLATE "default"
                        AND least(age(c.xmin), age(c.xmax)) < age(r.xid::xid))
     -- Main refused it before, so it was lacking then.
     AND NOT EXISTS (SELECT FROM {{repair}}.set_aside AS a
                      WHERE a.table_name = o.table_name AND a.action = o.action AND a.id = o.id AND a.site = o.site
                        AND a.key = o.key);
  -- Where nobody watches main, absence says nothing: an old row has to have been brought by a download of late.
  IF NOT {{repair}}.watching() AND to_regclass('{{main}}.increment_log') IS NOT NULL
     AND has_table_privilege(to_regclass('{{main}}.increment_log'), 'SELECT') THEN
    _fresh := {{repair}}.fresh_sites();
    PERFORM {{repair}}.move_to_held_back(_run, array_agg(o.id), array_agg(o.site), 'insert',
        array_agg('unseen'::{{repair}}.held_back_cause),
        array_agg('older than the last update of main, and no download of the last 7 days brought it'::text))
      FROM {{repair}}.work_item AS o
     WHERE o.table_name = 'observations_json' AND o.action = 'insert' AND o.run = _run
       AND o.check_update_ts < (SELECT extract(epoch FROM max(l.last_ts)::timestamptz)
                                  FROM {{main}}.increment_log AS l WHERE l.site = o.site COLLATE "default")
       AND NOT EXISTS (
         SELECT FROM {{repair}}.downloaded_key AS n
          WHERE n.id = o.id AND n.site = o.site COLLATE "default"
            -- Older ones say as much while the site's changes, deletions too, have come since.
            AND (n.at > now() - interval '7 days' OR o.site = ANY (_fresh)));
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.hold_back(bigint) IS
  'Of the rows missing in main, holds back those that were deleted there rather than lost.';
