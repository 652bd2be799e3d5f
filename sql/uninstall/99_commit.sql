DO $fix$
BEGIN
  IF current_setting('vn_repair.drop_owner', true) <> '' THEN
    EXECUTE format('DROP ROLE %I', current_setting('vn_repair.drop_owner', true));
  END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE 'vn-sync-check: the role % stays: %', current_setting('vn_repair.drop_owner', true), SQLERRM;
END
$fix$;
COMMIT;
