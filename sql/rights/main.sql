-- The repair's rights on main: what it does, and no more. Given by main's owner; where the admin login may not, the
-- statements are handed over (handover) and the installation goes on.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _grant text;
BEGIN
  IF _s.repair_role IS NULL THEN
    RETURN;
  END IF;
  FOR _grant IN SELECT {{repair}}.main_grants() LOOP
    BEGIN
      EXECUTE _grant;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'vn-sync-check: main''s owner has to run: %;', _grant;
    END;
  END LOOP;
  IF _s.deletions <> 'apply' AND EXISTS (
       SELECT FROM aclexplode((SELECT relacl FROM pg_class WHERE oid = '{{main}}.observations_json'::regclass)) AS a
        WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = _s.repair_role) AND a.privilege_type = 'DELETE') THEN
    EXECUTE format('REVOKE DELETE ON {{main}}.observations_json FROM %I', _s.repair_role);
  END IF;
  FOR _grant IN SELECT jsonb_array_elements_text(_i -> 'extra_grants') LOOP
    EXECUTE format('GRANT %s TO %I', _grant, _s.repair_role);
  END LOOP;
END
$fix$;
