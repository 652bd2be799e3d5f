CREATE OR REPLACE FUNCTION {{repair}}.queue_deletion(
  _run bigint, _ids bigint[], _sites text[], _reason {{repair}}.reason,
  _causes {{repair}}.held_back_cause[], _messages text[], _check_ts bigint[], _main_ts bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  INSERT INTO {{repair}}.work_item AS w
    (table_name, action, id, site, reason, check_update_ts, main_update_ts, run)
  SELECT 'observations_json', 'delete', u.id, u.site, _reason, u.check_ts, u.main_ts, _run
    FROM unnest(_ids, _sites, _check_ts, _main_ts) AS u (id, site, check_ts, main_ts)
  ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET
    reason = EXCLUDED.reason, run = EXCLUDED.run,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
  PERFORM {{repair}}.move_to_held_back(_run, array_agg(u.id), array_agg(u.site), 'delete',
                                       array_agg(u.cause), array_agg(u.message))
    FROM unnest(_ids, _sites, _causes, _messages) AS u (id, site, cause, message)
   WHERE u.cause IS NOT NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.queue_deletion(
  bigint, bigint[], text[], {{repair}}.reason, {{repair}}.held_back_cause[], text[], bigint[], bigint[]) IS
  'Queues deletions, or leaves to people those that come with a cause.';

CREATE OR REPLACE FUNCTION {{repair}}.compare_deletions(_run bigint, _complete boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
BEGIN
  IF (SELECT r.whole FROM {{repair}}.run AS r WHERE r.id = _run) THEN
    -- Main has it again, from a dump perhaps; but for what a person has put back.
    UPDATE {{repair}}.tombstone AS t SET fate = 'new'
     WHERE t.fate IN ('followed', 'gone from main')
       AND EXISTS (SELECT FROM {{main}}.observations_json AS m
                    WHERE m.id = t.id AND m.site = t.site AND m.update_ts <= t.update_ts)
       AND NOT EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = t.id AND c.site = t.site)
       AND NOT EXISTS (SELECT FROM {{repair}}.tombstone AS n
                        WHERE n.id = t.id AND n.site = t.site AND n.deleted_at > t.deleted_at)
       AND NOT EXISTS (SELECT FROM {{repair}}.deleted_row AS d
                        WHERE d.row_id = t.id AND d.site = t.site AND d.restored_at > t.deleted_at);
  END IF;
  IF EXISTS (SELECT FROM {{repair}}.tombstone WHERE fate = 'new') THEN
    -- A row that came back, or that main has deleted too, has no open deletion.
    UPDATE {{repair}}.tombstone AS t SET fate = 'came back'
     WHERE t.fate = 'new'
       AND EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = t.id AND c.site = t.site);
    UPDATE {{repair}}.tombstone AS t SET fate = 'gone from main'
     WHERE t.fate = 'new'
       AND NOT EXISTS (SELECT FROM {{main}}.observations_json AS m WHERE m.id = t.id AND m.site = t.site);
    IF _complete THEN
      PERFORM {{repair}}.queue_deletion(_run, array_agg(t.id::bigint), array_agg(t.site::text), 'deleted in check',
          array_agg((CASE
            WHEN m.update_ts > t.update_ts THEN 'newer in main'
            WHEN _s.login_role IS NOT NULL AND t.deleted_by <> _s.login_role THEN 'deleted by hand'
            WHEN _s.deletions <> 'apply' THEN 'deletion reported' END)::{{repair}}.held_back_cause),
          array_agg(format(CASE WHEN t.item IS NULL THEN 'told to %s as deleted at %s' ELSE 'deleted from check by %s at %s' END,
                           t.deleted_by, t.deleted_at)),
          array_agg(t.update_ts), array_agg(m.update_ts::bigint))
        FROM (SELECT DISTINCT ON (id, site) * FROM {{repair}}.tombstone
               WHERE fate = 'new' ORDER BY id, site, deleted_at DESC) AS t
        JOIN {{main}}.observations_json AS m ON m.id = t.id AND m.site = t.site;
    END IF;
  END IF;
  PERFORM {{repair}}.compare_downloaded(_run, _complete);
  PERFORM {{repair}}.cap_deletions(_run);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare_deletions(bigint, boolean) IS
  'Finds deletions that main has not followed; after a gap of the journal it concludes none.';

CREATE OR REPLACE FUNCTION {{repair}}.cap_deletions(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _n bigint := (SELECT count(*) FROM {{repair}}.work_item WHERE action = 'delete' AND run = _run);
  _cap bigint;
BEGIN
  IF _n = 0 THEN
    RETURN;
  END IF;
  SELECT least(_s.max_deletes, floor(count(*) * _s.max_delete_share)) INTO _cap FROM {{main}}.observations_json;
  IF _n > _cap THEN
    -- All or nothing: a mass deletion is a mistake more often than not, and eating it up run by run is no better.
    PERFORM {{repair}}.move_to_held_back(_run, array_agg(w.id), array_agg(w.site), 'delete',
        array_agg('over the cap'::{{repair}}.held_back_cause),
        array_agg(format('%s: one of %s deletions, more than %s a run', w.reason, _n, _cap)))
      FROM {{repair}}.work_item AS w WHERE w.action = 'delete' AND w.run = _run;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.cap_deletions(bigint) IS 'Deletes nothing where more would be deleted than a run may.';

CREATE OR REPLACE FUNCTION {{repair}}.capped(_run bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format('none of %s deletions was done: repair.maxDeletes allows %s a run, and never more than %s %% of the main copy''s rows',
                count(*), s.max_deletes, (s.max_delete_share * 100)::float8)
    FROM {{repair}}.held_back AS h CROSS JOIN {{repair}}.settings AS s
   WHERE h.run = _run AND h.cause = 'over the cap'
   GROUP BY s.max_deletes, s.max_delete_share;
$fix$;
COMMENT ON FUNCTION {{repair}}.capped(bigint) IS 'What a run says where its deletions were over the cap, or NULL.';
