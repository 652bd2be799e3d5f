-- Who may have been in the way of a statement that waited until its lock_timeout: the sessions of this database that hold
-- a lock on the kit's tables, its schemas' or main's, or have been in a transaction for as long; the oldest first.
WITH wanted AS (
  SELECT current_setting('vn_repair.installation')::jsonb AS i
), held AS (
  SELECT l.pid, format('%s (%s)', c.oid::regclass, string_agg(DISTINCT l.mode, ', ')) AS what
    FROM wanted
    JOIN pg_namespace AS n ON n.nspname IN (i ->> 'main_schema', i ->> 'check_schema', i ->> 'repair_schema', i ->> 'monitoring_schema')
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    JOIN pg_locks AS l ON l.locktype = 'relation' AND l.relation = c.oid AND l.granted
   WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND l.pid IS DISTINCT FROM pg_backend_pid()
   GROUP BY l.pid, c.oid
), holder AS (
  SELECT a.pid, a.usename::text AS role, a.application_name AS application, a.state, a.xact_start AS since,
         coalesce((SELECT string_agg(h.what, ', ' ORDER BY h.what) FROM held AS h WHERE h.pid = a.pid), '') AS locks
    FROM pg_stat_activity AS a
   WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
     AND (a.pid IN (SELECT h.pid FROM held AS h) OR a.xact_start < now() - interval '15 seconds')
   UNION ALL
  SELECT NULL, p.owner, p.gid, 'prepared', p.prepared,
         coalesce((SELECT string_agg(h.what, ', ' ORDER BY h.what) FROM held AS h WHERE h.pid IS NULL), '')
    FROM pg_prepared_xacts AS p WHERE p.database = current_database()
)
SELECT pid, role, application, state, left(locks, 300) AS locks, to_char(since, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS since
  FROM holder ORDER BY holder.since NULLS LAST LIMIT 5;
