CREATE OR REPLACE FUNCTION {{check}}.fix_shapes() RETURNS SETOF {{check}}.repair_shape
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _t record;
  _shape {{check}}.repair_shape;
  _check oid;
  _main oid;
  _conflict boolean;
  _volatile text;
BEGIN
  SELECT quote_literal(ARRAY(SELECT jsonb_array_elements_text(settings -> 'volatileKeys')))
    INTO _volatile FROM {{check}}.repair_setting;
  -- In this order: what main's triggers look up comes before what looks it up.
  FOR _t IN
    SELECT * FROM (VALUES
      (10, 'entities_json', 'entities'), (20, 'observers_json', 'observers'),
      (30, 'taxo_groups_json', 'taxo_groups'), (40, 'territorial_units_json', 'territorial_units'),
      (50, 'families_json', 'families'), (60, 'species_json', 'species'),
      (70, 'local_admin_units_json', 'local_admin_units'), (80, 'places_json', 'places'),
      (90, 'validations_json', 'validations'), (100, 'field_groups_json', 'fields'),
      (110, 'field_details_json', 'fields'), (120, 'forms_json', 'observations'),
      (200, 'observations_json', 'observations')) AS v (stage, tab, controler)
  LOOP
    _check := to_regclass(format('{{check}}.%I', _t.tab));
    _main := to_regclass(format('{{main}}.%I', _t.tab));
    CONTINUE WHEN _check IS NULL OR _main IS NULL;
    _shape.tab := _t.tab;
    _shape.stage := _t.stage;
    _shape.controler := _t.controler;
    SELECT array_agg(a.attname::text ORDER BY k.ord)
      INTO _shape.keys
      FROM pg_index AS i
     CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = _check AND i.indisprimary AND k.ord <= i.indnkeyatts;
    _shape.keys := coalesce(_shape.keys, ARRAY['id', 'site']);
    _conflict := EXISTS (
      SELECT FROM pg_index AS i
       WHERE i.indrelid = _main AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
         AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
                FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
                JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
               WHERE k.ord <= i.indnkeyatts)
             = ARRAY(SELECT x FROM unnest(_shape.keys) AS x ORDER BY x COLLATE "C"));
    WITH shared AS (
      SELECT m.attnum, m.attname, format_type(m.atttypid, m.atttypmod) AS type,
             quote_ident(m.attname) AS name, m.attname = ANY (_shape.keys) AS is_key,
             format_type(c.atttypid, c.atttypmod) <> format_type(m.atttypid, m.atttypmod) AS cast_it,
             CASE WHEN m.attname = 'item' AND m.atttypid = 'jsonb'::regtype AND _volatile <> '''{}'''
                  THEN format('(%%s.item - %s::text[])', _volatile)
                  ELSE '%s.' || replace(quote_ident(m.attname), '%', '%%') END AS compared
        FROM pg_attribute AS m
        JOIN pg_attribute AS c ON c.attrelid = _check AND c.attname = m.attname AND NOT c.attisdropped
       WHERE m.attrelid = _main AND m.attnum > 0 AND NOT m.attisdropped
         AND m.attgenerated = '' AND m.attidentity <> 'a'
    ), parts AS (
      SELECT bool_or(attname = 'update_ts') AS has_ts,
             count(*) FILTER (WHERE is_key) AS n_keys,
             string_agg(name, ', ' ORDER BY attnum) AS columns,
             string_agg('c.' || name || CASE WHEN cast_it THEN '::' || type ELSE '' END, ', ' ORDER BY attnum) AS source,
             string_agg(name || ' = EXCLUDED.' || name, ', ' ORDER BY attnum) FILTER (WHERE NOT is_key) AS excluded,
             string_agg(name || ' = c.' || name || CASE WHEN cast_it THEN '::' || type ELSE '' END, ', '
               ORDER BY attnum) FILTER (WHERE NOT is_key) AS assigned,
             string_agg(format(compared, 'm') || ' IS DISTINCT FROM ' || format(compared, 'c'), ' OR ')
               FILTER (WHERE NOT is_key AND attname <> 'update_ts') AS differs,
             string_agg(format('m.%s = c.%s', name, name), ' AND ') FILTER (WHERE is_key) AS main_check,
             string_agg('m.' || name, ', ') FILTER (WHERE is_key) AS main_keys,
             -- The work list has a number, a site and, for keys of any other name or type, a JSON object.
             string_agg(format('%%1$s.%s = ', name) || CASE
               WHEN attname = 'id' AND type IN ('integer', 'bigint', 'smallint') THEN '%2$s.id'
               WHEN attname = 'site' THEN '%2$s.site'
               ELSE format('(%%2$s.key::jsonb ->> %L)::%s', attname, type) END, ' AND ') FILTER (WHERE is_key) AS on_open,
             coalesce(min('c.id') FILTER (WHERE is_key AND attname = 'id' AND type IN ('integer', 'bigint', 'smallint')), '0') AS id,
             coalesce(min('c.site') FILTER (WHERE is_key AND attname = 'site'), '''''') AS site,
             coalesce('jsonb_build_object(' || string_agg(format('%L, c.%s', attname, name), ', ' ORDER BY attname)
               FILTER (WHERE is_key AND attname <> 'site'
                         AND NOT (attname = 'id' AND type IN ('integer', 'bigint', 'smallint'))) || ')::text', '''''') AS key
        FROM shared)
    SELECT p.has_ts, to_jsonb(p) || jsonb_build_object(
             'check_open', format(p.on_open, 'c', 'o'), 'main_open', format(p.on_open, 'm', 'o'),
             'keys', (SELECT string_agg(quote_ident(k), ', ') FROM unnest(_shape.keys) AS k),
             'conflict', _conflict)
      INTO _shape.has_ts, _shape.sql
      FROM parts AS p
     WHERE p.n_keys = cardinality(_shape.keys) AND p.assigned IS NOT NULL;
    CONTINUE WHEN NOT FOUND;
    RETURN NEXT _shape;
  END LOOP;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_shapes() IS
  'Tables that both schemas have, with their keys and the pieces of SQL made from the columns both share (main may have more).';
