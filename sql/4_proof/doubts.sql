CREATE OR REPLACE FUNCTION {{repair}}.doubts_of(_job bigint, _site text, _expected integer, _rows bigint)
RETURNS {{repair}}.doubt[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  WITH this AS (
    SELECT s.*, j.window_to - j.window_from AS days
      FROM {{repair}}.job_site AS s JOIN {{repair}}.job AS j ON j.id = s.job
     WHERE s.job = _job AND s.site = _site
  ), other AS (
    -- A download that several jobs went on with counts once.
    SELECT DISTINCT ON (s.since) s.job, s.expected, s.rows
      FROM this
      JOIN {{repair}}.job_site AS s
        ON s.site = this.site AND s.excluded_groups = this.excluded_groups AND s.units = this.units
           AND s.since <> this.since AND s.proven
      JOIN {{repair}}.job AS j ON j.id = s.job AND j.window_to - j.window_from = this.days
     ORDER BY s.since, s.job DESC
  ), recent AS (
    -- Two months of weekly downloads: what is usual follows the season.
    SELECT * FROM other ORDER BY job DESC LIMIT 8
  ), usual AS (
    SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY rows))::numeric AS rows FROM recent
    -- Fewer downloads make no usual.
    HAVING count(*) >= 3
  )
  SELECT ARRAY(
    SELECT ROW('fewer downloads', _expected, last.expected)::{{repair}}.doubt
      FROM (SELECT expected FROM recent ORDER BY job DESC LIMIT 1) AS last
     WHERE _expected < last.expected
     UNION ALL
    -- Quiet weeks halve the observations; an answer cut off or empty by mistake leaves less.
    SELECT ROW('few rows', _rows, usual.rows)::{{repair}}.doubt FROM usual WHERE _rows < 0.4 * usual.rows);
$fix$;
COMMENT ON FUNCTION {{repair}}.doubts_of(bigint, text, integer, bigint) IS
'What a client cannot see: that the portal says "that is all" by mistake. Against the last proven downloads of the site with
the same filters and a window of the same length: fewer groups and units than the last one, or far fewer observations than
their median.';
