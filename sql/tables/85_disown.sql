-- Takes back the memberships that `15_assume.sql` gave for this transaction.
DO $fix$
BEGIN
  IF pg_catalog.current_setting('vn_repair.assumed', true) <> '' THEN
    EXECUTE pg_catalog.current_setting('vn_repair.assumed', true);
  END IF;
END
$fix$;
