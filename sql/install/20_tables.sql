-- The repair's own tables. History (repair_run, repair_row, repair_deleted, repair_tombstone, job_run) stays at
-- uninstall; the rest is the repair's working state and goes with its functions.

CREATE TABLE IF NOT EXISTS {{check}}.repair_setting (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  settings jsonb NOT NULL,
  shape_print text
);
COMMENT ON TABLE {{check}}.repair_setting IS
  'Settings of the repair, one row, written by the installation. The sync''s login cannot change them.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mode text NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'done', 'partial', 'refused', 'failed', 'interrupted')),
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ended_at timestamptz,
  pid integer NOT NULL,
  backend_start timestamptz,
  started_by name NOT NULL DEFAULT session_user,
  context jsonb,
  compared jsonb,
  summary jsonb,
  message text
);
COMMENT ON TABLE {{check}}.repair_run IS
  'One row per run of the repair. A run whose pid and backend_start are gone was interrupted; the next goes on from its work list.';
CREATE INDEX IF NOT EXISTS repair_run_running ON {{check}}.repair_run (id) WHERE status = 'running';
COMMENT ON INDEX {{check}}.repair_run_running IS 'Finds a run that is under way or was interrupted.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_row (
  run_id bigint NOT NULL,
  tab text NOT NULL,
  id bigint NOT NULL,
  site text NOT NULL,
  key text NOT NULL,
  action text NOT NULL,
  old_ts bigint,
  new_ts bigint
);
COMMENT ON TABLE {{check}}.repair_row IS
  'One row per row of main that a run inserted, updated or deleted: its key, update_ts before and after.';
CREATE INDEX IF NOT EXISTS repair_row_run ON {{check}}.repair_row (run_id);
COMMENT ON INDEX {{check}}.repair_row_run IS 'The rows of a run; pruning.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_open (
  stage smallint NOT NULL,
  id bigint NOT NULL,
  site text NOT NULL,
  key text NOT NULL DEFAULT '',
  tab text NOT NULL,
  action text NOT NULL CHECK (action IN ('insert', 'update', 'delete')),
  state text NOT NULL,
  check_ts bigint,
  main_ts bigint,
  run_id bigint NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  sqlstate text,
  message text,
  first_seen timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (stage, id, site, key)
);
COMMENT ON TABLE {{check}}.repair_open IS
  'Differences between the two copies that are not repaired: the work list (state pending) and what is set aside, held back or only reported, with the reason.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_shape (
  tab text PRIMARY KEY,
  stage smallint NOT NULL,
  controler text NOT NULL,
  keys text[] NOT NULL,
  has_ts boolean NOT NULL,
  sql jsonb NOT NULL
);
COMMENT ON TABLE {{check}}.repair_shape IS
  'Tables that both schemas have, their keys, and the statements made from the columns that both share; renewed at the start of each run.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_journal (
  kind smallint NOT NULL,
  id integer NOT NULL,
  site varchar NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
COMMENT ON TABLE {{check}}.repair_journal IS
  'Keys of check rows inserted or updated since the last repair (kind 0: observations, 1: forms). Only appended to, and consumed by DELETE … RETURNING, so that transactions may commit in any order.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_loss (
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  reason text NOT NULL
);
COMMENT ON TABLE {{check}}.repair_loss IS
  'A row here says that the journal is not complete: the next run compares the whole tables and concludes no deletion.';

CREATE SEQUENCE IF NOT EXISTS {{check}}.repair_loss_seq;
COMMENT ON SEQUENCE {{check}}.repair_loss_seq IS
  'Moved on where not even repair_loss could be written to.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_tombstone (
  id integer NOT NULL,
  site varchar NOT NULL,
  update_ts bigint NOT NULL,
  item jsonb NOT NULL,
  id_form_universal varchar,
  deleted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  deleted_by name NOT NULL DEFAULT session_user,
  state text NOT NULL DEFAULT 'new'
);
COMMENT ON TABLE {{check}}.repair_tombstone IS
  'Rows deleted from check''s observations_json, whole. state: new, or what became of it.';
CREATE INDEX IF NOT EXISTS repair_tombstone_key ON {{check}}.repair_tombstone (id, site);
COMMENT ON INDEX {{check}}.repair_tombstone_key IS 'Finds the deletions of a key.';
CREATE INDEX IF NOT EXISTS repair_tombstone_new ON {{check}}.repair_tombstone (deleted_at) WHERE state = 'new';
COMMENT ON INDEX {{check}}.repair_tombstone_new IS 'Deletions not looked at yet.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_main_delete (
  id integer NOT NULL,
  site varchar NOT NULL,
  update_ts bigint,
  deleted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  deleted_by name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE {{check}}.repair_main_delete IS
  'Keys deleted from main''s observations_json, by whom and when: what main''s own sync deleted is not put back.';
CREATE INDEX IF NOT EXISTS repair_main_delete_key ON {{check}}.repair_main_delete (id, site, deleted_at);
COMMENT ON INDEX {{check}}.repair_main_delete_key IS 'Finds the deletions of a key.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_deleted (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id bigint NOT NULL,
  tab text NOT NULL DEFAULT 'observations_json',
  row_id bigint NOT NULL,
  site text NOT NULL,
  reason text NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  restored_at timestamptz,
  content jsonb NOT NULL
);
COMMENT ON TABLE {{check}}.repair_deleted IS
  'Every row that a run deleted from main, whole (content: all its columns). SELECT fix_restore(id) puts one back.';
CREATE INDEX IF NOT EXISTS repair_deleted_key ON {{check}}.repair_deleted (row_id, site);
COMMENT ON INDEX {{check}}.repair_deleted_key IS 'Finds a deleted observation.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_seen (
  id integer NOT NULL,
  site varchar NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);
COMMENT ON TABLE {{check}}.repair_seen IS
  'Keys of every observation that a download proposed, unchanged ones too: what main has and a whole download did not bring is suspected deleted.';

CREATE TABLE IF NOT EXISTS {{check}}.repair_replaced (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  kind text NOT NULL,
  name text NOT NULL,
  owner name NOT NULL,
  definition text NOT NULL
);
COMMENT ON TABLE {{check}}.repair_replaced IS
  'Objects that were there before the installation and that it replaced, with the statement that makes them again.';

CREATE TABLE IF NOT EXISTS {{check}}.job_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  verb text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  ended_at timestamptz,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'done', 'partial', 'failed')),
  window_from date,
  window_to date,
  proof jsonb,
  repair_run_id bigint,
  detail jsonb
);
COMMENT ON TABLE {{check}}.job_run IS 'One row per run of the scheduled job (vn-check), its window and the proof of its download.';

INSERT INTO {{check}}.repair_setting (settings) VALUES ({{settings_text}}::jsonb)
ON CONFLICT (one) DO UPDATE SET settings = EXCLUDED.settings, shape_print = NULL;

-- Between an uninstallation and this installation nothing was journaled.
INSERT INTO {{check}}.repair_loss (reason)
SELECT 'installed'
 WHERE NOT EXISTS (
   SELECT FROM pg_catalog.pg_trigger
    WHERE tgname = 'vn_repair_change' AND tgrelid = pg_catalog.to_regclass('{{check}}.observations_json'));
