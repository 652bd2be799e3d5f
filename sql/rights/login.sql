-- What the sync's login may: start a repair, read what it did, keep the record of its jobs. It writes to none of these
-- tables itself, but for the update dates that it keeps while an update runs. The steps of a run refuse to be called out
-- of turn, and what they find decides how it ends. Erasing (forget) is for owners: that login can have rows deleted, and
-- must not be able to take away what is kept of them.
DO $fix$
DECLARE
  _login name := (SELECT login_role FROM {{repair}}.settings);
  _o record;
BEGIN
  IF _login IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA {{check}}, {{repair}}, {{monitoring}} TO %I', _login);
  FOR _o IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{check}}'::regnamespace AND proname = 'fct_fix_sync'
        OR pronamespace = '{{repair}}'::regnamespace AND proname IN (
             -- the repair, which commits and so runs with the caller's rights, and what it calls
             'repair', 'write_out', 'next_transaction', 'settle_session', 'ended_by_timeout',
             'atomic_message', 'dead_runs', 'dry_run', 'begin_run', 'keep_lock', 'compare', 'work_to_do', 'full_batch_size',
             'next_batch_size', 'batch', 'is_lock_conflict', 'finish_run', 'end_run', 'tell', 'recipient',
             -- the jobs of vn-check
             'last_download', 'begin_job', 'begin_site', 'coverage', 'prove', 'site_proof', 'site_ended', 'progress', 'end_job',
             'proof',
             -- people
             'preflight', 'watch_faults', 'watching', 'may_suspect', 'handover', 'covering_indexes')
  LOOP
    EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', _o.name, _login);
  END LOOP;
  EXECUTE format('GRANT SELECT ON {{repair}}.run, {{repair}}.change, {{repair}}.work_item, {{repair}}.set_aside, '
    '{{repair}}.held_back, {{repair}}.difference, {{repair}}.blind_spell, {{repair}}.job, {{repair}}.job_site, {{repair}}.job_gap, '
    '{{check}}.mv_data_missing_or_not_updated TO %I', _login);
  IF to_regclass('{{check}}.qgis_data') IS NOT NULL THEN
    EXECUTE format('GRANT SELECT ON {{check}}.qgis_data TO %I', _login);
  END IF;
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON {{repair}}.increment_backup TO %I', _login);
  EXECUTE format('GRANT SELECT ON {{monitoring}}.monitoring_vn_check_to_prod TO %I', _login);
  EXECUTE format('GRANT SELECT, UPDATE ON {{monitoring}}.mail_queue TO %I', _login);
END
$fix$;
