-- Which transaction touched a row last tells which download brought it: the client writes each observation that it is
-- sent, or, where check has that version already, locks it (ON CONFLICT DO UPDATE … WHERE); both leave their number.
CREATE OR REPLACE FUNCTION {{repair}}.brought_ages(_job bigint, _site text) RETURNS int8multirange
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH spell AS (
    -- Proven or not: each row that came, came. Of one that went on with another, updates lie in between.
    SELECT s.since_xid AS first, coalesce(s.until_xid, j.ended_xid) AS last
      FROM {{repair}}.job_site AS s
      JOIN {{repair}}.job AS j ON j.id = s.job
      JOIN {{repair}}.job_site AS this ON this.job = _job AND this.site = s.site
     WHERE s.site = _site AND s.since <> this.since AND s.since_xid >= j.begun_xid
     UNION ALL
    SELECT j.begun_xid, coalesce(j.ended_xid, j.begun_xid) FROM {{repair}}.job AS j WHERE j.verb = 'init'
     UNION ALL
    -- Before the first job: the first import, or what was there already. Older is nothing of ours to know.
    (SELECT NULL, j.begun_xid FROM {{repair}}.job AS j ORDER BY j.id LIMIT 1)
  )
  SELECT coalesce(range_agg(int8range(age(last::xid), coalesce(age(first::xid), 2147483647), '[)')), '{}')
    FROM spell
   WHERE last IS NOT NULL AND age(last::xid) >= 0 AND coalesce(age(first::xid), 2147483647) > age(last::xid);
$fix$;
COMMENT ON FUNCTION {{repair}}.brought_ages(bigint, text) IS
  'How old, in transactions, a row''s mark is that an earlier download by date of the site has left: what only updates brought may lie outside of what a download asks for.';

CREATE OR REPLACE FUNCTION {{repair}}.accepted_age(_site text, _taxo_group integer) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT coalesce(min(age(a.xid::xid)), 2147483647) FROM {{repair}}.accepted_download AS a
   WHERE a.site = _site AND a.taxo_group IN (0, _taxo_group);
$fix$;
COMMENT ON FUNCTION {{repair}}.accepted_age(text, integer) IS
  'How old, in transactions, the last download of a group is that was taken as it is.';

