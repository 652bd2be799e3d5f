-- The sync's login has our settings in this database, so that Client-API-VN, the runner and a psql of that login mean
-- and outlast the same, whatever database and role set for people's sake. A right of whoever may alter the role: where
-- the admin login may not, the runner and its adapter still say it at each connection.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _s record;
BEGIN
  FOR _s IN
    SELECT key, value FROM jsonb_each_text(_i #> '{session,login}')
     WHERE _i #>> '{roles,login}' IS NOT NULL AND current_setting(key, true) IS NOT NULL
  LOOP
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I TO %L', _i #>> '{roles,login}', current_database(), _s.key, _s.value);
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'vn-sync-check: % may not settle the sessions of %: %', current_user, _i #>> '{roles,login}', SQLERRM;
END
$fix$;
