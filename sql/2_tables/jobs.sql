-- What vn-check did: its jobs, and how complete the downloads of each were. Written by the functions in 4_proof alone,
-- so that nobody can claim a proof; only increment_backup is the sync's login's own.
CREATE TABLE IF NOT EXISTS {{repair}}.job (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  verb {{repair}}.job_verb NOT NULL,
  status {{repair}}.job_status NOT NULL DEFAULT 'running',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  window_from date,
  window_to date,
  resumes bigint,
  repair_run bigint,
  log_path text,
  message text,
  progress text,
  CONSTRAINT job_running_has_no_end CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT job_window_has_two_ends CHECK ((window_from IS NULL) = (window_to IS NULL) AND window_from <= window_to)
);
DO $fix$
BEGIN
  -- Asked first, as ALTER TABLE waits for a dump.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.job'::regclass AND attname = 'causes') THEN
    ALTER TABLE {{repair}}.job ADD COLUMN causes jsonb NOT NULL DEFAULT '[]';
  END IF;
END
$fix$;
COMMENT ON TABLE {{repair}}.job IS 'One row per run of vn-check.';
COMMENT ON COLUMN {{repair}}.job.window_from IS 'First day of entry that was downloaded by date; NULL: nothing was.';
COMMENT ON COLUMN {{repair}}.job.window_to IS 'Last day, included.';
COMMENT ON COLUMN {{repair}}.job.resumes IS
  'The job whose download this one goes on with, over the same window. Its number stays after that job has been pruned.';
COMMENT ON COLUMN {{repair}}.job.repair_run IS 'The repair (table run) that followed; NULL: main was not compared.';
COMMENT ON COLUMN {{repair}}.job.log_path IS 'The log file, on the host that runs vn-check.';
COMMENT ON COLUMN {{repair}}.job.message IS 'What did not end well, in the user''s language; "killed" if the job could not say.';
COMMENT ON COLUMN {{repair}}.job.causes IS
  'What kept it from bringing all, as vn-check knew when it ended: objects that it words itself, without secrets.';
COMMENT ON COLUMN {{repair}}.job.progress IS 'Where a first import is; for vn-check status.';
CREATE UNIQUE INDEX IF NOT EXISTS job_running ON {{repair}}.job ((true)) WHERE status = 'running';
COMMENT ON INDEX {{repair}}.job_running IS 'One job at a time.';

CREATE TABLE IF NOT EXISTS {{repair}}.job_site (
  job bigint NOT NULL REFERENCES {{repair}}.job ON DELETE CASCADE,
  site text NOT NULL,
  excluded_groups text[] NOT NULL DEFAULT '{}',
  units text[] NOT NULL DEFAULT '{}',
  since timestamp,
  expected integer NOT NULL DEFAULT 0,
  rows bigint NOT NULL DEFAULT 0,
  missing text[] NOT NULL DEFAULT '{}',
  extras_failed text[] NOT NULL DEFAULT '{}',
  doubts {{repair}}.doubt[] NOT NULL DEFAULT '{}',
  accepted boolean NOT NULL DEFAULT false,
  updated boolean,
  proven boolean NOT NULL DEFAULT false,
  since_log bigint,
  since_at timestamptz,
  CONSTRAINT job_site_pk PRIMARY KEY (job, site),
  CONSTRAINT job_site_proven_lacks_nothing CHECK (
    NOT proven OR since IS NOT NULL AND expected > 0 AND cardinality(missing) = 0 AND cardinality(doubts) = 0)
);
DO $fix$
BEGIN
  -- Asked first: ALTER TABLE waits for a dump that reads the table even where there is nothing to do.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.job_site'::regclass AND attname = 'since_at') THEN
    ALTER TABLE {{repair}}.job_site ADD COLUMN IF NOT EXISTS since_log bigint, ADD COLUMN IF NOT EXISTS since_at timestamptz;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.job_site'::regclass AND attname = 'since_xid') THEN
    ALTER TABLE {{repair}}.job_site ADD COLUMN since_xid xid8, ADD COLUMN until_xid xid8;
    ALTER TABLE {{repair}}.job ADD COLUMN begun_xid xid8, ADD COLUMN ended_xid xid8;
  END IF;
