-- The sync's login: rows of the client's fifteen tables, and nothing that could change the tables themselves
-- (an owner could switch the journal's triggers off).
DO $fix$
DECLARE
  _login name := current_setting('vn_repair.installation')::jsonb #>> '{roles,login}';
  _o record;
BEGIN
  IF _login IS NULL THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _login) THEN
    RAISE EXCEPTION 'the role % does not exist: create the login of the second synchronisation first', _login;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA {{check}} TO %I', _login);
  FOR _o IN
    SELECT oid::regclass AS name FROM pg_class
     WHERE relnamespace = '{{check}}'::regnamespace AND relkind IN ('r', 'p')
       AND (relname LIKE '%\_json' OR relname IN ('download_log', 'increment_log'))
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', _o.name, _login);
  END LOOP;
  FOR _o IN
    SELECT s.oid::regclass AS name
      FROM pg_class AS s
      JOIN pg_depend AS d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
      JOIN pg_class AS t ON t.oid = d.refobjid
     WHERE s.relkind = 'S' AND s.relnamespace = '{{check}}'::regnamespace
       AND t.relname IN ('download_log', 'field_groups_json')
  LOOP
    EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', _o.name, _login);
  END LOOP;
END
$fix$;
