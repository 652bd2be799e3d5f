CREATE OR REPLACE FUNCTION {{repair}}.coverage(
  _site text, _excluded_groups text[], _units text[], _since timestamp, _after bigint DEFAULT NULL)
RETURNS TABLE (taxo_group integer, group_name text, unit text, short_name text, days datemultirange, reached date, rows bigint)
-- plpgsql, not sql: where only the repair is installed by hand, the client's other tables may not be there.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH wanted AS (
    -- As the client itself asks: not what the portal closes to this account, nor what the configuration leaves out.
    SELECT g.id::integer AS taxo_group, g.item ->> 'name_constant' AS group_name,
           (u.item ->> 'id_country') || (u.item ->> 'short_name') AS unit, u.item ->> 'short_name' AS short_name
      FROM {{check}}.taxo_groups_json AS g
      JOIN {{check}}.territorial_units_json AS u ON u.site = g.site
     WHERE g.site = _site
       AND g.item ->> 'access_mode' IS DISTINCT FROM 'none'
       AND NOT coalesce(g.item ->> 'name_constant' = ANY (_excluded_groups), false)
       AND (cardinality(_units) = 0 OR u.item ->> 'short_name' = ANY (_units))
  ), piece AS (
    -- The last five parts of "<site> => Iter: 1, 12 obs, taxo_group: 1, territorial_unit: 107, date: 08/11/2026, interval: 14"
    -- (or in French). Taken apart by the pattern itself they cost ten times as much, and the log has years of them.
    SELECT l.id, split_part(split_part(l.comment, ', ', -5), ' ', 1)::bigint AS rows,
           split_part(split_part(l.comment, ', ', -4), ': ', 2)::integer AS taxo_group,
           split_part(split_part(l.comment, ', ', -3), ': ', 2) AS unit, d.first_day,
           d.first_day + split_part(split_part(l.comment, ', ', -1), ': ', 2)::integer AS last_day
      FROM {{check}}.download_log AS l,
           to_date(split_part(split_part(l.comment, ', ', -2), ': ', 2), 'DD/MM/YYYY') AS d (first_day)
     WHERE l.controler = 'observations' AND l.site = _site AND l.id > coalesce(_after, 0)
       AND (_after IS NOT NULL OR l.download_ts >= _since)
       AND l.comment ~ ', \d{1,9} obs, taxo_group ?: \d{1,9}, territorial_unit ?: \S+, date ?: \d\d/\d\d/\d{4}, interval\w* ?: \d{1,5}$'
  ), once AS (
    SELECT DISTINCT ON (p.taxo_group, p.unit, p.first_day, p.last_day) p.*
      FROM piece AS p ORDER BY p.taxo_group, p.unit, p.first_day, p.last_day, p.id DESC
  ), got AS (
    SELECT o.taxo_group, o.unit, range_agg(daterange(o.first_day, o.last_day, '[]')) AS days, sum(o.rows)::bigint AS rows
      FROM once AS o GROUP BY o.taxo_group, o.unit
  ), first AS (
    SELECT DISTINCT ON (p.taxo_group, p.unit) p.taxo_group, p.unit, p.last_day
      FROM piece AS p ORDER BY p.taxo_group, p.unit, p.id
  )
  SELECT w.taxo_group, w.group_name, w.unit, w.short_name, coalesce(got.days, '{}'),
         (SELECT lower(d) FROM unnest(got.days) AS d WHERE d @> first.last_day), coalesce(got.rows, 0)
    FROM wanted AS w
    LEFT JOIN got ON got.taxo_group = w.taxo_group AND got.unit = w.unit
    LEFT JOIN first ON first.taxo_group = w.taxo_group AND first.unit = w.unit
   ORDER BY w.taxo_group, w.unit;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.coverage(text, text[], text[], timestamp, bigint) IS
'Each taxo group and territorial unit that a site has to bring, with the days that were fetched and stored since then
(-infinity: ever), or behind an id of download_log. A row of download_log is written only after all rows of its piece are stored, so its presence proves the
piece; failures leave none (Client-API-VN 2.12.0, 184 provoked failures). Pieces that touch are one stretch of days.
rows: each piece counted once. reached: first day of the stretch that holds the end of the first piece, which is how far back
a first import has come (later changes come by updates, which begin with that piece); NULL: nothing yet.';
