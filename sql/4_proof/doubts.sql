-- What a client cannot see: that the portal says "that is all" by mistake.
CREATE OR REPLACE FUNCTION {{repair}}.earlier_proofs(_job bigint, _site text)
RETURNS TABLE (job bigint, expected integer, rows numeric, n bigint, days integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH other AS (
    -- A download that several jobs went on with counts once.
    SELECT DISTINCT ON (s.since) s.job, s.expected, s.rows, this.days, j.window_to - j.window_from + 1 AS theirs
      FROM (SELECT s.*, j.window_to - j.window_from + 1 AS days
              FROM {{repair}}.job_site AS s JOIN {{repair}}.job AS j ON j.id = s.job
             WHERE s.job = _job AND s.site = _site) AS this
      JOIN {{repair}}.job_site AS s
        ON s.site = this.site AND s.excluded_groups = this.excluded_groups AND s.units = this.units
           AND s.since <> this.since AND s.proven
      JOIN {{repair}}.job AS j ON j.id = s.job
     WHERE s.job >= coalesce((SELECT max(a.job) FROM {{repair}}.accepted_download AS a WHERE a.site = _site), 0)
     ORDER BY s.since, s.job DESC
  )
  SELECT o.job, o.expected, o.rows::numeric * o.days / o.theirs, row_number() OVER (ORDER BY o.job DESC), o.days
    FROM other AS o
   -- Two months of weekly downloads: what is usual follows the season.
   ORDER BY o.job DESC LIMIT 8;
$fix$;
COMMENT ON FUNCTION {{repair}}.earlier_proofs(bigint, text) IS
  'The last proven downloads of the site with the same filters since one was accepted, newest first, with as many rows as they would have brought over a window of this job''s length.';

CREATE OR REPLACE FUNCTION {{repair}}.is_listed(_site text, _taxo_group integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH last AS (SELECT max(job) AS job FROM {{repair}}.job_piece WHERE site = _site)
  -- Before the first download by date nothing says so: every group counts.
  SELECT last.job IS NULL
         OR EXISTS (SELECT FROM {{repair}}.job_piece AS p
                     WHERE p.job = last.job AND p.site = _site AND p.taxo_group = _taxo_group)
    FROM last;
$fix$;
COMMENT ON FUNCTION {{repair}}.is_listed(text, integer) IS
'Had the last download by date of a site to bring this taxo group? The client''s own table keeps the groups that the portal lists
no more; no changes of theirs are asked for.';

CREATE OR REPLACE FUNCTION {{repair}}.not_listed(_job bigint, _site text, _expected integer) RETURNS SETOF {{repair}}.doubt
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _last record;
BEGIN
  SELECT e.job, e.expected, EXISTS (SELECT FROM {{repair}}.job_piece AS p WHERE p.job = e.job AND p.site = _site) AS with_pieces
    INTO _last FROM {{repair}}.earlier_proofs(_job, _site) AS e WHERE e.n = 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH piece AS (SELECT * FROM {{repair}}.job_piece AS p WHERE p.site = _site AND p.job IN (_job, _last.job)),
         part AS (
           SELECT p.taxo_group, min(p.group_name) AS group_name, NULL::text AS unit FROM piece AS p
            GROUP BY p.taxo_group HAVING bool_and(p.job <> _job)
            UNION ALL
           SELECT NULL, NULL, p.unit FROM piece AS p GROUP BY p.unit HAVING bool_and(p.job <> _job)
         )
    SELECT 'fewer downloads'::{{repair}}.doubt_kind, _expected::bigint, _last.expected::numeric, p.*, NULL::date, NULL::date
      FROM (SELECT * FROM part
             UNION ALL
            -- Of before there were pieces.
            SELECT NULL, NULL, NULL WHERE _expected < _last.expected AND NOT _last.with_pieces) AS p;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.not_listed(bigint, text, integer) IS
  'Groups and units that the last proven download had and the portal does not list any more, or closes to this account.';

CREATE OR REPLACE FUNCTION {{repair}}.main_shows_the_same(_job bigint, _site text, _usual numeric) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT m.before >= 0.4 * _usual AND m.now < 0.4 * _usual
    FROM (SELECT count(*) FILTER (WHERE x.update_ts < w.day) * w.days / 28 AS before, count(*) FILTER (WHERE x.update_ts >= w.day) AS now
            FROM (SELECT extract(epoch FROM window_from::timestamptz) AS day, window_to - window_from + 1 AS days
                    FROM {{repair}}.job WHERE id = _job) AS w
            JOIN {{main}}.observations_json AS x ON x.site = _site AND x.update_ts >= w.day - 28 * 86400
           GROUP BY w.days) AS m;
$fix$;
COMMENT ON FUNCTION {{repair}}.main_shows_the_same(bigint, text, numeric) IS
  'Has main, which was fed as usual in the four weeks before, just as few observations of these days? It has another synchronisation.';

CREATE OR REPLACE FUNCTION {{repair}}.few_rows(_job bigint, _site text, _rows bigint) RETURNS SETOF {{repair}}.doubt
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _j {{repair}}.job := (SELECT j FROM {{repair}}.job AS j WHERE j.id = _job);
  _usual numeric;
BEGIN
  -- A group that always brought something, and now nothing. Windows overlap: each of the last three, so that a single
  -- campaign makes no usual.
  RETURN QUERY
    SELECT 'few rows'::{{repair}}.doubt_kind, 0::bigint, min(p.rows), p.taxo_group, min(p.group_name), NULL::text,
           _j.window_from, _j.window_to
      FROM (SELECT e.job, p.taxo_group, p.group_name, round(sum(p.rows) * e.days / (j.window_to - j.window_from + 1), 1) AS rows
              FROM {{repair}}.earlier_proofs(_job, _site) AS e
              JOIN {{repair}}.job AS j ON j.id = e.job
              JOIN {{repair}}.job_piece AS p ON p.job = e.job AND p.site = _site
             WHERE e.n <= 3 GROUP BY e.job, e.days, j.id, p.taxo_group, p.group_name) AS p
     WHERE EXISTS (SELECT FROM {{repair}}.job_piece AS now WHERE now.job = _job AND now.site = _site AND now.taxo_group = p.taxo_group
                   HAVING sum(now.rows) = 0)
     GROUP BY p.taxo_group HAVING count(*) = 3 AND min(p.rows) >= 10;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY e.rows) INTO _usual FROM {{repair}}.earlier_proofs(_job, _site) AS e
  -- Fewer downloads make no usual.
  HAVING count(*) >= 3;
  -- Quiet weeks halve the observations; an answer cut off or empty by mistake leaves less.
  -- A season that ends leaves less too: then all came that was known of these days, and it is a good part of the whole.
  IF _rows < 0.4 * _usual AND NOT {{repair}}.came_again(_job, _site) >= greatest(0.3 * _rows, 1)
     AND {{repair}}.main_shows_the_same(_job, _site, _usual) IS NOT TRUE THEN
    RETURN NEXT ('few rows', _rows, round(_usual, 1), NULL, NULL, NULL, _j.window_from, _j.window_to)::{{repair}}.doubt;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.few_rows(bigint, text, bigint) IS
  'Far fewer observations a day than the median of the last proven downloads, or none of a group that each of the last three brought.';

CREATE OR REPLACE FUNCTION {{repair}}.doubts_of(_job bigint, _site text, _expected integer, _rows bigint)
RETURNS {{repair}}.doubt[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _doubts {{repair}}.doubt[];
BEGIN
  _doubts := ARRAY(
    SELECT ('not brought', g.rows, greatest(n.lost, n.seen) + g.rows, n.taxo_group, g.group_name, NULL, n.from_day, n.to_day)::{{repair}}.doubt
      FROM {{repair}}.not_brought(_job, _site) AS n
      JOIN (SELECT p.taxo_group, min(p.group_name) AS group_name, sum(p.rows)::bigint AS rows
              FROM {{repair}}.job_piece AS p WHERE p.job = _job AND p.site = _site GROUP BY p.taxo_group) AS g USING (taxo_group)
     -- Of an honest download single rows lack, deleted since the last update. Nothing at all is no chance.
     WHERE g.rows = 0 AND n.lost > 0
        OR n.lost >= 3 AND n.lost >= 0.1 * (n.lost + g.rows)
        OR n.seen >= 10 AND n.seen >= 0.1 * (n.seen + g.rows)
     ORDER BY n.taxo_group);
  IF _doubts = '{}' THEN
    _doubts := ARRAY(SELECT d FROM {{repair}}.few_rows(_job, _site, _rows) AS d);
  END IF;
  RETURN ARRAY(SELECT d FROM {{repair}}.not_listed(_job, _site, _expected) AS d) || _doubts;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.doubts_of(bigint, text, integer, bigint) IS
  'Why a download that lacks nothing is not believed: against what earlier ones brought and check still has, and against how much they brought a day.';