CREATE OR REPLACE FUNCTION {{repair}}.came_again(_job bigint, _site text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT count(*)
    FROM (SELECT age(s.since_xid::xid)::bigint AS since, extract(epoch FROM j.window_from::timestamptz)::bigint AS day,
                 {{repair}}.brought_ages(_job, _site) AS brought
            FROM {{repair}}.job_site AS s JOIN {{repair}}.job AS j ON j.id = s.job WHERE s.job = _job AND s.site = _site OFFSET 0) AS w
    JOIN {{check}}.observations_json AS x ON x.site = _site AND x.update_ts >= w.day
   WHERE w.brought @> age(x.xmin)::bigint AND age(x.xmax) < w.since;
$fix$;
COMMENT ON FUNCTION {{repair}}.came_again(bigint, text) IS
  'How many observations of a download''s days an earlier one had brought already, and this one has brought again.';

CREATE OR REPLACE FUNCTION {{repair}}.not_brought(_job bigint, _site text)
RETURNS TABLE (taxo_group integer, lost bigint, seen bigint, from_day date, to_day date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _j {{repair}}.job := (SELECT j FROM {{repair}}.job AS j WHERE j.id = _job);
  _s {{repair}}.job_site := (SELECT s FROM {{repair}}.job_site AS s WHERE s.job = _job AND s.site = _site);
  _from bigint := extract(epoch FROM _j.window_from::timestamptz);
  _since bigint := age(_s.since_xid::xid);
  _brought int8multirange := {{repair}}.brought_ages(_job, _site);
  _known jsonb := {{repair}}.known_units(_site);
  _logins name[] := (SELECT main_sync_logins FROM {{repair}}.settings);
BEGIN
  IF _since IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH wanted AS MATERIALIZED (
      SELECT p.taxo_group, array_agg(p.unit) AS units, sum(p.rows) AS rows, {{repair}}.accepted_age(_site, p.taxo_group) AS accepted,
             NOT EXISTS (SELECT FROM jsonb_object_keys(_known) AS unit WHERE unit <> ALL (array_agg(p.unit))) AS all_units
        FROM {{repair}}.job_piece AS p WHERE p.job = _job AND p.site = _site GROUP BY p.taxo_group
    ), here AS MATERIALIZED (
      SELECT c.id, {{repair}}.readable(c.item) AS item, least(c.written, c.locked) AS touched, _brought @> c.written OR _brought @> c.locked AS brought
        -- First by keys alone (an index has update_ts), then by the marks; only for what did not come is the item read.
        FROM (SELECT x.id FROM {{check}}.observations_json AS x WHERE x.site = _site AND x.update_ts >= _from OFFSET 0) AS k
       CROSS JOIN LATERAL (
         SELECT x.id, x.item, age(x.xmin)::bigint AS written, age(x.xmax)::bigint AS locked
           FROM {{check}}.observations_json AS x WHERE x.id = k.id AND x.site = _site OFFSET 0) AS c
       WHERE c.written >= _since AND c.locked >= _since
         AND NOT EXISTS (SELECT FROM {{repair}}.downloaded_key AS n WHERE n.id = c.id AND n.site = _site AND n.at >= _s.since_at)
    ), there AS MATERIALIZED (
      -- Main's own, where of a group nothing came at all and nobody has said that this is right.
      SELECT m.id, {{repair}}.readable(m.item) AS item, 0::bigint AS touched, false AS brought
        FROM (SELECT x.id FROM {{main}}.observations_json AS x
               WHERE x.site = _site AND x.update_ts >= _from
                 AND EXISTS (SELECT FROM wanted AS w WHERE w.rows = 0 AND w.accepted = 2147483647)
                 AND NOT EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = x.id AND c.site = _site)
                 AND NOT EXISTS (SELECT FROM {{repair}}.tombstone AS t WHERE t.id = x.id AND t.site = _site)
              OFFSET 0) AS k
        JOIN {{main}}.observations_json AS m ON m.id = k.id AND m.site = _site
    )
    SELECT w.taxo_group, count(*) FILTER (WHERE l.brought AND coalesce(r.reached, w.all_units)),
           count(*) FILTER (WHERE r.reached), min(d.day), max(d.day)
      FROM (SELECT * FROM here UNION ALL SELECT * FROM there) AS l
      JOIN wanted AS w ON w.taxo_group::text = l.item #>> '{species,taxonomy}' AND l.touched < w.accepted
     CROSS JOIN LATERAL {{repair}}.entry_day(l.item) AS d (day)
     -- Of a unit that was not downloaded nothing could come.
     CROSS JOIN LATERAL {{repair}}.would_have_come(l.item, w.units, _known) AS r (reached)
     -- The outer days are cut off by the time of day.
     WHERE d.day BETWEEN _j.window_from + 1 AND _j.window_to - 1
       AND (r.reached OR l.brought AND w.all_units AND r.reached IS NULL)
       -- It came, in a form that check could not take.
       AND NOT EXISTS (SELECT FROM {{repair}}.not_stored AS n
                        WHERE n.table_name = 'observations_json' AND n.site = _site AND n.id = l.id::text)
       -- Main's own synchronisation has deleted it: the portal has said so.
       AND NOT EXISTS (SELECT FROM {{repair}}.main_deletion AS m
                        WHERE m.id = l.id AND m.site = _site AND (cardinality(_logins) = 0 OR m.deleted_by = ANY (_logins)))
     GROUP BY w.taxo_group;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.not_brought(bigint, text) IS
'Observations entered in a download''s days that it did not bring, by group. lost: an earlier download by date brought them, and
check still has them; whatever the window''s length and the season, an honest download leaves none but those deleted since the
last update. seen: whatever brought them, to check or, of a group of which nothing came, to main, in units that were downloaded.';
