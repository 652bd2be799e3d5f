CREATE TABLE IF NOT EXISTS {{repair}}.settings (
  instance text NOT NULL,
  main_schema name NOT NULL,
  check_schema name NOT NULL,
  monitoring_schema name NOT NULL,
  owner_role name,
  repair_role name,
  login_role name,
  deletions {{repair}}.deletion_policy NOT NULL,
  losses_by_others {{repair}}.loss_policy NOT NULL,
  max_deletes integer NOT NULL,
  max_delete_share numeric NOT NULL,
  watch_main boolean NOT NULL,
  same_rights boolean NOT NULL,
  territorial_filter boolean NOT NULL,
  main_sync_logins name[] NOT NULL,
  reference_controllers text[] NOT NULL,
  volatile_keys text[] NOT NULL,
  tolerance interval NOT NULL,
  lock_timeout interval NOT NULL,
  keep_runs interval NOT NULL,
  keep_deletions interval NOT NULL,
  batch_size integer NOT NULL,
  max_differences integer NOT NULL,
  min_differences integer NOT NULL,
  max_difference_share numeric NOT NULL,
  journal_cap integer NOT NULL,
  mail_to text,
  installed_version text NOT NULL,
  gaps_seen bigint NOT NULL
);
DO $fix$
DECLARE
  _c record;
BEGIN
  FOR _c IN
    SELECT * FROM (VALUES ('new_sites', $$text[] NOT NULL DEFAULT '{}'$$), ('surroundings_seen', 'text'))
                    AS c (name, definition)
  LOOP
    -- Asked first, as ALTER TABLE waits for a dump.
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.settings'::regclass AND attname = _c.name) THEN
      EXECUTE format('ALTER TABLE {{repair}}.settings ADD COLUMN %I %s', _c.name, _c.definition);
    END IF;
  END LOOP;
END
$fix$;
CREATE UNIQUE INDEX IF NOT EXISTS settings_one_row ON {{repair}}.settings ((true));
COMMENT ON INDEX {{repair}}.settings_one_row IS 'There is one installation in this schema.';
COMMENT ON TABLE {{repair}}.settings IS
  'What the repair may do: one row, written by the installation from the stack''s configuration. The sync''s login cannot change it.';
COMMENT ON COLUMN {{repair}}.settings.instance IS 'Name of the instance, written into monitoring rows.';
COMMENT ON COLUMN {{repair}}.settings.main_schema IS 'Schema of the copy that is repaired.';
COMMENT ON COLUMN {{repair}}.settings.check_schema IS 'Schema of the second synchronisation.';
COMMENT ON COLUMN {{repair}}.settings.monitoring_schema IS 'Schema of what all instances of the database share.';
COMMENT ON COLUMN {{repair}}.settings.owner_role IS 'Owns schemas and tables; NULL: installed by hand, the caller owns everything.';
COMMENT ON COLUMN {{repair}}.settings.repair_role IS 'Owns the routines, and so writes to main; NULL: installed by hand.';
COMMENT ON COLUMN {{repair}}.settings.login_role IS 'The second synchronisation''s login, which starts repairs; NULL: installed by hand.';
COMMENT ON COLUMN {{repair}}.settings.deletions IS 'What happens to rows that the portal deleted: reported, or deleted from main too.';
COMMENT ON COLUMN {{repair}}.settings.losses_by_others IS 'What happens to a row that another login than main''s synchronisation deleted from main.';
COMMENT ON COLUMN {{repair}}.settings.max_deletes IS 'Deletions of one run, at most; beyond it, or beyond max_delete_share, none is done.';
COMMENT ON COLUMN {{repair}}.settings.max_delete_share IS 'The same as a share of main''s rows.';
COMMENT ON COLUMN {{repair}}.settings.watch_main IS 'A trigger on main notes who deletes what.';
COMMENT ON COLUMN {{repair}}.settings.same_rights IS 'Both API accounts see the same: what a whole download lacks is suspected deleted.';
COMMENT ON COLUMN {{repair}}.settings.territorial_filter IS 'The second synchronisation downloads some territorial units only.';
COMMENT ON COLUMN {{repair}}.settings.main_sync_logins IS 'Logins of main''s own synchronisation; empty: whoever deletes counts as that.';
COMMENT ON COLUMN {{repair}}.settings.reference_controllers IS 'Controllers besides observations that the second synchronisation downloads.';
COMMENT ON COLUMN {{repair}}.settings.volatile_keys IS 'Keys at the top of an item that change without meaning anything.';
COMMENT ON COLUMN {{repair}}.settings.tolerance IS 'By how much a version must be later than main''s deletion to be put back.';
COMMENT ON COLUMN {{repair}}.settings.lock_timeout IS 'How long a batch waits for a lock; never more than half of deadlock_timeout.';
COMMENT ON COLUMN {{repair}}.settings.keep_runs IS 'How long runs, jobs and changes are kept.';
COMMENT ON COLUMN {{repair}}.settings.keep_deletions IS 'How long deleted rows and tombstones are kept.';
COMMENT ON COLUMN {{repair}}.settings.batch_size IS 'Rows of a batch, at most.';
COMMENT ON COLUMN {{repair}}.settings.max_differences IS 'Differences of a table above which a run writes nothing.';
COMMENT ON COLUMN {{repair}}.settings.min_differences IS 'So many may always be repaired, however small the table is.';
COMMENT ON COLUMN {{repair}}.settings.max_difference_share IS 'Differences above which a run writes nothing, as a share of main''s rows.';
COMMENT ON COLUMN {{repair}}.settings.journal_cap IS 'Entries of the journal above which whole tables are compared.';
COMMENT ON COLUMN {{repair}}.settings.mail_to IS 'Address for the mails of fct_fix_sync(TRUE); NULL: none.';
COMMENT ON COLUMN {{repair}}.settings.installed_version IS 'Version of the kit that installed these objects.';
COMMENT ON COLUMN {{repair}}.settings.gaps_seen IS 'How far journal_gap_seq had come when a run last looked.';
COMMENT ON COLUMN {{repair}}.settings.new_sites IS
  'Sites that are repaired although main has no row of them yet; of any other that main does not know nothing is written.';
COMMENT ON COLUMN {{repair}}.settings.surroundings_seen IS
  'The surroundings() in which a run last found no fault, and our triggers in force: in others, and after an installation, it looks again.';

DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _new {{repair}}.settings;
BEGIN
  -- As replica_identity.sql, before the row is replaced.
  IF (SELECT relreplident <> 'f' FROM pg_class WHERE oid = '{{repair}}.settings'::regclass) THEN
    ALTER TABLE {{repair}}.settings REPLICA IDENTITY FULL;
  END IF;
  -- What no configuration says (gaps_seen) stays as it is.
  SELECT * INTO _new
    FROM jsonb_populate_record(NULL::{{repair}}.settings,
      jsonb_build_object('gaps_seen', 0)
      || coalesce((SELECT to_jsonb(s) FROM {{repair}}.settings AS s), '{}')
      || (_i -> 'settings')
      || jsonb_build_object(
           'instance', _i -> 'instance', 'main_schema', _i -> 'main_schema', 'check_schema', _i -> 'check_schema',
           'monitoring_schema', _i -> 'monitoring_schema', 'owner_role', _i #> '{roles,owner}',
           'repair_role', _i -> 'definer', 'login_role', _i #> '{roles,login}', 'installed_version', _i -> 'version',
           'surroundings_seen', NULL));
  DELETE FROM {{repair}}.settings;
  INSERT INTO {{repair}}.settings SELECT _new.*;
END
$fix$;
