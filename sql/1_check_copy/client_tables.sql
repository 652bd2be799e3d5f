-- The fifteen tables Client-API-VN 2.12.0 stores into, as it would create them itself, but for one thing: the
-- primary key of observations_json includes update_ts, so that it is the covering index of the comparison.
-- Tables that exist are kept as they are. Those created here are written down in made_object; they belong to the
-- data's owner.
DO $fix$
DECLARE
  _owner name := current_setting('vn_repair.installation')::jsonb #>> '{roles,owner}';
  _t record;
BEGIN
  FOR _t IN
    SELECT name, columns
      FROM (VALUES
        ('download_log', $$
          id serial PRIMARY KEY, site varchar NOT NULL, controler varchar NOT NULL,
          download_ts timestamp NOT NULL DEFAULT now(), error_count integer, http_status integer,
          comment varchar, length integer, duration bigint $$),
        ('increment_log', $$
          site varchar NOT NULL, taxo_group integer NOT NULL, last_ts timestamp NOT NULL DEFAULT now(),
          CONSTRAINT increment_log_pk PRIMARY KEY (site, taxo_group) $$),
        ('observations_json', $$
          id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, update_ts integer NOT NULL,
          id_form_universal varchar,
          CONSTRAINT observations_json_pk PRIMARY KEY (id, site) INCLUDE (update_ts) $$),
        ('observers_json', $$
          id integer NOT NULL, site varchar NOT NULL, id_universal integer NOT NULL, item jsonb NOT NULL,
          CONSTRAINT observers_json_pk PRIMARY KEY (id, site) $$),
        ('field_groups_json', $$
          id serial, item jsonb NOT NULL, CONSTRAINT field_groups_json_pk PRIMARY KEY (id) $$),
        ('field_details_json', $$
          id varchar NOT NULL, item jsonb NOT NULL, CONSTRAINT field_details_json_pk PRIMARY KEY (id) $$)
      ) AS special (name, columns)
     UNION ALL
    SELECT name, format($$
          id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
          CONSTRAINT %I PRIMARY KEY (id, site) $$, name || '_pk')
      FROM unnest(ARRAY[
        'entities_json', 'families_json', 'forms_json', 'local_admin_units_json', 'places_json', 'species_json',
        'taxo_groups_json', 'territorial_units_json', 'validations_json']) AS name
  LOOP
    IF to_regclass(format('{{check}}.%I', _t.name)) IS NULL THEN
      EXECUTE format('CREATE TABLE {{check}}.%I (%s)', _t.name, _t.columns);
      EXECUTE format('COMMENT ON TABLE {{check}}.%I IS %L', _t.name,
        'Client-API-VN: written by the second synchronisation');
      INSERT INTO {{repair}}.made_object (object) VALUES ('table ' || _t.name) ON CONFLICT DO NOTHING;
    END IF;
    IF _owner IS NOT NULL AND EXISTS (SELECT FROM {{repair}}.made_object WHERE object = 'table ' || _t.name)
       AND (SELECT pg_get_userbyid(relowner) <> _owner FROM pg_class WHERE oid = to_regclass(format('{{check}}.%I', _t.name))) THEN
      EXECUTE format('ALTER TABLE {{check}}.%I OWNER TO %I', _t.name, _owner);
    END IF;
  END LOOP;
END
$fix$;
