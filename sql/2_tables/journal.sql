-- The keys that both synchronisations' rows leave behind, appended by triggers. Consumed by DELETE … RETURNING, so that
-- transactions may commit in any order.
CREATE TABLE IF NOT EXISTS {{repair}}.journal_observation (
  id integer NOT NULL,
  site varchar NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
COMMENT ON TABLE {{repair}}.journal_observation IS 'Observations inserted or updated in check since the last repair.';

CREATE TABLE IF NOT EXISTS {{repair}}.journal_form (
  id integer NOT NULL,
  site varchar NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
COMMENT ON TABLE {{repair}}.journal_form IS 'Forms inserted, or updated with another content, in check since the last repair.';

CREATE TABLE IF NOT EXISTS {{repair}}.journal_gap (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason text NOT NULL
);
COMMENT ON TABLE {{repair}}.journal_gap IS
  'A row here says that the journal is not complete: the next run compares the whole tables and concludes no deletion.';

CREATE SEQUENCE IF NOT EXISTS {{repair}}.journal_gap_seq;
COMMENT ON SEQUENCE {{repair}}.journal_gap_seq IS
  'Moved on where not even journal_gap could be written to. Never set back: a run compares it with settings.gaps_seen.';

CREATE TABLE IF NOT EXISTS {{repair}}.downloaded_key (
  id integer NOT NULL,
  site varchar NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);
COMMENT ON TABLE {{repair}}.downloaded_key IS
  'Keys of every observation that a download proposed, unchanged ones too: what main has and a whole download did not bring is suspected deleted.';

-- Between an uninstallation and this installation nothing was journaled.
INSERT INTO {{repair}}.journal_gap (reason)
SELECT 'installed'
 WHERE NOT EXISTS (
   SELECT FROM pg_trigger
    WHERE tgname = 'vn_repair_change' AND tgrelid = to_regclass('{{check}}.observations_json'));
