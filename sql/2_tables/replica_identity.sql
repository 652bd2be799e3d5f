-- Where a publication is for all tables, or for a schema's, a table without a key can be neither updated nor deleted from.
-- Those of ours that have none (a key would cost the writers of a journal an index) say which row is meant by all of it.
DO $fix$
DECLARE
  _table regclass;
BEGIN
  FOREACH _table IN ARRAY ARRAY(
    SELECT c.oid::regclass FROM pg_class AS c
     WHERE c.relkind = 'r' AND c.relreplident = 'd'
       AND (c.relnamespace = '{{repair}}'::regnamespace
            OR c.oid IN (SELECT to_regclass(format('{{check}}.%I', substr(object, 7))) FROM {{repair}}.made_object
                          WHERE object LIKE 'table %'))
       AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary))
  LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', _table);
  END LOOP;
END
$fix$;
