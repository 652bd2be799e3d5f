-- The admin login acts for the roles that own our objects, for this transaction only: `85_disown.sql` takes
-- the membership back. PostgreSQL 16 gives the creator of a role ADMIN but neither INHERIT nor SET.
-- Main's owner is never assumed: what only that role may do is handed over as SQL.
DO $fix$
DECLARE
  _role name;
  _assumed text := '';
BEGIN
  PERFORM pg_catalog.set_config('vn_repair.assumed', '', true);
  FOR _role IN
    SELECT r.rolname
      FROM pg_catalog.pg_roles AS r
     WHERE r.rolname IN ({{owner_text}}, {{definer_text}})
        OR r.oid IN (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = {{check_text}})
        OR r.oid IN (
             SELECT relowner FROM pg_catalog.pg_class
              WHERE relkind IN ('r', 'p', 'm')
                AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {{check_text}}))
        OR r.oid IN (
             SELECT proowner FROM pg_catalog.pg_proc
              WHERE proname ~ '^f(ct_)?fix_'
                AND pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {{check_text}}))
        OR r.oid IN (
             SELECT relowner FROM pg_catalog.pg_class
              WHERE relname IN ('monitoring_vn_check_to_prod', 'vn_instance', 'mail_queue')
                AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {{monitoring_text}}))
        OR r.oid IN (
             SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = {{monitoring_text}})
        OR r.oid IN (
             SELECT proowner FROM pg_catalog.pg_proc
              WHERE proname = 'email_notify'
                AND pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {{monitoring_text}}))
  LOOP
    CONTINUE WHEN pg_catalog.pg_has_role(current_user, _role, 'USAGE')
      AND (pg_catalog.current_setting('server_version_num')::integer < 160000
           OR pg_catalog.pg_has_role(current_user, _role, CASE
                WHEN pg_catalog.current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END));
    BEGIN
      EXECUTE pg_catalog.format('GRANT %I TO CURRENT_USER', _role) || CASE
        WHEN pg_catalog.current_setting('server_version_num')::integer >= 160000
        THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
      _assumed := _assumed || pg_catalog.format('REVOKE %I FROM CURRENT_USER;', _role);
    EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
      -- Not needed in every case; where it is, the statement that needs it fails and names its object.
      RAISE NOTICE 'the login % may not act for the role %: %', current_user, _role, SQLERRM;
    END;
  END LOOP;
  PERFORM pg_catalog.set_config('vn_repair.assumed', _assumed, true);
END
$fix$;
