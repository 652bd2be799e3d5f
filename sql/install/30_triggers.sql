-- What the journal's triggers run, as the repair's role: the sync's login may write to none of these tables.
-- None has a SET clause (it would cost as much as the insert): every name is qualified, and an INSERT … VALUES
-- of plain columns looks nothing else up (no operator either: the caller's search_path is in force). None may ever fail the sync's own row, so each catches what it can.

CREATE OR REPLACE FUNCTION {{check}}.fix_journal_failed(_what text, _error text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  INSERT INTO {{check}}.repair_loss (reason) VALUES (_what || ': ' || _error);
EXCEPTION WHEN OTHERS THEN
  BEGIN
    PERFORM pg_catalog.nextval('{{check}}.repair_loss_seq');
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'vn-sync-check: the journal failed (%, %) and could not be marked as lost (%)', _what, _error, SQLERRM;
  END;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_journal_failed(text, text) IS 'Marks the journal as lost: the next run compares whole tables.';

CREATE OR REPLACE FUNCTION {{check}}.fix_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  -- Observations are journaled by triggers without an argument, forms by ones with an argument.
  INSERT INTO {{check}}.repair_journal (kind, id, site) VALUES (TG_NARGS, NEW.id, NEW.site);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{check}}.fix_journal_failed('journal', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_note_change() IS 'Journals the key of a check row that was inserted or updated.';

CREATE OR REPLACE FUNCTION {{check}}.fix_note_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{check}}.repair_tombstone (id, site, update_ts, item, id_form_universal)
  VALUES (OLD.id, OLD.site, OLD.update_ts, OLD.item, OLD.id_form_universal);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{check}}.fix_journal_failed('tombstone', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_note_delete() IS 'Keeps a deleted observation of check whole, as a tombstone.';

CREATE OR REPLACE FUNCTION {{check}}.fix_note_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  PERFORM {{check}}.fix_journal_failed('truncate', TG_TABLE_NAME::pg_catalog.text);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_note_truncate() IS 'A TRUNCATE of check counts as a lost journal.';

CREATE OR REPLACE FUNCTION {{check}}.fix_note_seen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{check}}.repair_seen (id, site) VALUES (NEW.id, NEW.site);
  RETURN NEW;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{check}}.fix_journal_failed('seen', SQLERRM);
  RETURN NEW;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_note_seen() IS
  'Notes every observation that a download proposes: BEFORE INSERT fires for unchanged ones too.';

CREATE OR REPLACE FUNCTION {{check}}.fix_watch_main() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{check}}.repair_main_delete (id, site, update_ts) VALUES (OLD.id, OLD.site, OLD.update_ts);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{check}}.fix_journal_failed('watch', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_watch_main() IS 'Notes who deleted a row of main, and when.';

CREATE OR REPLACE TRIGGER vn_repair_change AFTER INSERT OR UPDATE ON {{check}}.observations_json
  FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_note_change();
COMMENT ON TRIGGER vn_repair_change ON {{check}}.observations_json IS 'vn-sync-check: journal of the repair.';
CREATE OR REPLACE TRIGGER vn_repair_delete AFTER DELETE ON {{check}}.observations_json
  FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_note_delete();
COMMENT ON TRIGGER vn_repair_delete ON {{check}}.observations_json IS 'vn-sync-check: tombstones.';
CREATE OR REPLACE TRIGGER vn_repair_truncate AFTER TRUNCATE ON {{check}}.observations_json
  FOR EACH STATEMENT EXECUTE FUNCTION {{check}}.fix_note_truncate();
COMMENT ON TRIGGER vn_repair_truncate ON {{check}}.observations_json IS 'vn-sync-check: journal lost.';

DO $fix$
BEGIN
  IF {{seen_trigger}} THEN
    CREATE OR REPLACE TRIGGER vn_repair_seen BEFORE INSERT ON {{check}}.observations_json
      FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_note_seen();
    COMMENT ON TRIGGER vn_repair_seen ON {{check}}.observations_json IS 'vn-sync-check: what downloads propose.';
  ELSIF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'vn_repair_seen' AND tgrelid = '{{check}}.observations_json'::regclass) THEN
    DROP TRIGGER vn_repair_seen ON {{check}}.observations_json;
  END IF;
  IF pg_catalog.to_regclass('{{check}}.forms_json') IS NOT NULL THEN
    CREATE OR REPLACE TRIGGER vn_repair_insert AFTER INSERT ON {{check}}.forms_json
      FOR EACH ROW EXECUTE FUNCTION {{check}}.fix_note_change('form');
    COMMENT ON TRIGGER vn_repair_insert ON {{check}}.forms_json IS 'vn-sync-check: journal of the repair.';
    -- The client writes every form again at each download: only a change of content is one.
    CREATE OR REPLACE TRIGGER vn_repair_change AFTER UPDATE ON {{check}}.forms_json
      FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION {{check}}.fix_note_change('form');
    COMMENT ON TRIGGER vn_repair_change ON {{check}}.forms_json IS 'vn-sync-check: journal of the repair.';
  END IF;
END
$fix$;
