CREATE OR REPLACE TRIGGER vn_repair_change AFTER INSERT OR UPDATE ON {{check}}.observations_json
  FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_observation();
COMMENT ON TRIGGER vn_repair_change ON {{check}}.observations_json IS 'vn-sync-check: journal of the repair.';
CREATE OR REPLACE TRIGGER vn_repair_delete AFTER DELETE ON {{check}}.observations_json
  FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_deletion();
COMMENT ON TRIGGER vn_repair_delete ON {{check}}.observations_json IS 'vn-sync-check: tombstones.';
CREATE OR REPLACE TRIGGER vn_repair_truncate AFTER TRUNCATE ON {{check}}.observations_json
  FOR EACH STATEMENT EXECUTE FUNCTION {{repair}}.note_truncate();
COMMENT ON TRIGGER vn_repair_truncate ON {{check}}.observations_json IS 'vn-sync-check: gap of the journal.';

DO $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _main regclass := '{{main}}.observations_json'::regclass;
  _t record;
BEGIN
  -- Without a trigger on main, and for suspected deletions, it has to be known what downloads brought.
  IF _s.same_rights OR NOT _s.watch_main
     OR NOT (has_table_privilege(_main, 'TRIGGER')
             OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = _main AND tgname LIKE 'vn\_repair\_watch%')) THEN
    CREATE OR REPLACE TRIGGER vn_repair_download BEFORE INSERT ON {{check}}.observations_json
      FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_download();
    COMMENT ON TRIGGER vn_repair_download ON {{check}}.observations_json IS 'vn-sync-check: what downloads propose.';
  ELSIF EXISTS (SELECT FROM pg_trigger
                 WHERE tgname = 'vn_repair_download' AND tgrelid = '{{check}}.observations_json'::regclass) THEN
    DROP TRIGGER vn_repair_download ON {{check}}.observations_json;
  END IF;
  IF to_regclass('{{check}}.forms_json') IS NOT NULL THEN
    CREATE OR REPLACE TRIGGER vn_repair_insert AFTER INSERT ON {{check}}.forms_json
      FOR EACH ROW EXECUTE FUNCTION {{repair}}.note_form();
    COMMENT ON TRIGGER vn_repair_insert ON {{check}}.forms_json IS 'vn-sync-check: journal of the repair.';
    -- The client writes every form again at each download: only a change of content is one.
    CREATE OR REPLACE TRIGGER vn_repair_change AFTER UPDATE ON {{check}}.forms_json
      FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION {{repair}}.note_form();
    COMMENT ON TRIGGER vn_repair_change ON {{check}}.forms_json IS 'vn-sync-check: journal of the repair.';
  END IF;
  -- Rows that a replication or a bulk load under session_replication_role = replica writes count too.
  FOR _t IN
    SELECT tgrelid::regclass AS relation, tgname AS name FROM pg_trigger
     WHERE tgrelid IN (to_regclass('{{check}}.observations_json'), to_regclass('{{check}}.forms_json'))
       AND tgname LIKE 'vn\_repair\_%' AND NOT tgisinternal
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', _t.relation, _t.name);
  END LOOP;
END
$fix$;
