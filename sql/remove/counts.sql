-- What a removal with the data would take: rows of the tables that hold data, and of this instance's monitoring.
WITH i AS (SELECT current_setting('vn_repair.installation')::jsonb AS i),
     t AS (
       SELECT c.oid::regclass::text AS name, '' AS condition
         FROM pg_class AS c
        WHERE c.relkind = 'r'
          -- Of the check schema what the kit made, of the repair's own what holds data: a user's table stays.
          AND (c.relnamespace = to_regnamespace('{{check}}')
               AND 'table ' || c.relname IN (SELECT object FROM {{repair}}.made_object)
            OR c.relnamespace = to_regnamespace('{{repair}}')
               AND c.relname IN ('run', 'change', 'tombstone', 'main_deletion', 'deleted_row', 'increment_backup', 'job_gap',
                                 'job_site', 'job', 'job_piece', 'open_doubt', 'accepted_download'))
        UNION ALL
       SELECT to_regclass('{{monitoring}}.monitoring_vn_check_to_prod')::text,
              format(' WHERE instance = %L', (SELECT i ->> 'instance' FROM i))
     )
SELECT name AS "table",
       ((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s%s', name, condition),
                                             false, true, '')))[1]::text)::double precision AS rows
  FROM t WHERE name IS NOT NULL
 ORDER BY 2 DESC, 1;
