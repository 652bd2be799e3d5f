CREATE OR REPLACE FUNCTION {{repair}}.coverage(
  _site text, _excluded_groups text[], _units text[], _since timestamp, _after bigint DEFAULT NULL, _listed_since xid8 DEFAULT NULL)
RETURNS TABLE (taxo_group integer, group_name text, unit text, short_name text, days datemultirange, reached date, rows bigint)
-- plpgsql for the same reason as in pieces.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
#variable_conflict use_column
DECLARE
  -- The client writes each row of these tables again that the portal lists, and deletes none. Where it has written none
  -- since then, the list was not asked for, or empty by mistake: all that is known counts.
  _listed_groups boolean := EXISTS (
    SELECT FROM {{check}}.taxo_groups_json AS g
     WHERE g.site = _site AND age(g.xmin) < age(_listed_since::xid) AND g.item ->> 'access_mode' IS DISTINCT FROM 'none');
  _listed_units boolean := EXISTS (
    SELECT FROM {{check}}.territorial_units_json AS u WHERE u.site = _site AND age(u.xmin) < age(_listed_since::xid));
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
       AND (NOT _listed_groups OR age(g.xmin) < age(_listed_since::xid))
       AND (NOT _listed_units OR age(u.xmin) < age(_listed_since::xid))
  ), piece AS (
    SELECT * FROM {{repair}}.pieces(_site, _since, _after)
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
COMMENT ON FUNCTION {{repair}}.coverage(text, text[], text[], timestamp, bigint, xid8) IS
'Each taxo group and territorial unit that a site has to bring, with the days that were fetched and stored since then
(-infinity: ever), or behind an id of download_log; _listed_since: only those that the portal has listed since that transaction. Pieces that touch are one stretch of days.
rows: each piece counted once. reached: first day of the stretch that holds the end of the first piece, which is how far back
a first import has come (later changes come by updates, which begin with that piece); NULL: nothing yet.';
