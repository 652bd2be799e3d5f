-- Main's triggers may do something else for another role: what they write for main's owner is the measure. Three functions
-- of ours become that role's, where the administrator may act for it and it is no superuser: they try rows in main and
-- roll them back, read what the triggers wrote, and keep the watch on main in force. The repair's role alone may call them.
DO $fix$
DECLARE
  _owner name := (SELECT pg_get_userbyid(relowner) FROM pg_class
                   WHERE relname = 'observations_json' AND relnamespace = '{{main}}'::regnamespace);
  _definer name := (SELECT pg_get_userbyid(proowner) FROM pg_proc
                     WHERE oid = '{{repair}}.try_as_repair(jsonb, text[])'::regprocedure);
  _f record;
BEGIN
  IF _owner = _definer OR (SELECT rolsuper FROM pg_roles WHERE rolname = _owner)
     OR NOT pg_has_role(current_user, _owner, CASE WHEN current_setting('server_version_num')::integer >= 160000
                                                  THEN 'SET' ELSE 'MEMBER' END) THEN
    RETURN;
  END IF;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA {{repair}} TO %I', _owner);
  FOR _f IN
    SELECT p.oid::regprocedure AS name, p.proname FROM pg_proc AS p
     WHERE p.pronamespace = '{{repair}}'::regnamespace AND p.proname IN (
       'try_as_main_owner', 'written_elsewhere', 'time_for_trials', 'try_rows', 'try_row', 'try_statement', 'trial_statements',
       'written_so_far', 'new_rows', 'as_columns', 'limit_waiting', 'keep_watch')
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', _f.name, _owner);
    IF _f.proname IN ('try_as_main_owner', 'written_elsewhere', 'keep_watch') THEN
      EXECUTE format('ALTER FUNCTION %s OWNER TO %I', _f.name, _owner);
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', _f.name, _definer);
    END IF;
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA {{repair}} FROM %I', _owner);
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'vn-sync-check: what main''s triggers do for % cannot be compared: %', _owner, SQLERRM;
END
$fix$;
