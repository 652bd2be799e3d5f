-- The fifteen tables Client-API-VN 2.12.0 stores into, as it would create them itself, but for one thing: the
-- primary key of observations_json includes update_ts, so that it is the covering index of the comparison.
-- Tables that exist are kept as they are. Those created here are written down in repair_made.
CREATE FUNCTION pg_temp.vn_make(_table text, _columns text) RETURNS void LANGUAGE plpgsql AS $fix$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_class
     WHERE relname = _table AND relnamespace = {{check_regnamespace}}
  ) THEN
    RETURN;
  END IF;
  EXECUTE pg_catalog.format('CREATE TABLE {{check}}.%I (%s)', _table, _columns);
  EXECUTE pg_catalog.format(
    'COMMENT ON TABLE {{check}}.%I IS %L', _table, 'Client-API-VN: written by the second synchronisation');
  INSERT INTO {{check}}.repair_made (object) VALUES ('table ' || _table) ON CONFLICT DO NOTHING;
END
$fix$;

SELECT pg_temp.vn_make('download_log', $$
  id serial PRIMARY KEY, site varchar NOT NULL, controler varchar NOT NULL,
  download_ts timestamp NOT NULL DEFAULT now(), error_count integer, http_status integer,
  comment varchar, length integer, duration bigint $$);
SELECT pg_temp.vn_make('increment_log', $$
  site varchar NOT NULL, taxo_group integer NOT NULL, last_ts timestamp NOT NULL DEFAULT now(),
  CONSTRAINT increment_log_pk PRIMARY KEY (site, taxo_group) $$);
SELECT pg_temp.vn_make('observations_json', $$
  id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
  id_form_universal varchar,
  CONSTRAINT observations_json_pk PRIMARY KEY (id, site) INCLUDE (update_ts) $$);
SELECT pg_temp.vn_make(t, pg_catalog.format($$
  id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, CONSTRAINT %I PRIMARY KEY (id, site) $$, t || '_pk'))
  FROM pg_catalog.unnest(ARRAY[
    'entities_json', 'families_json', 'forms_json', 'local_admin_units_json', 'places_json', 'species_json',
    'taxo_groups_json', 'territorial_units_json', 'validations_json']) AS t;
SELECT pg_temp.vn_make('observers_json', $$
  id integer NOT NULL, site varchar NOT NULL, id_universal integer NOT NULL, item jsonb NOT NULL,
  CONSTRAINT observers_json_pk PRIMARY KEY (id, site) $$);
SELECT pg_temp.vn_make('field_groups_json', $$
  id serial, item jsonb NOT NULL, CONSTRAINT field_groups_json_pk PRIMARY KEY (id) $$);
SELECT pg_temp.vn_make('field_details_json', $$
  id varchar NOT NULL, item jsonb NOT NULL, CONSTRAINT field_details_json_pk PRIMARY KEY (id) $$);

DROP FUNCTION pg_temp.vn_make(text, text);

-- Created here, so owned by the data's owner; the sync's login may write rows and nothing else.
DO $fix$
DECLARE
  _table text;
BEGIN
  IF {{owner_text}} IS NOT NULL THEN
    FOREACH _table IN ARRAY ARRAY(
      SELECT pg_catalog.substr(object, 7) FROM {{check}}.repair_made WHERE object LIKE 'table %'
       UNION ALL SELECT 'repair_made')
    LOOP
      CONTINUE WHEN pg_catalog.to_regclass(pg_catalog.format('{{check}}.%I', _table)) IS NULL;
      EXECUTE pg_catalog.format('ALTER TABLE {{check}}.%I OWNER TO %I', _table, {{owner_text}});
    END LOOP;
  END IF;
END
$fix$;
