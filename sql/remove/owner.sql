-- The data's owner goes with the last thing it owned, if the kit made it. Its rights on schemas go first.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _owner name := _i #>> '{roles,owner}';
BEGIN
  IF NOT (_i ->> 'with_data')::boolean OR NOT EXISTS (
       SELECT FROM pg_roles AS r
        WHERE r.rolname = _owner AND shobj_description(r.oid, 'pg_authid') LIKE 'vn-sync-check:%'
          AND NOT EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refobjid = r.oid AND d.deptype = 'o')) THEN
    RETURN;
  END IF;
  EXECUTE format('DROP OWNED BY %I', _owner);
  -- The membership that head.sql has lent goes with the role.
  PERFORM set_config('vn_repair.assumed',
    replace(current_setting('vn_repair.assumed'), format('REVOKE %I FROM CURRENT_USER;', _owner), ''), true);
  BEGIN
    EXECUTE format('DROP ROLE %I', _owner);
  EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    RAISE NOTICE 'vn-sync-check: the role % stays: %', _owner, SQLERRM;
  END;
END
$fix$;
