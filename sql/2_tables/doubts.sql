-- What is known of earlier downloads, to judge later ones by, and the doubts that nobody has answered yet.
CREATE TABLE IF NOT EXISTS {{repair}}.job_piece (
  job bigint NOT NULL,
  site text NOT NULL,
  taxo_group integer NOT NULL,
  group_name text,
  unit text,
  short_name text,
  rows bigint NOT NULL,
  CONSTRAINT job_piece_site FOREIGN KEY (job, site) REFERENCES {{repair}}.job_site ON DELETE CASCADE
);
COMMENT ON TABLE {{repair}}.job_piece IS 'What a site''s download brought of each group and unit that had to come.';
CREATE INDEX IF NOT EXISTS job_piece_key ON {{repair}}.job_piece (job, site);
COMMENT ON INDEX {{repair}}.job_piece_key IS 'The pieces of a site; pruning.';

CREATE TABLE IF NOT EXISTS {{repair}}.open_doubt (
  site text COLLATE "C" NOT NULL,
  kind {{repair}}.doubt_kind NOT NULL,
  part text COLLATE "C" NOT NULL,
  excluded_groups text[] NOT NULL,
  units text[] NOT NULL,
  doubt {{repair}}.doubt NOT NULL,
  job bigint NOT NULL REFERENCES {{repair}}.job ON DELETE CASCADE,
  first_weekly bigint,
  first_at timestamptz NOT NULL DEFAULT now(),
  accepted_at timestamptz,
  CONSTRAINT open_doubt_pk PRIMARY KEY (site, kind, part)
);
COMMENT ON TABLE {{repair}}.open_doubt IS
  'Doubts of downloads that last: until a later download brings what lacked, main''s own rows explain it, or a person has looked (accept_doubts).';
COMMENT ON COLUMN {{repair}}.open_doubt.part IS 'What it is about: g and the number of a taxo group, u and a unit, or nothing: the site.';
COMMENT ON COLUMN {{repair}}.open_doubt.excluded_groups IS 'The download''s filters: with others it is over.';
COMMENT ON COLUMN {{repair}}.open_doubt.units IS 'As in job_site.';
COMMENT ON COLUMN {{repair}}.open_doubt.job IS 'The last job that doubted.';
COMMENT ON COLUMN {{repair}}.open_doubt.first_weekly IS 'The first weekly job that did; a list that a later one finds as short again is believed.';
COMMENT ON COLUMN {{repair}}.open_doubt.accepted_at IS 'A person has looked: the next download is not doubted for it.';

CREATE TABLE IF NOT EXISTS {{repair}}.accepted_download (
  site text COLLATE "C" NOT NULL,
  taxo_group integer NOT NULL,
  job bigint NOT NULL REFERENCES {{repair}}.job ON DELETE CASCADE,
  xid xid8 NOT NULL,
  CONSTRAINT accepted_download_pk PRIMARY KEY (site, taxo_group)
);
COMMENT ON TABLE {{repair}}.accepted_download IS
  'Downloads that were taken as they are: what only earlier ones brought is not expected any more.';
COMMENT ON COLUMN {{repair}}.accepted_download.taxo_group IS '0: the whole site.';
COMMENT ON COLUMN {{repair}}.accepted_download.xid IS 'job_site.since_xid of that download.';
