-- Some databases switch row security on for every table that is made (an event trigger). Ours have no policies: our own
-- roles would see nothing of them and write nothing, in part without an error.
DO $fix$
DECLARE
  _table regclass;
BEGIN
  FOREACH _table IN ARRAY ARRAY(
    SELECT c.oid::regclass
      FROM pg_class AS c
     WHERE (c.relrowsecurity OR c.relforcerowsecurity)
       AND (c.relnamespace = '{{repair}}'::regnamespace
            OR c.oid IN (SELECT to_regclass(format('{{check}}.%I', substr(object, 7))) FROM {{repair}}.made_object
                          WHERE object LIKE 'table %')
            OR c.relnamespace = to_regnamespace('{{monitoring}}')
               AND c.relname IN ('vn_instance', 'monitoring_vn_check_to_prod', 'mail_queue')
               AND obj_description(c.oid, 'pg_class') IS NOT NULL))
  LOOP
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', _table);
  END LOOP;
END
$fix$;
