-- Tail of each transaction of an installation or a removal: takes back the memberships that `head.sql` gave.
DO $fix$
BEGIN
  IF current_setting('vn_repair.assumed', true) <> '' THEN
    EXECUTE current_setting('vn_repair.assumed', true);
  END IF;
END
$fix$;
COMMIT;
