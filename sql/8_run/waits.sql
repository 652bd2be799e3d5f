-- Each wait of a repair is bounded, and says who was in the way. After one that was given up the waiter stands in no list
-- any more: whoever holds most of what it may have waited for is named.
CREATE OR REPLACE FUNCTION {{repair}}.holders(_relation regclass DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT string_agg(h.said, '; ')
    FROM (
      SELECT format('%s is locked (%s) by %s', c.oid::regclass, string_agg(DISTINCT l.mode, ', '),
               CASE WHEN l.pid IS NULL THEN 'a prepared transaction (pg_prepared_xacts)'
                    ELSE format('process %s of the role %s, %s', l.pid, coalesce(pg_get_userbyid(a.usesysid), 'the server itself'),
                      coalesce('in a transaction since ' || to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'),
                               'since a time that this role may not see')) END) AS said
        FROM pg_locks AS l
        JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
       CROSS JOIN {{repair}}.settings AS s
        LEFT JOIN LATERAL pg_stat_get_activity(l.pid) AS a ON l.pid IS NOT NULL
       WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND CASE WHEN _relation IS NULL THEN l.mode <> 'AccessShareLock' ELSE c.oid = _relation END
       GROUP BY c.oid, l.pid, a.usesysid, a.xact_start, n.oid, n.nspname, s.main_schema, s.check_schema, s.monitoring_schema
       -- Then what main's triggers may want.
       ORDER BY n.oid = '{{repair}}'::regnamespace OR n.nspname IN (s.main_schema, s.check_schema, s.monitoring_schema) DESC,
                min(array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
                                         'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock'], l.mode)), a.xact_start
       LIMIT 3) AS h;
$fix$;
COMMENT ON FUNCTION {{repair}}.holders(regclass) IS
  'Who holds locks on a relation, or (NULL) on any that a repair may want: the strongest first, as far as this role may see.';

CREATE OR REPLACE FUNCTION {{repair}}.with_holders(_sqlstate text, _message text, _relation regclass DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT CASE WHEN _sqlstate <> '55P03' THEN _message
              ELSE concat_ws('; ', _message, coalesce('in the way: ' || {{repair}}.holders(_relation), 'nobody is in the way any more')) END;
$fix$;
COMMENT ON FUNCTION {{repair}}.with_holders(text, text, regclass) IS
  'An error''s message; of a wait that was given up, with who was in the way.';
