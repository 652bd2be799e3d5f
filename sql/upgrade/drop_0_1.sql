-- The objects of version 0.1 go, each by the name and the comment that it had: a user's own fix_… routine stays.
DO $fix$
DECLARE
  _o record;
BEGIN
  FOR _o IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{check}}'::regnamespace AND obj_description(oid, 'pg_proc') IS NOT NULL
       AND to_regclass('{{check}}.repair_run') IS NOT NULL
       AND proname IN (
         'fix_atomic_message', 'fix_batch', 'fix_batch_size', 'fix_begin', 'fix_cap_deletions', 'fix_close', 'fix_compare',
         'fix_compare_deleted', 'fix_compare_same_ts', 'fix_compare_table', 'fix_compare_whole', 'fix_covering',
         'fix_dead_runs', 'fix_delete_rows', 'fix_downloaded', 'fix_dry_run', 'fix_entry_point', 'fix_finish', 'fix_forget',
         'fix_handover', 'fix_hold_back', 'fix_index_statements', 'fix_insert_rows', 'fix_journal_failed', 'fix_keep_lock',
         'fix_limits', 'fix_lock', 'fix_main_grants', 'fix_mark_dropped', 'fix_may_suspect', 'fix_monitor', 'fix_next_size',
         'fix_note_change', 'fix_note_delete', 'fix_note_seen', 'fix_note_truncate', 'fix_other_run', 'fix_preflight',
         'fix_prune', 'fix_recipient', 'fix_refresh', 'fix_refuse', 'fix_renew_shapes', 'fix_restore', 'fix_run',
         'fix_set_next_aside', 'fix_shapes', 'fix_stages', 'fix_summary', 'fix_suspect', 'fix_take', 'fix_take_journal',
         'fix_tell', 'fix_update_rows', 'fix_watching')
  LOOP
    -- CASCADE reaches vn_repair_seen alone: the other triggers run the functions of today by now.
    EXECUTE format('DROP ROUTINE %s CASCADE', _o.name);
  END LOOP;
  -- Where the admin login may not replace the trigger on main, its old function goes on, into the table of today.
  IF EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regprocedure('{{check}}.fix_watch_main()')) THEN
    CREATE OR REPLACE FUNCTION {{check}}.fix_watch_main() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER AS $watch$
    BEGIN
      INSERT INTO {{repair}}.main_deletion (id, site, update_ts) VALUES (OLD.id, OLD.site, OLD.update_ts);
      RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
      PERFORM {{repair}}.note_gap('watch', SQLERRM);
      RETURN NULL;
    END
    $watch$;
  ELSE
    DROP FUNCTION IF EXISTS {{check}}.fix_watch_main();
  END IF;
  DROP TABLE IF EXISTS {{check}}.repair_setting, {{check}}.repair_run, {{check}}.repair_row, {{check}}.repair_open,
    {{check}}.repair_shape, {{check}}.repair_journal, {{check}}.repair_loss, {{check}}.repair_tombstone,
    {{check}}.repair_main_delete, {{check}}.repair_deleted, {{check}}.repair_seen, {{check}}.repair_replaced,
    {{check}}.repair_made, {{check}}.job_run;
  DROP SEQUENCE IF EXISTS {{check}}.repair_loss_seq;
END
$fix$;
