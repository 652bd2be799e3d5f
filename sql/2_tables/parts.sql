-- What of a download did not come, part by part: each stands by itself, so one that is refused costs nobody else
-- anything. Written by the functions in 4_proof/parts alone.
CREATE TABLE IF NOT EXISTS {{repair}}.part_failure (
  kind {{repair}}.part_kind NOT NULL,
  site text NOT NULL,
  taxo_group integer NOT NULL,
  unit text NOT NULL DEFAULT '',
  cause jsonb NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries integer NOT NULL DEFAULT 1,
  jobs integer NOT NULL DEFAULT 1,
  job bigint,
  CONSTRAINT part_failure_pk PRIMARY KEY (kind, site, taxo_group, unit)
);
COMMENT ON TABLE {{repair}}.part_failure IS
  'A taxo group, in a territorial unit, that did not come when it was last asked for. It goes when it has come.';
COMMENT ON COLUMN {{repair}}.part_failure.unit IS
  'As download_log writes it: id_country and short_name together; empty: changes come by group. Of a list: its controller.';
COMMENT ON COLUMN {{repair}}.part_failure.cause IS 'What the portal, the network or the database said, by kind.';
COMMENT ON COLUMN {{repair}}.part_failure.since IS 'The first failure since it last came.';
COMMENT ON COLUMN {{repair}}.part_failure.tries IS 'How often it was asked for since then.';
COMMENT ON COLUMN {{repair}}.part_failure.jobs IS
  'In how many jobs: one that has failed in an earlier job is asked last, and once in each job.';
COMMENT ON COLUMN {{repair}}.part_failure.job IS 'The last of these jobs.';

CREATE TABLE IF NOT EXISTS {{repair}}.not_stored (
  site text NOT NULL,
  table_name text NOT NULL,
  id text NOT NULL,
  taxo_group integer,
  unit text NOT NULL DEFAULT '',
  ask_for text,
  fault text NOT NULL,
  detail text NOT NULL DEFAULT '',
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries integer NOT NULL DEFAULT 1,
  CONSTRAINT not_stored_pk PRIMARY KEY (site, table_name, id)
);
COMMENT ON TABLE {{repair}}.not_stored IS
  'A row that the portal gave and check could not take. Each update asks for it again; it goes when it has been stored, or when the portal has it no more.';
COMMENT ON COLUMN {{repair}}.not_stored.id IS 'As the portal writes it: it need not be a number.';
COMMENT ON COLUMN {{repair}}.not_stored.taxo_group IS 'Of an observation; NULL: a row of a list.';
COMMENT ON COLUMN {{repair}}.not_stored.ask_for IS 'The observation with which it comes again; NULL: none.';
COMMENT ON COLUMN {{repair}}.not_stored.fault IS 'What is wrong with it, in a word.';
COMMENT ON COLUMN {{repair}}.not_stored.detail IS 'What lacks, or what the database said of it; nothing of its contents.';
