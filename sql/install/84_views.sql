-- The two views of the published procedure, over the table of open differences: its column names first, ours after.
-- They are made again only where their definition is another (28_replace.sql has dropped those).
CREATE OR REPLACE FUNCTION {{check}}.fix_entry_point(_item jsonb, OUT lon double precision, OUT lat double precision)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  lon := _item #>> '{observers,0,coord_lon}';
  lat := _item #>> '{observers,0,coord_lat}';
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
COMMENT ON FUNCTION {{check}}.fix_entry_point(jsonb) IS 'Where an observation was made, or NULLs.';

DO $fix$
BEGIN
  IF to_regclass('{{check}}.mv_data_missing_or_not_updated') IS NULL THEN
    CREATE MATERIALIZED VIEW {{check}}.mv_data_missing_or_not_updated AS
    SELECT o.id::integer AS checkdata_id,
           o.check_ts::integer AS checkdata_update_ts,
           o.main_ts::integer AS maindata_update_ts,
           CASE WHEN o.action = 'insert' THEN 'missing' WHEN o.action = 'delete' THEN 'deleted'
                WHEN o.check_ts > o.main_ts THEN 'not_updated' ELSE 'other_content' END AS data_prod_status,
           o.check_ts > o.main_ts AS data_not_up_to_date,
           o.site, o.stage, o.action, o.state, o.sqlstate, o.message, o.tries, o.first_seen, o.run_id
      FROM {{check}}.repair_open AS o
     WHERE o.tab = 'observations_json'
      WITH NO DATA; -- filled at the end, with the rights of their owner
    CREATE UNIQUE INDEX mv_data_missing_or_not_updated_key
      ON {{check}}.mv_data_missing_or_not_updated (checkdata_id, site, stage);
    COMMENT ON INDEX {{check}}.mv_data_missing_or_not_updated_key IS 'For REFRESH … CONCURRENTLY.';
  END IF;
  COMMENT ON MATERIALIZED VIEW {{check}}.mv_data_missing_or_not_updated IS
    'vn-sync-check: observations that differ between check and main and are not repaired, and why; as of the last run. {{view_version}}';
  IF to_regclass('{{check}}.qgis_data') IS NULL THEN
    IF NOT {{postgis}} THEN
      RAISE NOTICE 'vn-sync-check: no PostGIS in this database: the view qgis_data is left out';
    ELSE
      EXECUTE pg_catalog.replace($sql$
        CREATE MATERIALIZED VIEW {{check}}.qgis_data AS
        SELECT coalesce(c.id, m.id) AS id, coalesce(c.site, m.site) AS site, coalesce(c.item, m.item) AS item,
               coalesce(c.update_ts, m.update_ts) AS update_ts,
               coalesce(c.id_form_universal, m.id_form_universal) AS id_form_universal,
               @.st_setsrid(@.st_makepoint(p.lon, p.lat), 4326)::@.geometry(Point, 4326) AS geom,
               (row_number() OVER (ORDER BY o.id, o.site, o.stage))::integer AS qgis_key,
               o.action, o.state, o.message
          FROM {{check}}.repair_open AS o
          LEFT JOIN {{check}}.observations_json AS c ON c.id = o.id AND c.site = o.site
          LEFT JOIN {{main}}.observations_json AS m ON m.id = o.id AND m.site = o.site AND c.id IS NULL
         CROSS JOIN LATERAL {{check}}.fix_entry_point(coalesce(c.item, m.item)) AS p
         WHERE o.tab = 'observations_json' AND coalesce(c.id, m.id) IS NOT NULL
          WITH NO DATA $sql$,
        '@', (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension AS e
                JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'));
      CREATE UNIQUE INDEX qgis_data_key ON {{check}}.qgis_data (qgis_key);
      COMMENT ON INDEX {{check}}.qgis_data_key IS 'For REFRESH … CONCURRENTLY, and the integer key that QGIS asks for.';
      CREATE INDEX qgis_data_geom ON {{check}}.qgis_data USING gist (geom);
      COMMENT ON INDEX {{check}}.qgis_data_geom IS 'For maps.';
      COMMENT ON MATERIALIZED VIEW {{check}}.qgis_data IS
        'vn-sync-check: open differences as points for QGIS (key: qgis_key); as of the last run. {{view_version}}';
    END IF;
  END IF;
END
$fix$;
