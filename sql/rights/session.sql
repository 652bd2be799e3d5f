-- Each function that others may call, or that is called once in a run, says itself what its meaning rests on. Left out
-- are those without a SET clause (triggers, and what writes to main, which has to mean what main's sync would mean) and
-- those that are called for each batch or row: they are called by routines that have said it.
DO $fix$
DECLARE
  _meaning text := (
    SELECT string_agg(format('SET %I TO %L', key, value), ' ' ORDER BY key)
      FROM jsonb_each_text(current_setting('vn_repair.installation')::jsonb #> '{session,meaning}'));
  _f record;
BEGIN
  FOR _f IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE prokind = 'f' AND proconfig IS NOT NULL
       AND (pronamespace = '{{repair}}'::regnamespace
              AND proname NOT IN ('next_step', 'batch', 'limit_waiting', 'keep_lock', 'take_items', 'close_items',
                                  'write_rows', 'look_again', 'is_written', 'delete_rows', 'delete_from_main', 'write_back',
                                  'try_as_repair', 'try_as_main_owner', 'try_rows', 'try_row', 'try_statement',
                                  'put_aside', 'end_quarantine', 'is_lock_conflict',
                                  'is_other_content', 'next_batch_size', 'ended_by_timeout', 'as_main',
                                   'brought_since', 'entry_day', 'would_have_come', 'entry_point', 'main_observation')
            OR oid = to_regprocedure('{{monitoring}}.email_notify(text, varchar, varchar)') AND prosrc ~ 'mail_queue')
  LOOP
    EXECUTE format('ALTER FUNCTION %s %s', _f.name, _meaning);
  END LOOP;
END
$fix$;
