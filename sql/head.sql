-- Head of each transaction of an installation or a removal, after the line that sets vn_repair.installation.
SET LOCAL client_min_messages = warning; -- not one line for each object that is there already
-- A trigger on a busy table waits for its writers, and new ones wait behind it: better to fail and be run again.
SET LOCAL lock_timeout = '20s';

-- The admin login acts for the roles that own our objects, for this transaction only: `tail.sql` takes the
-- membership back. PostgreSQL 16 gives the creator of a role ADMIN but neither INHERIT nor SET.
-- Main's owner is never assumed: what only that role may do is handed over as SQL.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _new boolean := current_setting('server_version_num')::integer >= 160000;
  _lock constant bigint := hashtext('vn-sync-check install');
  _role name;
  _assumed text := '';
BEGIN
  -- One installation at a time in a database: the monitoring schema is shared by all instances.
  BEGIN
    PERFORM pg_advisory_xact_lock(_lock);
  EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'another session holds the lock of the installation: %', coalesce(
        (SELECT string_agg(format('process %s of the role %s (%s, %s), connected since %s', l.pid, a.usename,
                                  coalesce(nullif(a.application_name, ''), 'without a name'), coalesce(a.state, 'what it does is hidden'),
                                  coalesce(to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'), 'a time that is hidden')), '; ')
           FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND (l.classid::bigint << 32) | l.objid::bigint = _lock
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())), 'it has let go meanwhile')
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'If that is no installation or removal under way, end it: SELECT pg_terminate_backend(<process>).';
  END;
  FOR _role IN
    WITH ours AS (
      SELECT nspowner AS owner FROM pg_namespace
       WHERE nspname IN (_i ->> 'check_schema', _i ->> 'repair_schema', _i ->> 'monitoring_schema')
       UNION
      SELECT relowner FROM pg_class
       WHERE relkind IN ('r', 'p', 'm', 'v', 'S')
         AND relnamespace IN (to_regnamespace('{{check}}'), to_regnamespace('{{repair}}'))
       UNION
      SELECT proowner FROM pg_proc
       WHERE pronamespace = to_regnamespace('{{repair}}')
             -- Main's owner's, whom nobody becomes for that: the schema's owner may drop them.
             AND proname NOT IN ('try_as_main_owner', 'written_elsewhere', 'keep_watch')
          OR pronamespace = to_regnamespace('{{check}}') AND proname ~ '^f(ct_)?fix_'
       UNION
      SELECT relowner FROM pg_class
       WHERE relname IN ('monitoring_vn_check_to_prod', 'vn_instance', 'mail_queue')
         AND relnamespace = to_regnamespace('{{monitoring}}')
       UNION
      SELECT proowner FROM pg_proc
       WHERE proname = 'email_notify' AND pronamespace = to_regnamespace('{{monitoring}}')
    )
    SELECT r.rolname FROM pg_roles AS r
     WHERE r.rolname IN (_i #>> '{roles,owner}', _i ->> 'definer') OR r.oid IN (SELECT owner FROM ours)
  LOOP
    CONTINUE WHEN pg_has_role(current_user, _role, 'USAGE')
      AND (NOT _new OR pg_has_role(current_user, _role, CASE WHEN _new THEN 'SET' ELSE 'MEMBER' END));
    BEGIN
      EXECUTE format('GRANT %I TO CURRENT_USER', _role)
              || CASE WHEN _new THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
      _assumed := _assumed || format('REVOKE %I FROM CURRENT_USER;', _role);
    EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
      -- Not needed in every case; where it is, the statement that needs it fails and names its object.
      RAISE NOTICE 'the login % may not act for the role %: %', current_user, _role, SQLERRM;
    END;
  END LOOP;
  PERFORM set_config('vn_repair.assumed', _assumed, true);
  -- By name: a cast to regclass asks for a right on the schema, which may be just what lacks.
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.relname = 'run_lock' AND c.relnamespace = to_regnamespace('{{repair}}')
                AND has_schema_privilege(c.relnamespace, 'USAGE') AND has_table_privilege(c.oid, 'TRUNCATE')) THEN
    LOCK TABLE {{repair}}.run_lock IN EXCLUSIVE MODE; -- waits for the batch of a repair that is under way
  END IF;
END
$fix$;
