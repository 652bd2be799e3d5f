-- The repair's rights on main: what it does, and no more. Given by main's owner; where the admin login may not, the
-- statements are handed over (fix_handover) and the installation goes on.
DO $fix$
DECLARE
  _grant text;
BEGIN
  IF {{definer_text}} IS NULL THEN
    RETURN;
  END IF;
  FOR _grant IN SELECT {{check}}.fix_main_grants() LOOP
    BEGIN
      EXECUTE _grant;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'vn-sync-check: main''s owner has to run: %;', _grant;
    END;
  END LOOP;
  IF {{deletions_text}} <> 'apply' AND EXISTS (
       SELECT FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = '{{main}}.observations_json'::regclass)) AS a
        WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = {{definer_text}}) AND a.privilege_type = 'DELETE') THEN
    EXECUTE format('REVOKE DELETE ON {{main}}.observations_json FROM %I', {{definer_text}});
  END IF;
  FOREACH _grant IN ARRAY {{extra_grants}}::text[] LOOP
    EXECUTE format('GRANT %s TO %I', _grant, {{definer_text}});
  END LOOP;
END
$fix$;
