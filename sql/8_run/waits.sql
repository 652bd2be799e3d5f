-- Each wait of a repair is bounded, and says who was in the way. After one that was given up the waiter stands in no list
-- any more: whoever holds most of what it may have waited for is named.
CREATE OR REPLACE FUNCTION {{repair}}.limit_waiting() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- Below deadlock_timeout: it is the repair that gives way, before a deadlock could name main's own sync as the
  -- victim; and short, as the batch keeps its own locks while it waits. Ends with the transaction.
  PERFORM set_config('lock_timeout',
                    (1000 * least(extract(epoch FROM (SELECT s.lock_timeout FROM {{repair}}.settings AS s)),
                                  extract(epoch FROM current_setting('deadlock_timeout')::interval) / 2))::integer::text, true);
  -- A crash may lose the last batches, and with each its keys' removal from the work list: the next run does them
  -- again. The last commit of a run waits for the disk, and so for all before it.
  PERFORM set_config('synchronous_commit', 'off', true);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.limit_waiting() IS 'lock_timeout and synchronous_commit of a batch, for this transaction.';

CREATE OR REPLACE FUNCTION {{repair}}.is_held(_run bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT count(*) = 20 FROM (SELECT FROM {{repair}}.set_aside WHERE run = _run AND cause = 'locked' LIMIT 20) AS l;
$fix$;
COMMENT ON FUNCTION {{repair}}.is_held(bigint) IS
  'Has a run waited in vain for so many rows that somebody seems to hold the whole table?';

CREATE OR REPLACE FUNCTION {{repair}}.holders(_relation regclass DEFAULT NULL, _waited interval DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Reads no table of ours: whoever holds one may be who is asked for.
  SELECT string_agg(h.said, '; ')
    FROM (
      SELECT format('%s is locked (%s) by %s', c.oid::regclass, string_agg(DISTINCT l.mode, ', '),
               CASE WHEN l.pid IS NULL THEN 'a prepared transaction (pg_prepared_xacts)'
                    ELSE format('process %s of the role %s, %s', l.pid, coalesce(pg_get_userbyid(a.usesysid), 'the server itself'),
                      CASE WHEN a.xact_start IS NOT NULL
                           THEN format('in a transaction since %s, for %s', to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'),
                                       date_trunc('second', clock_timestamp() - a.xact_start))
                           WHEN _waited IS NOT NULL THEN format('for at least %s', _waited)
                           ELSE 'since a time that this role may not see' END) END) AS said
        FROM pg_locks AS l
        JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
        LEFT JOIN LATERAL pg_stat_get_activity(l.pid) AS a ON l.pid IS NOT NULL
       WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND CASE WHEN _relation IS NULL THEN l.mode <> 'AccessShareLock' ELSE c.oid = _relation END
       GROUP BY c.oid, l.pid, a.usesysid, a.xact_start, n.oid
       -- Then what main's triggers may want.
       ORDER BY n.oid IN (to_regnamespace('{{repair}}'), to_regnamespace('{{main}}'), to_regnamespace('{{check}}'),
                          to_regnamespace('{{monitoring}}')) DESC,
                min(array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
                                         'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock'], l.mode)), a.xact_start
       LIMIT 3) AS h;
$fix$;
COMMENT ON FUNCTION {{repair}}.holders(regclass, interval) IS
  'Who holds locks on a relation, or (NULL) on any that a repair may want: the strongest first, since when as far as this role may see, else for how long somebody has waited.';

CREATE OR REPLACE FUNCTION {{repair}}.with_holders(_sqlstate text, _message text, _relation regclass DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT CASE WHEN _sqlstate <> '55P03' THEN _message
              ELSE concat_ws('; ', _message, coalesce('in the way: ' || {{repair}}.holders(_relation,
                nullif(current_setting('lock_timeout')::interval, interval '0')), 'nobody is in the way any more')) END;
$fix$;
COMMENT ON FUNCTION {{repair}}.with_holders(text, text, regclass) IS
  'An error''s message; of a wait that was given up, with who was in the way.';
