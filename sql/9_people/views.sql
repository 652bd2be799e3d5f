-- The two views of the published procedure, over the open differences: its column names first, ours after. They are
-- made again only where their definition is another (upgrade/make_way.sql has dropped those): raise the number in the
-- comments with it, there and here.
CREATE OR REPLACE FUNCTION {{repair}}.entry_point(_item jsonb, OUT lon double precision, OUT lat double precision)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  lon := (_item #>> '{observers,0,coord_lon}')::double precision;
  lat := (_item #>> '{observers,0,coord_lat}')::double precision;
  IF lon IS NULL OR lat IS NULL OR NOT (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90) THEN
    lon := NULL;
    lat := NULL;
  END IF;
EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range THEN
  -- One malformed item must not stop the refresh.
  lon := NULL;
  lat := NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.entry_point(jsonb) IS 'Where an observation was made, or NULLs.';

CREATE OR REPLACE FUNCTION {{repair}}.main_observation(
  _id bigint, _site text,
  OUT id integer, OUT site varchar, OUT item jsonb, OUT update_ts integer, OUT id_form_universal varchar)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
#variable_conflict use_column
BEGIN
  -- A view that named main's table would stand in the way of whoever restores, alters or drops it. Where main has no such
  -- column, its name is that of the one around it.
  RETURN QUERY
  SELECT found.*
    FROM (SELECT NULL::varchar AS id_form_universal) AS absent
   CROSS JOIN LATERAL (
     SELECT m.id::integer, m.site::varchar, {{repair}}.readable(m.item), m.update_ts::integer, id_form_universal::varchar
       FROM {{main}}.observations_json AS m WHERE m.id = _id AND m.site = _site) AS found;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.main_observation(bigint, text) IS 'A row of main''s observations_json, for the view qgis_data.';

DO $fix$
BEGIN
  IF to_regclass('{{check}}.mv_data_missing_or_not_updated') IS NULL THEN
    CREATE MATERIALIZED VIEW {{check}}.mv_data_missing_or_not_updated AS
    SELECT d.id::integer AS checkdata_id,
           d.check_update_ts::integer AS checkdata_update_ts,
           d.main_update_ts::integer AS maindata_update_ts,
           CASE WHEN d.action = 'insert' THEN 'missing' WHEN d.action = 'delete' THEN 'deleted'
                WHEN d.check_update_ts > d.main_update_ts THEN 'not_updated' ELSE 'other_content' END AS data_prod_status,
           d.check_update_ts > d.main_update_ts AS data_not_up_to_date,
           d.site::text COLLATE "default" AS site, d.action::text AS action, d.reason::text AS reason, d.state,
           d.sqlstate, d.message, d.tries, d.first_at AS first_seen, d.run AS run_id
      FROM {{repair}}.difference AS d
     WHERE d.table_name = 'observations_json'
      WITH NO DATA; -- filled at the end, with the rights of their owner
    CREATE UNIQUE INDEX mv_data_missing_or_not_updated_key
      ON {{check}}.mv_data_missing_or_not_updated (checkdata_id, site, action);
    COMMENT ON INDEX {{check}}.mv_data_missing_or_not_updated_key IS 'For REFRESH … CONCURRENTLY.';
  END IF;
  COMMENT ON MATERIALIZED VIEW {{check}}.mv_data_missing_or_not_updated IS
    'vn-sync-check: observations that differ between check and main and are not repaired, and why; as of the last run. (3)';
  IF to_regclass('{{check}}.qgis_data') IS NULL THEN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis') THEN
      RAISE NOTICE 'vn-sync-check: no PostGIS in this database: the view qgis_data is left out';
    ELSE
      EXECUTE replace($sql$
        CREATE MATERIALIZED VIEW {{check}}.qgis_data AS
        SELECT coalesce(c.id, m.id) AS id, coalesce(c.site, m.site) AS site, coalesce(c.item, m.item) AS item,
               coalesce(c.update_ts, m.update_ts) AS update_ts,
               coalesce(c.id_form_universal, m.id_form_universal) AS id_form_universal,
               @.st_setsrid(@.st_makepoint(p.lon, p.lat), 4326)::@.geometry(Point, 4326) AS geom,
               (row_number() OVER (ORDER BY d.id, d.site, d.action))::integer AS qgis_key,
               d.action::text AS action, d.state, d.message
          FROM {{repair}}.difference AS d
          LEFT JOIN {{check}}.observations_json AS c ON c.id = d.id AND c.site = d.site COLLATE "default"
          LEFT JOIN LATERAL (
            SELECT o.* FROM {{repair}}.main_observation(d.id, d.site) AS o WHERE c.id IS NULL) AS m ON true
         CROSS JOIN LATERAL {{repair}}.entry_point(coalesce(c.item, m.item)) AS p
         WHERE d.table_name = 'observations_json' AND coalesce(c.id, m.id) IS NOT NULL
          WITH NO DATA $sql$,
        '@', (SELECT quote_ident(n.nspname) FROM pg_extension AS e
                JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'));
      CREATE UNIQUE INDEX qgis_data_key ON {{check}}.qgis_data (qgis_key);
      COMMENT ON INDEX {{check}}.qgis_data_key IS 'For REFRESH … CONCURRENTLY, and the integer key that QGIS asks for.';
      CREATE INDEX qgis_data_geom ON {{check}}.qgis_data USING gist (geom);
      COMMENT ON INDEX {{check}}.qgis_data_geom IS 'For maps.';
      COMMENT ON MATERIALIZED VIEW {{check}}.qgis_data IS
        'vn-sync-check: open differences as points for QGIS (key: qgis_key); as of the last run. (3)';
    END IF;
  END IF;
END
$fix$;
