-- Version 0.1 kept its objects in the check schema. Its history and lists come over, row by row, into the tables of
-- today, so that the catalog is that of a fresh installation; then its objects go. To be removed two releases later.
DO $fix$
BEGIN
  IF to_regclass('{{check}}.repair_run') IS NULL THEN
    RETURN;
  END IF;
  -- Nobody writes to the old journal from here on.
  LOCK TABLE {{check}}.observations_json, {{check}}.repair_main_delete IN SHARE ROW EXCLUSIVE MODE;

  IF to_regclass('{{check}}.repair_made') IS NOT NULL THEN -- absent where it was installed by hand
    INSERT INTO {{repair}}.made_object SELECT object, made_at FROM {{check}}.repair_made ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO {{repair}}.replaced_object (id, at, kind, name, owner, definition) OVERRIDING SYSTEM VALUE
  SELECT id, at, kind, name, owner, definition FROM {{check}}.repair_replaced
  ON CONFLICT DO NOTHING;

  INSERT INTO {{repair}}.run
    (id, mode, phase, status, job, accept, started_at, ended_at, started_by, pid, backend_start, whole, journal_complete,
     inserted, updated, deleted, set_aside, message) OVERRIDING SYSTEM VALUE
  SELECT r.id,
         (CASE r.mode WHEN 'daily' THEN 'journal' WHEN 'weekly' THEN 'whole' ELSE 'contents' END)::{{repair}}.run_mode,
         'ended', (CASE r.status WHEN 'running' THEN 'interrupted' ELSE r.status END)::{{repair}}.run_status,
         j.id, (r.context ->> 'accept')::integer, r.started_at, coalesce(r.ended_at, now()), r.started_by, r.pid,
         r.backend_start, (r.compared ->> 'whole')::boolean, NOT (r.compared ->> 'journal_lost')::boolean,
         coalesce((r.summary ->> 'inserted')::integer, 0), coalesce((r.summary ->> 'updated')::integer, 0),
         coalesce((r.summary ->> 'deleted')::integer, 0), coalesce((r.summary ->> 'set_aside')::integer, 0), r.message
    FROM {{check}}.repair_run AS r
    LEFT JOIN (SELECT repair_run_id, max(id) AS id FROM {{check}}.job_run GROUP BY 1) AS j ON j.repair_run_id = r.id;
  INSERT INTO {{repair}}.change (run, table_name, action, id, site, key, old_update_ts, new_update_ts)
  SELECT run_id, tab, action::{{repair}}.action, id, site, key, old_ts, new_ts FROM {{check}}.repair_row;

  INSERT INTO {{repair}}.tombstone (id, site, update_ts, item, id_form_universal, deleted_at, deleted_by, fate)
  SELECT id, site, update_ts, item, id_form_universal, deleted_at, deleted_by, state::{{repair}}.fate
    FROM {{check}}.repair_tombstone;
  INSERT INTO {{repair}}.main_deletion SELECT id, site, update_ts, deleted_at, deleted_by FROM {{check}}.repair_main_delete;
  INSERT INTO {{repair}}.deleted_row
    (id, run, table_name, row_id, site, reason, deleted_at, restored_at, content) OVERRIDING SYSTEM VALUE
  SELECT id, run_id, tab, row_id, site, reason::{{repair}}.deletion_reason, deleted_at, restored_at, content
    FROM {{check}}.repair_deleted;

  IF to_regclass('{{check}}.repair_open') IS NULL THEN
    RETURN; -- it was uninstalled, and kept its history
  END IF;
  INSERT INTO {{repair}}.journal_observation SELECT id, site FROM {{check}}.repair_journal WHERE kind = 0;
  INSERT INTO {{repair}}.journal_form SELECT id, site FROM {{check}}.repair_journal WHERE kind = 1;
  INSERT INTO {{repair}}.journal_gap SELECT at, reason FROM {{check}}.repair_loss;
  INSERT INTO {{repair}}.journal_gap (reason)
  SELECT 'marked before the upgrade' FROM {{check}}.repair_loss_seq WHERE is_called;
  INSERT INTO {{repair}}.downloaded_key SELECT id, site, at FROM {{check}}.repair_seen;

  -- What was in one table of numbers and states, in the three of today.
  CREATE TABLE {{repair}}.open_0_1 AS
  SELECT tab AS table_name, action::{{repair}}.action AS action, id, site, key, state, sqlstate, message, check_ts, main_ts,
         run_id, tries, first_seen,
         (CASE WHEN stage = 300 THEN 'deleted in check' WHEN stage = 301 THEN 'not downloaded'
               WHEN action = 'insert' THEN 'missing' WHEN stage = 201 THEN 'older'
               ELSE 'other content' END)::{{repair}}.reason AS reason
    FROM {{check}}.repair_open;
  ALTER TABLE {{repair}}.open_0_1 REPLICA IDENTITY FULL; -- as replica_identity.sql
  -- The same row could be both followed and suspected.
  DELETE FROM {{repair}}.open_0_1 AS o USING {{repair}}.open_0_1 AS f
   WHERE o.reason = 'not downloaded' AND f.reason = 'deleted in check' AND f.id = o.id AND f.site = o.site;
  DELETE FROM {{repair}}.open_0_1 AS o USING {{repair}}.open_0_1 AS f
   WHERE o.reason = 'other content' AND f.reason = 'older' AND f.table_name = o.table_name AND f.action = o.action
     AND f.id = o.id AND f.site = o.site AND f.key = o.key;
  INSERT INTO {{repair}}.work_item
    (table_name, action, id, site, key, reason, check_update_ts, main_update_ts, run, first_at)
  SELECT table_name, action, id, site, key, reason, check_ts, main_ts, run_id, first_seen
    FROM {{repair}}.open_0_1 WHERE state = 'pending';
  INSERT INTO {{repair}}.set_aside
    (table_name, action, id, site, key, reason, cause, sqlstate, message, check_update_ts, main_update_ts, run, tries, first_at)
  SELECT table_name, action, id, site, key, reason,
         (CASE state WHEN 'busy' THEN 'locked' ELSE state END)::{{repair}}.set_aside_cause, sqlstate,
         coalesce(message, ''), check_ts, main_ts, run_id, tries, first_seen
    FROM {{repair}}.open_0_1 WHERE state IN ('refused', 'dropped', 'busy');
  INSERT INTO {{repair}}.held_back
    (table_name, action, id, site, key, reason, cause, message, check_update_ts, main_update_ts, run, first_at)
  SELECT table_name, action, id, site, key, reason,
         (CASE WHEN state = 'held' AND message LIKE 'deleted from main by run %' THEN 'deleted by a run'
               WHEN state = 'held' THEN 'deleted in main' WHEN state = 'lost' THEN 'lost by others'
               WHEN state = 'reported' THEN 'deletion reported' WHEN state = 'version unknown' THEN 'newer in main'
               ELSE state END)::{{repair}}.held_back_cause,
         coalesce(message, ''), check_ts, main_ts, run_id, first_seen
    FROM {{repair}}.open_0_1 WHERE state NOT IN ('pending', 'refused', 'dropped', 'busy');
  DROP TABLE {{repair}}.open_0_1;
END
$fix$;
