-- What a removal with the data would take: rows of every table of the two schemas, and of this instance's monitoring.
WITH i AS (SELECT current_setting('vn_repair.installation')::jsonb AS i),
     t AS (
       SELECT c.oid::regclass::text AS name, '' AS condition
         FROM pg_class AS c
        WHERE c.relkind = 'r' AND c.relnamespace IN (to_regnamespace('{{check}}'), to_regnamespace('{{repair}}'))
        UNION ALL
       SELECT to_regclass('{{monitoring}}.monitoring_vn_check_to_prod')::text,
              format(' WHERE instance = %L', (SELECT i ->> 'instance' FROM i))
     )
SELECT name AS "table",
       ((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s%s', name, condition),
                                             false, true, '')))[1]::text)::double precision AS rows
  FROM t WHERE name IS NOT NULL
 ORDER BY 2 DESC, 1;
