-- The sync's login: rows of the client's fifteen tables, and nothing that could change the tables themselves
-- (an owner could switch the journal's triggers off).
DO $fix$
DECLARE
  _table text;
BEGIN
  IF {{login_text}} IS NULL THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {{login_text}}) THEN
    RAISE EXCEPTION 'the role % does not exist: create the login of the second synchronisation first', {{login_text}};
  END IF;
  EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA {{check}} TO %I', {{login_text}});
  FOR _table IN
    SELECT relname FROM pg_catalog.pg_class
     WHERE relnamespace = {{check_regnamespace}} AND relkind = 'r'
       AND (relname LIKE '%\_json' OR relname IN ('download_log', 'increment_log'))
  LOOP
    EXECUTE pg_catalog.format(
      'GRANT SELECT, INSERT, UPDATE, DELETE ON {{check}}.%I TO %I', _table, {{login_text}});
  END LOOP;
  FOR _table IN
    SELECT s.relname
      FROM pg_catalog.pg_class AS s
      JOIN pg_catalog.pg_depend AS d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
      JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
     WHERE s.relkind = 'S' AND s.relnamespace = {{check_regnamespace}}
       AND t.relname IN ('download_log', 'field_groups_json')
  LOOP
    EXECUTE pg_catalog.format('GRANT USAGE, SELECT ON SEQUENCE {{check}}.%I TO %I', _table, {{login_text}});
  END LOOP;
END
$fix$;
