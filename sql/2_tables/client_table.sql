CREATE TABLE IF NOT EXISTS {{repair}}.client_table (
  table_name text PRIMARY KEY,
  controller text NOT NULL,
  position smallint NOT NULL UNIQUE,
  key_columns text[],
  has_update_ts boolean,
  columns_seen text
);
DO $fix$
DECLARE
  _c record;
BEGIN
  FOR _c IN
    SELECT * FROM (VALUES ('has_triggers', 'boolean NOT NULL DEFAULT false'), ('triggers_seen', 'text')) AS c (name, definition)
  LOOP
    -- Asked first, as ALTER TABLE waits for a dump.
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{{repair}}.client_table'::regclass AND attname = _c.name) THEN
      EXECUTE format('ALTER TABLE {{repair}}.client_table ADD COLUMN %I %s', _c.name, _c.definition);
    END IF;
  END LOOP;
END
$fix$;
COMMENT ON TABLE {{repair}}.client_table IS
  'Client-API-VN''s tables that are repaired, in the order of writing: what main''s triggers look up comes before what looks it up.';
COMMENT ON COLUMN {{repair}}.client_table.controller IS 'The client''s controller that fills it.';
COMMENT ON COLUMN {{repair}}.client_table.key_columns IS
  'Its key, as check has it; NULL where the table cannot be repaired: absent on one side, or no key that both share.';
COMMENT ON COLUMN {{repair}}.client_table.has_update_ts IS 'Its rows say their version; other tables are compared by content.';
COMMENT ON COLUMN {{repair}}.client_table.columns_seen IS
  'Fingerprint of the columns and indexes that its write functions were made for; another one makes them anew.';
COMMENT ON COLUMN {{repair}}.client_table.triggers_seen IS 'Fingerprint of the triggers of main''s table.';
COMMENT ON COLUMN {{repair}}.client_table.has_triggers IS
  'Main''s table has triggers or rules: what was written is read again.';

-- The functions have gone with the routines of the version before.
DELETE FROM {{repair}}.client_table;
INSERT INTO {{repair}}.client_table (table_name, controller, position)
SELECT t.value ->> 'table_name', t.value ->> 'controller', t.ordinality
  FROM jsonb_array_elements(current_setting('vn_repair.installation')::jsonb -> 'client_tables') WITH ORDINALITY AS t;
