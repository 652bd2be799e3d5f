-- What a download's silence can tell: only of rows that it would have brought.
CREATE OR REPLACE FUNCTION {{repair}}.entry_day(_item jsonb) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- An item may hold anything.
  SELECT CASE WHEN d.seconds ~ '^-?\d{1,11}$' THEN to_timestamp(d.seconds::bigint)::date END
    FROM (SELECT _item #>> '{observers,0,insert_date}' AS seconds) AS d;
$fix$;
COMMENT ON FUNCTION {{repair}}.entry_day(jsonb) IS
  'The day on which an observation was entered, in the session''s time zone; NULL where its item does not say.';

CREATE OR REPLACE FUNCTION {{repair}}.fetched(_job bigint) RETURNS TABLE (site text, taxo_group text, units text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN QUERY
    SELECT g.site, g.taxo_group::text, array_agg(g.unit)
      FROM (SELECT s.site, p.taxo_group, p.unit
              FROM {{repair}}.job_site AS s
              JOIN {{repair}}.job AS j ON j.id = s.job
             CROSS JOIN LATERAL {{repair}}.pieces(s.site, s.since, coalesce(s.since_log, (
               SELECT max(l.id) FROM {{check}}.download_log AS l WHERE l.download_ts < s.since), 0)) AS p
             WHERE s.job = _job AND s.since IS NOT NULL
             GROUP BY s.site, p.taxo_group, p.unit, j.window_from, j.window_to
            HAVING range_agg(daterange(p.first_day, p.last_day, '[]')) @> daterange(j.window_from, j.window_to, '[]')) AS g
     GROUP BY g.site, g.taxo_group;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.fetched(bigint) IS
  'The groups of each site, with their units, whose window a job has really downloaded from end to end.';

CREATE OR REPLACE FUNCTION {{repair}}.known_units(_site text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _table text;
  _all text := 'SELECT NULL::jsonb AS item WHERE false';
  _known jsonb;
BEGIN
  -- A unit that the portal does not list any more keeps its row. Main may know others.
  FOREACH _table IN ARRAY ARRAY['{{check}}.territorial_units_json', '{{main}}.territorial_units_json'] LOOP
    CONTINUE WHEN to_regclass(_table) IS NULL OR NOT has_table_privilege(to_regclass(_table), 'SELECT');
    _all := format('%s UNION ALL SELECT {{repair}}.readable(item) FROM %s WHERE site = $1', _all, _table);
  END LOOP;
  EXECUTE format($$
    SELECT coalesce(jsonb_object_agg(n.unit, n.names), '{}')
      FROM (SELECT concat(u.item ->> 'id_country', u.item ->> 'short_name') AS unit, jsonb_agg(DISTINCT lower(name)) AS names
              FROM (%s) AS u CROSS JOIN LATERAL unnest(ARRAY[u.item ->> 'short_name', u.item ->> 'name']) AS name
             WHERE name IS NOT NULL
             GROUP BY 1) AS n$$, _all) INTO _known USING _site;
  RETURN _known;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.known_units(text) IS
  'Territorial units that a site has ever had: as download_log writes them, each with what an observation''s place may call it.';

CREATE OR REPLACE FUNCTION {{repair}}.would_have_come(_item jsonb, _fetched text[], _known jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT CASE
    WHEN p.county IS NULL
      THEN nullif(NOT EXISTS (SELECT FROM jsonb_object_keys(_known) AS unit WHERE unit <> ALL (_fetched)), false)
    ELSE coalesce(
      (SELECT bool_and(k.key = ANY (_fetched)) FROM jsonb_each(_known) AS k WHERE k.value ? p.county),
      -- One that no table names: by the end of how download_log writes it.
      (SELECT true FROM unnest(_fetched) AS unit
        WHERE NOT _known ? unit AND right(lower(unit), length(p.county)) = p.county LIMIT 1)) END
    FROM (SELECT nullif(lower(trim(_item #>> '{place,county}')), '') AS county) AS p;
$fix$;
COMMENT ON FUNCTION {{repair}}.would_have_come(jsonb, text[], jsonb) IS
'Would a download of these units (_fetched) have brought an observation, by the place that it names? NULL: its unit cannot be
told. Where it names none, every unit of the site (_known, as known_units says) has to have been downloaded.';