END
$fix$;
COMMENT ON TABLE {{repair}}.job_site IS 'How complete the download of a site is: the proof that it brought everything.';
COMMENT ON COLUMN {{repair}}.job_site.excluded_groups IS
  'name_constant of the taxo groups that the client leaves out. Proofs with other filters are not compared.';
COMMENT ON COLUMN {{repair}}.job_site.units IS 'short_name of the territorial units that the client downloads; empty: all.';
COMMENT ON COLUMN {{repair}}.job_site.since IS
  'When the download began, by download_log''s clock, which is the session''s; NULL: nothing was downloaded by date.';
COMMENT ON COLUMN {{repair}}.job_site.since_log IS
  'Pieces that download_log has behind this id count: a clock may be set back, or the database be given another time zone. NULL, before there was this column: by since.';
COMMENT ON COLUMN {{repair}}.job_site.since_at IS 'The same moment as since, whatever the time zone.';
COMMENT ON COLUMN {{repair}}.job_site.since_xid IS
  'The transaction in which the download began: what a later one has touched in check is what it brought. NULL, before there was this column: not known.';
COMMENT ON COLUMN {{repair}}.job_site.until_xid IS 'The transaction in which it was proven; NULL: it was not.';
COMMENT ON COLUMN {{repair}}.job.begun_xid IS 'The transaction in which the job began; NULL, before there was this column: not known.';
COMMENT ON COLUMN {{repair}}.job.ended_xid IS 'The one in which it ended.';
COMMENT ON COLUMN {{repair}}.job_site.expected IS 'Taxo groups × territorial units that have to come.';
COMMENT ON COLUMN {{repair}}.job_site.rows IS 'Observations that came, each piece counted once.';
COMMENT ON COLUMN {{repair}}.job_site.missing IS
  'Controllers that say which groups and units there are and have not ended well since then.';
COMMENT ON COLUMN {{repair}}.job_site.extras_failed IS 'Controllers beside the proof''s that failed in every try.';
COMMENT ON COLUMN {{repair}}.job_site.doubts IS 'Why a download is not believed although nothing lacks.';
COMMENT ON COLUMN {{repair}}.job_site.accepted IS 'A person has looked at this download: it is not doubted.';
COMMENT ON COLUMN {{repair}}.job_site.updated IS 'The changes since the last update came; NULL: not asked for (yet).';

CREATE TABLE IF NOT EXISTS {{repair}}.job_gap (
  job bigint NOT NULL,
  site text NOT NULL,
  taxo_group integer NOT NULL,
  group_name text,
  unit text,
  short_name text,
  CONSTRAINT job_gap_site FOREIGN KEY (job, site) REFERENCES {{repair}}.job_site ON DELETE CASCADE
);
COMMENT ON TABLE {{repair}}.job_gap IS 'Groups and units whose window is not proven complete.';
COMMENT ON COLUMN {{repair}}.job_gap.group_name IS 'The group''s name_constant, by which the client can leave it out.';
COMMENT ON COLUMN {{repair}}.job_gap.unit IS 'The unit as download_log writes it: id_country and short_name together.';
CREATE INDEX IF NOT EXISTS job_gap_key ON {{repair}}.job_gap (job, site);
COMMENT ON INDEX {{repair}}.job_gap_key IS 'The gaps of a site; pruning.';

CREATE TABLE IF NOT EXISTS {{repair}}.increment_backup (
  job bigint NOT NULL REFERENCES {{repair}}.job ON DELETE CASCADE,
  site text NOT NULL,
  taxo_group integer NOT NULL,
  last_ts timestamp NOT NULL,
  CONSTRAINT increment_backup_pk PRIMARY KEY (job, site, taxo_group)
);
COMMENT ON TABLE {{repair}}.increment_backup IS
  'Dates of check''s increment_log as they were before an update under way: put back if it fails or is killed. Written by the sync''s login, whose own table increment_log is.';
