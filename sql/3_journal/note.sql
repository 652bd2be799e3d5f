-- What the journal's triggers run, as the repair's role: the sync's login may write to none of these tables.
-- None has a SET clause (it would cost as much as the insert): every name is qualified, and an INSERT … VALUES of plain
-- columns looks nothing else up (no operator either: the caller's search_path is in force). None may ever fail the
-- sync's own row, so each catches what it can.

CREATE OR REPLACE FUNCTION {{repair}}.note_gap(_what text, _error text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  INSERT INTO {{repair}}.journal_gap (reason) VALUES (_what || ': ' || _error);
EXCEPTION WHEN OTHERS THEN
  BEGIN
    PERFORM nextval('{{repair}}.journal_gap_seq');
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'vn-sync-check: the journal failed (%, %) and could not be marked as incomplete (%)', _what, _error, SQLERRM;
  END;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_gap(text, text) IS 'Marks the journal as incomplete: the next run compares whole tables.';

CREATE OR REPLACE FUNCTION {{repair}}.note_observation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{repair}}.journal_observation (id, site) VALUES (NEW.id, NEW.site);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_gap('journal', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_observation() IS 'Journals the key of an observation of check that was inserted or updated.';

CREATE OR REPLACE FUNCTION {{repair}}.note_form() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{repair}}.journal_form (id, site) VALUES (NEW.id, NEW.site);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_gap('journal', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_form() IS 'Journals the key of a form of check that was inserted or updated.';

CREATE OR REPLACE FUNCTION {{repair}}.note_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{repair}}.tombstone (id, site, update_ts, item, id_form_universal)
  VALUES (OLD.id, OLD.site, OLD.update_ts, OLD.item, OLD.id_form_universal);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_gap('tombstone', SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_deletion() IS 'Keeps a deleted observation of check whole, as a tombstone.';

CREATE OR REPLACE FUNCTION {{repair}}.note_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  PERFORM {{repair}}.note_gap('truncate', TG_TABLE_NAME::pg_catalog.text);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_truncate() IS 'A TRUNCATE of check counts as a gap of the journal.';

CREATE OR REPLACE FUNCTION {{repair}}.note_download() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{repair}}.downloaded_key (id, site) VALUES (NEW.id, NEW.site);
  RETURN NEW;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_gap('download', SQLERRM);
  RETURN NEW;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_download() IS
  'Notes every observation that a download proposes: BEFORE INSERT fires for unchanged ones too.';

CREATE OR REPLACE FUNCTION {{repair}}.note_unseen_deletion(_error text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- One is enough until the next run has looked at it.
  INSERT INTO {{repair}}.blind_spell (of_main, reason, since)
  SELECT true, 'the watch failed: ' || _error, clock_timestamp()
   WHERE NOT EXISTS (SELECT FROM {{repair}}.blind_spell AS b WHERE b.of_main AND b.run IS NULL);
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_gap('watch', SQLERRM);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_unseen_deletion(text) IS 'Notes that a deletion from main could not be noted.';

CREATE OR REPLACE FUNCTION {{repair}}.note_main_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  INSERT INTO {{repair}}.main_deletion (id, site, update_ts) VALUES (OLD.id, OLD.site, OLD.update_ts);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_unseen_deletion(SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_main_deletion() IS 'Notes who deleted a row of main, and when.';

CREATE OR REPLACE FUNCTION {{repair}}.note_main_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $fix$
BEGIN
  -- No key is known: what main lacks since may have been deleted on purpose.
  INSERT INTO {{repair}}.blind_spell (of_main, reason, since, xid)
  VALUES (true, pg_catalog.format('TRUNCATE of %s by %s', TG_TABLE_NAME, session_user), pg_catalog.clock_timestamp(),
          pg_catalog.pg_current_xact_id()::xid);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  PERFORM {{repair}}.note_unseen_deletion(SQLERRM);
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.note_main_truncate() IS 'Notes that main, or a partition of it, was emptied.';
