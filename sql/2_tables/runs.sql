CREATE TABLE IF NOT EXISTS {{repair}}.run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mode {{repair}}.run_mode NOT NULL,
  phase {{repair}}.run_phase NOT NULL DEFAULT 'comparing',
  status {{repair}}.run_status NOT NULL DEFAULT 'running',
  job bigint,
  accept integer,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  started_by name NOT NULL DEFAULT session_user,
  pid integer NOT NULL,
  backend_start timestamptz,
  whole boolean,
  journal_complete boolean,
  inserted integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  deleted integer NOT NULL DEFAULT 0,
  set_aside integer NOT NULL DEFAULT 0,
  message text,
  CONSTRAINT run_running_has_no_end CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT run_ended_is_a_phase CHECK ((phase = 'ended') = (ended_at IS NOT NULL))
);
DO $fix$
DECLARE
  _c record;
BEGIN
  FOR _c IN
    SELECT * FROM (VALUES
      ('views_error', 'text'), ('changed_by_triggers', 'integer NOT NULL DEFAULT 0'),
      ('problems', 'jsonb NOT NULL DEFAULT ''[]'''), ('xid', 'xid8 DEFAULT pg_current_xact_id()'),
      ('writes_table', 'text'), ('writes_action', '{{repair}}.action')) AS c (name, definition)
  LOOP
    -- Asked first: ALTER TABLE waits for a dump that reads the table even where there is nothing to do.
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.run'::regclass AND attname = _c.name) THEN
      EXECUTE format('ALTER TABLE {{repair}}.run ADD COLUMN %I %s', _c.name, _c.definition);
    END IF;
  END LOOP;
END
$fix$;
COMMENT ON TABLE {{repair}}.run IS
  'One row per run of the repair. A run whose pid and backend_start are gone was interrupted; the next goes on from its work list.';
COMMENT ON COLUMN {{repair}}.run.phase IS 'Which step comes next (next_step).';
COMMENT ON COLUMN {{repair}}.run.writes_table IS 'The table of the work list that is being written; NULL: the next one is to be chosen.';
COMMENT ON COLUMN {{repair}}.run.writes_action IS 'What is done there.';
COMMENT ON COLUMN {{repair}}.run.job IS 'The job of vn-check whose download may be concluded from.';
COMMENT ON COLUMN {{repair}}.run.accept IS 'The number of differences that a person has agreed to, beyond the usual limit.';
COMMENT ON COLUMN {{repair}}.run.whole IS 'observations_json was compared whole, not by its journal.';
COMMENT ON COLUMN {{repair}}.run.journal_complete IS 'The journal had no gap; with one, no deletion is concluded.';
COMMENT ON COLUMN {{repair}}.run.changed_by_triggers IS 'Rows that main has with another content than was written.';
COMMENT ON COLUMN {{repair}}.run.problems IS 'What people have to see to, as the runner words it: objects, each with its problem.';
COMMENT ON COLUMN {{repair}}.run.xid IS 'Its first transaction: what check''s rows have been touched by since came later.';
COMMENT ON COLUMN {{repair}}.run.set_aside IS 'Rows in set_aside when the run ended, of every table.';
COMMENT ON COLUMN {{repair}}.run.views_error IS 'Why the published views could not be refreshed; NULL: they were.';
CREATE INDEX IF NOT EXISTS run_running ON {{repair}}.run (id) WHERE status = 'running';
COMMENT ON INDEX {{repair}}.run_running IS 'Finds a run that is under way or was interrupted.';
CREATE INDEX IF NOT EXISTS run_started ON {{repair}}.run (started_at);
COMMENT ON INDEX {{repair}}.run_started IS 'Finds the first run after a deletion.';

CREATE TABLE IF NOT EXISTS {{repair}}.change (
  run bigint NOT NULL,
  table_name text NOT NULL,
  action {{repair}}.action NOT NULL,
  id bigint NOT NULL,
  site text NOT NULL,
  key text NOT NULL,
  old_update_ts bigint,
  new_update_ts bigint
);
COMMENT ON TABLE {{repair}}.change IS
  'One row per row of main that a run inserted, updated or deleted: its key, update_ts before and after.';
COMMENT ON COLUMN {{repair}}.change.key IS 'The key as JSON, of tables whose key is not (id, site) or id; else empty.';
CREATE INDEX IF NOT EXISTS change_run ON {{repair}}.change (run);
COMMENT ON INDEX {{repair}}.change_run IS 'The changes of a run; pruning.';

CREATE TABLE IF NOT EXISTS {{repair}}.run_lock ();
COMMENT ON TABLE {{repair}}.run_lock IS
  'Locked by each transaction of a run: a lock that nobody else can take, as an advisory one could be. Always empty.';
