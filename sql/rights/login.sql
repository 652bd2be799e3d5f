-- What the sync's login may: start a repair, read what it did, keep the record of its jobs. It writes to none of these
-- tables itself, but for the update dates that it keeps while an update runs. Into a repair there is one entry, next_step,
-- which decides itself what comes next. Erasing (forget) is for owners: that login can have rows deleted, and must not be
-- able to take away what is kept of them.
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
             -- the repair, which commits and so runs with the caller's rights, and its one entry
             'repair', 'next_step',
             -- what has to be done with the caller's rights: its session's settings, and what its role's sessions do
             'next_transaction', 'settle_session', 'ended_by_timeout', 'atomic_message', 'dead_runs',
             -- after fct_fix_sync: a mail, by a function of the user's maybe, and how the call ends
             'tell', 'recipient', 'mail_details', 'expect_done',
             -- the jobs of vn-check
             'last_download', 'begin_job', 'begin_site', 'coverage', 'prove', 'site_proof', 'site_ended', 'progress',
             'note_causes', 'end_job',
             'parts_ended', 'keep_parts', 'row_not_stored', 'row_stored', 'deletions_told', 'to_ask_for',
             'accept_doubts', 'is_listed',
             'holders',
             -- vn-check sends mails
             'take_mail', 'mail_ended', 'expire_mails', 'unsent_mails',
             -- people who log in as it
             'proof', 'may_suspect', 'preflight', 'watch_faults', 'run_faults', 'handover')
  LOOP
    EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', _o.name, _login);
  END LOOP;
  EXECUTE format('GRANT SELECT ON {{repair}}.run, {{repair}}.change, {{repair}}.work_item, {{repair}}.set_aside, '
    '{{repair}}.held_back, {{repair}}.difference, {{repair}}.blind_spell, {{repair}}.job, {{repair}}.job_site, {{repair}}.job_gap, '
    '{{repair}}.part_failure, {{repair}}.not_stored, {{repair}}.open_doubt, {{check}}.mv_data_missing_or_not_updated TO %I', _login);
  IF to_regclass('{{check}}.qgis_data') IS NOT NULL THEN
    EXECUTE format('GRANT SELECT ON {{check}}.qgis_data TO %I', _login);
  END IF;
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON {{repair}}.increment_backup TO %I', _login);
  EXECUTE format('GRANT SELECT ON {{monitoring}}.monitoring_vn_check_to_prod TO %I', _login);
  -- What became of a mail; other instances' are in there too.
  EXECUTE format('REVOKE UPDATE ON {{monitoring}}.mail_queue FROM %I', _login);
  EXECUTE format('GRANT SELECT ON {{monitoring}}.mail_queue TO %I', _login);
END
$fix$;
