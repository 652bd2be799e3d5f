-- The sites' names, before anything is downloaded under them: a row is the same observation only under the same name,
-- and where main has another spelling, all of it would be doubled.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _sites text[] := ARRAY(SELECT jsonb_array_elements_text(_i -> 'sites')
                         EXCEPT SELECT jsonb_array_elements_text(_i #> '{settings,new_sites}'));
  _table regclass;
  _names text[] := '{}';
BEGIN
  -- What names sites and is read soonest first; the observations only for what the others do not know.
  FOR _table IN
    SELECT c.oid FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'site'
     WHERE c.relnamespace = to_regnamespace('{{main}}') AND c.relkind IN ('r', 'p')
       AND (c.relname = 'increment_log' OR c.relname LIKE '%\_json') AND has_table_privilege(c.oid, 'SELECT')
       AND has_schema_privilege(c.relnamespace, 'USAGE')
     ORDER BY c.relname <> 'increment_log', c.relname = 'observations_json', c.reltuples
  LOOP
    EXIT WHEN _sites = '{}';
    EXECUTE format('SELECT $1 || array_agg(DISTINCT site::text) FROM %s', _table) INTO _names USING _names;
    _sites := ARRAY(SELECT unnest(_sites) EXCEPT SELECT unnest(_names));
  END LOOP;
  IF _sites <> '{}' AND cardinality(_names) > 0 THEN
    RAISE EXCEPTION 'the main copy has nothing of the site %; its sites are: %', array_to_string(_sites, ', '),
      (SELECT string_agg(DISTINCT n, ', ') FROM unnest(_names) AS n)
      USING HINT = format('Name the site under `sites` as main''s evn.yaml does. If main is about to get it: sites.%s.newInMain: true.', _sites[1]);
  END IF;
END
$fix$;
