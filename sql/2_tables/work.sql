-- Open differences: the queue of a run, the quarantine, and what is left to people. The three have the same key.
-- Text keys are compared byte by byte: cheaper, and the same order whatever the database's collation is.
CREATE TABLE IF NOT EXISTS {{repair}}.work_item (
  table_name text COLLATE "C" NOT NULL,
  action {{repair}}.action NOT NULL,
  id bigint NOT NULL,
  site text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL DEFAULT '',
  reason {{repair}}.reason NOT NULL,
  check_update_ts bigint,
  main_update_ts bigint,
  run bigint NOT NULL,
  first_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT work_item_pk PRIMARY KEY (table_name, action, id, site, key)
);
COMMENT ON TABLE {{repair}}.work_item IS
  'Queue: what the run under way still has to write. Empty after a run, unless it was killed or refused; the next looks at each row again.';
COMMENT ON COLUMN {{repair}}.work_item.key IS 'The key as JSON, of tables whose key is not (id, site) or id; else empty.';
COMMENT ON COLUMN {{repair}}.work_item.run IS 'The run that found it, or found it again.';

CREATE TABLE IF NOT EXISTS {{repair}}.set_aside (
  table_name text COLLATE "C" NOT NULL,
  action {{repair}}.action NOT NULL,
  id bigint NOT NULL,
  site text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL DEFAULT '',
  reason {{repair}}.reason NOT NULL,
  cause {{repair}}.set_aside_cause NOT NULL,
  sqlstate text,
  message text NOT NULL,
  check_update_ts bigint,
  main_update_ts bigint,
  run bigint NOT NULL,
  tries integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT set_aside_pk PRIMARY KEY (table_name, action, id, site, key)
);
DO $fix$
BEGIN
  -- Asked first, as ALTER TABLE waits for a dump.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.set_aside'::regclass AND attname = 'triggers_seen') THEN
    ALTER TABLE {{repair}}.set_aside ADD COLUMN triggers_seen text;
  END IF;
END
$fix$;
COMMENT ON TABLE {{repair}}.set_aside IS
  'Quarantine: rows that main refused, dropped without a word or kept locked. Each run looks at them again, in every table.';
COMMENT ON COLUMN {{repair}}.set_aside.run IS 'The run that tried last.';
COMMENT ON COLUMN {{repair}}.set_aside.triggers_seen IS
  'Of client_table, at that time: what a trigger of main dropped is tried again when main has other triggers.';

CREATE TABLE IF NOT EXISTS {{repair}}.held_back (
  table_name text COLLATE "C" NOT NULL,
  action {{repair}}.action NOT NULL,
  id bigint NOT NULL,
  site text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL DEFAULT '',
  reason {{repair}}.reason NOT NULL,
  cause {{repair}}.held_back_cause NOT NULL,
  message text NOT NULL,
  check_update_ts bigint,
  main_update_ts bigint,
  run bigint NOT NULL,
  first_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT held_back_pk PRIMARY KEY (table_name, action, id, site, key)
);
COMMENT ON TABLE {{repair}}.held_back IS
  'Report: differences that the repair leaves to people, and why.';
COMMENT ON COLUMN {{repair}}.held_back.run IS 'The run that found it, or found it again.';

CREATE TABLE IF NOT EXISTS {{repair}}.trial (
  fingerprint text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  problems jsonb NOT NULL,
  accepted_by name
);
COMMENT ON TABLE {{repair}}.trial IS
  'What came out when rows were last tried in main, by the repair and by main''s owner: one row, or none. Tried again when main''s triggers or rights are others.';
COMMENT ON COLUMN {{repair}}.trial.fingerprint IS 'Of main''s triggers, and of the rights in the database, at that time.';
COMMENT ON COLUMN {{repair}}.trial.accepted_by IS 'Who has said that what differs may differ (accept_trial).';
