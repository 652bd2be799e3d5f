CREATE OR REPLACE FUNCTION {{repair}}.keep_suspicions(_run bigint, _complete boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _cause {{repair}}.held_back_cause := (
    SELECT CASE WHEN deletions <> 'apply' THEN 'deletion reported'::{{repair}}.held_back_cause END FROM {{repair}}.settings);
BEGIN
  -- One that main did not let happen is tried again.
  PERFORM {{repair}}.queue_deletion(_run, array_agg(a.id), array_agg(a.site COLLATE "default"), 'not downloaded',
      array_agg(_cause), array_agg('suspected by an earlier run'::text), array_agg(a.check_update_ts), array_agg(a.main_update_ts))
    FROM {{repair}}.set_aside AS a
    JOIN {{main}}.observations_json AS m
      ON m.id = a.id AND m.site = a.site COLLATE "default" AND m.update_ts = a.main_update_ts
   WHERE _complete AND a.table_name = 'observations_json' AND a.action = 'delete' AND a.reason = 'not downloaded'
     AND NOT EXISTS (
       SELECT FROM {{repair}}.downloaded_key AS n
        WHERE n.id = a.id AND n.site = a.site COLLATE "default" AND n.at > a.first_at)
  HAVING count(*) > 0;
  -- Main still has the version that no download has brought since: a suspicion of an earlier week stays.
  WITH open AS (
         SELECT action, id, site, main_update_ts, first_at FROM {{repair}}.work_item WHERE reason = 'not downloaded'
          UNION ALL
         SELECT action, id, site, main_update_ts, first_at FROM {{repair}}.held_back WHERE reason = 'not downloaded'
       ), kept AS (
         SELECT o.id, o.site
           FROM open AS o
           JOIN {{main}}.observations_json AS m
             ON m.id = o.id AND m.site = o.site COLLATE "default" AND m.update_ts = o.main_update_ts
          WHERE NOT {{repair}}.brought_since(o.id, o.site, o.first_at)
       ), queued AS (
         -- After a gap of the journal it may have been brought unseen: nothing is deleted then.
         UPDATE {{repair}}.work_item AS w SET run = _run FROM kept AS k
          WHERE _complete AND w.reason = 'not downloaded' AND w.id = k.id AND w.site = k.site
       )
  UPDATE {{repair}}.held_back AS h SET run = _run FROM kept AS k
   WHERE h.reason = 'not downloaded' AND h.id = k.id AND h.site = k.site
     AND NOT EXISTS (SELECT FROM {{repair}}.work_item AS w
                      WHERE w.table_name = h.table_name AND w.action = h.action AND w.id = h.id AND w.site = h.site
                        AND w.key = h.key AND w.run = _run);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.keep_suspicions(bigint, boolean) IS
  'Carries over what earlier runs suspected and no download has brought since.';

CREATE OR REPLACE FUNCTION {{repair}}.compare_downloaded(_run bigint, _complete boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _job bigint := (SELECT job FROM {{repair}}.run WHERE id = _run);
BEGIN
  IF {{repair}}.may_suspect(_job) IS NULL AND _complete THEN
    PERFORM {{repair}}.suspect_deletions(_run, _job);
  END IF;
  -- Of what lies outside this window, or in groups and units that were not downloaded, this download says nothing.
  PERFORM {{repair}}.keep_suspicions(_run, _complete);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare_downloaded(bigint, boolean) IS
  'Suspects what the download of the run''s job did not bring, and carries earlier suspicions over: only a download that brings the row ends one.';
