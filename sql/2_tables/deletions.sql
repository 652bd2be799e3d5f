CREATE TABLE IF NOT EXISTS {{repair}}.tombstone (
  id integer NOT NULL,
  site varchar NOT NULL,
  update_ts bigint NOT NULL,
  item jsonb,
  id_form_universal varchar,
  deleted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_by name NOT NULL DEFAULT session_user,
  fate {{repair}}.fate NOT NULL DEFAULT 'new'
);
COMMENT ON TABLE {{repair}}.tombstone IS
  'Rows deleted from check''s observations_json, whole, and what became of the deletion. Without item: check never had it, the portal told of it.';
DO $fix$
BEGIN
  -- Not without need: it would wait behind a dump.
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.tombstone'::regclass AND attname = 'item' AND attnotnull) THEN
    ALTER TABLE {{repair}}.tombstone ALTER COLUMN item DROP NOT NULL;
  END IF;
END
$fix$;
CREATE INDEX IF NOT EXISTS tombstone_key ON {{repair}}.tombstone (id, site);
COMMENT ON INDEX {{repair}}.tombstone_key IS 'Finds the deletions of a key.';
CREATE INDEX IF NOT EXISTS tombstone_new ON {{repair}}.tombstone (deleted_at) WHERE fate = 'new';
COMMENT ON INDEX {{repair}}.tombstone_new IS 'Deletions not followed yet.';

CREATE TABLE IF NOT EXISTS {{repair}}.main_deletion (
  id integer NOT NULL,
  site varchar NOT NULL,
  update_ts bigint,
  deleted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_by name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE {{repair}}.main_deletion IS
  'Keys deleted from main''s observations_json, by whom and when: what main''s own sync deleted is not put back.';
CREATE INDEX IF NOT EXISTS main_deletion_key ON {{repair}}.main_deletion (id, site, deleted_at);
COMMENT ON INDEX {{repair}}.main_deletion_key IS 'Finds the deletions of a key.';

CREATE TABLE IF NOT EXISTS {{repair}}.deleted_row (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run bigint NOT NULL,
  table_name text NOT NULL DEFAULT 'observations_json',
  row_id bigint NOT NULL,
  site text NOT NULL,
  reason {{repair}}.deletion_reason NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  restored_at timestamptz,
  content jsonb NOT NULL
);
COMMENT ON TABLE {{repair}}.deleted_row IS
  'Every row that a run deleted from main, whole (content: all its columns). SELECT restore(id) puts one back.';
CREATE INDEX IF NOT EXISTS deleted_row_key ON {{repair}}.deleted_row (row_id, site);
COMMENT ON INDEX {{repair}}.deleted_row_key IS 'Finds a deleted observation.';

CREATE TABLE IF NOT EXISTS {{repair}}.replaced_object (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  kind text NOT NULL,
  name text NOT NULL,
  owner name NOT NULL,
  definition text NOT NULL
);
COMMENT ON TABLE {{repair}}.replaced_object IS
  'Objects that were there before the installation and that it replaced, with the statement that makes them again.';
