CREATE OR REPLACE FUNCTION {{repair}}.job_download(
  _job bigint, OUT sites bigint, OUT proven boolean, OUT since timestamptz, OUT window_from date, OUT window_to date,
  OUT since_log bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.job_site AS s WHERE s.job = _job) THEN
    sites := 0; -- installed by hand, there need be no download_log
    RETURN;
  END IF;
  SELECT count(*), bool_and(s.proven), min(coalesce(s.since_at, s.since::timestamptz)), min(j.window_from), max(j.window_to),
         min(coalesce(s.since_log, (SELECT max(l.id) FROM {{check}}.download_log AS l WHERE l.download_ts < s.since), 0))
    INTO sites, proven, since, window_from, window_to, since_log
    FROM {{repair}}.job AS j JOIN {{repair}}.job_site AS s ON s.job = j.id
   WHERE j.id = _job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.job_download(bigint) IS
  'What a job has downloaded: its sites, whether all are proven, since when, and its window.';

CREATE OR REPLACE FUNCTION {{repair}}.may_suspect(_job bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT CASE
    WHEN NOT s.same_rights THEN 'sameRights is not set: what one account does not see may still exist'
    WHEN s.territorial_filter THEN 'a territorial filter is set'
    WHEN p.sites IS NULL OR p.sites = 0 THEN 'no download to conclude from'
    WHEN NOT p.proven THEN 'the download is not proven complete'
    WHEN p.since IS NULL OR p.window_from IS NULL OR p.window_to IS NULL THEN 'the download has no window'
    -- Keys that a download brought are kept for as long (prune): older ones would look never brought.
    WHEN p.since < now() - interval '15 days' THEN 'the download began more than 15 days ago'
    WHEN NOT EXISTS (SELECT FROM {{repair}}.downloaded_key WHERE at >= p.since) THEN 'no row of the download was seen'
    WHEN EXISTS (SELECT FROM {{repair}}.run WHERE NOT journal_complete AND started_at >= p.since)
      THEN 'the journal had a gap since the download began'
  END
    FROM {{repair}}.settings AS s
    LEFT JOIN {{repair}}.job_download(_job) AS p ON true;
$fix$;
COMMENT ON FUNCTION {{repair}}.may_suspect(bigint) IS
  'Why deletions cannot be concluded from the silence of a job''s download, or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.suspect_deletions(_run bigint, _job bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _cause {{repair}}.held_back_cause := (
    SELECT CASE WHEN deletions <> 'apply' THEN 'deletion reported'::{{repair}}.held_back_cause END FROM {{repair}}.settings);
  _d record;
  _s record;
BEGIN
  SELECT * INTO _d FROM {{repair}}.job_download(_job);
  WITH fetched AS MATERIALIZED (
    SELECT f.*, k.known
      FROM {{repair}}.fetched(_job) AS f
      JOIN (SELECT s.site, {{repair}}.known_units(s.site) AS known FROM {{repair}}.job_site AS s WHERE s.job = _job) AS k
        ON k.site = f.site
  ), lacking AS MATERIALIZED (
    SELECT m.id, m.site, m.update_ts, m.day,
           -- Only a group and unit that were really downloaded: the portal may list fewer than main has rows of.
           CASE WHEN m.day IS NOT NULL THEN {{repair}}.would_have_come(m.item, f.units, f.known) END AS reached
      FROM (
        SELECT m.id, m.site, m.update_ts, {{repair}}.readable(m.item) AS item, {{repair}}.entry_day({{repair}}.readable(m.item)) AS day
          -- First by keys alone; only for what no download brought is the item read.
          FROM (SELECT x.id, x.site
                  FROM {{main}}.observations_json AS x
                 WHERE x.update_ts >= extract(epoch FROM _d.window_from::timestamptz)
                   AND NOT EXISTS (SELECT FROM {{repair}}.downloaded_key AS n
                                    WHERE n.id = x.id AND n.site = x.site AND n.at >= _d.since)
                OFFSET 0) AS k
          JOIN {{main}}.observations_json AS m ON m.id = k.id AND m.site = k.site
        OFFSET 0) AS m
      LEFT JOIN fetched AS f ON f.site = m.site AND f.taxo_group = m.item #>> '{species,taxonomy}'
     -- Nothing can be concluded of a row that does not say its day, or its unit: it is told, and left as it is.
     WHERE (m.day IS NULL
            -- Entered on an inner day of the window: the outer ones are cut off by the time of day.
            OR m.day BETWEEN _d.window_from + 1 AND _d.window_to - 1 AND f.site IS NOT NULL)
       -- Restored by hand: somebody knows better.
       AND NOT EXISTS (SELECT FROM {{repair}}.deleted_row AS r
                        WHERE r.row_id = m.id AND r.site = m.site AND r.restored_at IS NOT NULL)
       -- The portal has it, in a form that check could not take.
       AND NOT EXISTS (SELECT FROM {{repair}}.not_stored AS n
                        WHERE n.table_name = 'observations_json' AND n.site = m.site AND n.id = m.id::text)
       -- The portal has said so already.
       AND NOT EXISTS (SELECT FROM {{repair}}.tombstone AS t WHERE t.fate = 'new' AND t.id = m.id AND t.site = m.site)
  )
  SELECT array_agg(l.id::bigint) FILTER (WHERE l.reached) AS ids,
         array_agg(l.site::text) FILTER (WHERE l.reached) AS sites,
         array_agg(l.update_ts::bigint) FILTER (WHERE l.reached) AS ts,
         count(*) FILTER (WHERE l.day IS NULL) AS without_day, min(l.id) FILTER (WHERE l.day IS NULL) AS one,
         count(*) FILTER (WHERE l.day IS NOT NULL AND l.reached IS NULL) AS without_unit,
         min(l.id) FILTER (WHERE l.day IS NOT NULL AND l.reached IS NULL) AS one_of_these INTO _s
    FROM lacking AS l;
  IF _s.ids IS NOT NULL THEN
    PERFORM {{repair}}.queue_deletion(_run, _s.ids, _s.sites, 'not downloaded',
      array_fill(_cause, ARRAY[cardinality(_s.ids)]),
      array_fill(format('entered within %s to %s, and the whole download of %s did not bring it',
                        _d.window_from, _d.window_to, _d.since), ARRAY[cardinality(_s.ids)]),
      _s.ts, _s.ts);
  END IF;
  IF _s.without_day > 0 THEN
    PERFORM {{repair}}.note_problem(_run, jsonb_build_object(
      'problem', 'no day of entry', 'rows', _s.without_day, 'id', _s.one));
  END IF;
  IF _s.without_unit > 0 THEN
    PERFORM {{repair}}.note_problem(_run, jsonb_build_object(
      'problem', 'no unit', 'rows', _s.without_unit, 'id', _s.one_of_these));
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.suspect_deletions(bigint, bigint) IS
  'Rows of main that a job''s whole download would have brought: entered within its window, of a group and unit that it downloaded.';
