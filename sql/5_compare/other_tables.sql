CREATE OR REPLACE FUNCTION {{repair}}.is_downloaded(_controller text, _referenced text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE -- observations bring their forms; the other controllers are downloaded as the configuration asks
RETURN _controller = 'observations' OR _controller = ANY (_referenced);
COMMENT ON FUNCTION {{repair}}.is_downloaded(text, text[]) IS
  'Does the second synchronisation bring what this controller writes? With settings.reference_controllers; written into each query that asks.';

CREATE OR REPLACE FUNCTION {{repair}}.keys_to_look_at(
  _table text, OUT _ids bigint[], OUT _sites text[], OUT _keys text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  WITH gone AS (
         DELETE FROM {{repair}}.journal_form WHERE _table = 'forms_json' RETURNING id, site
       ), k AS (
         SELECT id::bigint AS id, site::text COLLATE "C" AS site, ''::text COLLATE "C" AS key FROM gone
          UNION
         SELECT w.id, w.site, w.key FROM {{repair}}.work_item AS w WHERE w.table_name = _table
          UNION
         SELECT a.id, a.site, a.key FROM {{repair}}.set_aside AS a WHERE a.table_name = _table
          UNION
         SELECT h.id, h.site, h.key FROM {{repair}}.held_back AS h WHERE h.table_name = _table
       )
  SELECT array_agg(k.id), array_agg(k.site), array_agg(k.key) INTO _ids, _sites, _keys FROM k;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.keys_to_look_at(text) IS
  'Consumes the journal of a table that has one; its keys, and those that earlier runs left queued, set aside or held back; NULL: none.';

CREATE OR REPLACE FUNCTION {{repair}}.compare_other_tables(
  _run bigint, _whole boolean, _contents boolean, _forms_complete boolean, _limit bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _t record;
  _k record;
BEGIN
  FOR _t IN
    SELECT t.table_name FROM {{repair}}.client_table AS t, {{repair}}.settings AS s
     WHERE t.key_columns IS NOT NULL AND NOT t.has_update_ts AND {{repair}}.is_downloaded(t.controller, s.reference_controllers)
     ORDER BY t.position
  LOOP
    SELECT * INTO _k FROM {{repair}}.keys_to_look_at(_t.table_name);
    IF _k._ids IS NOT NULL THEN
      EXECUTE format('SELECT {{repair}}.%I($1, true, $2, $3, $4, $5)', 'compare_' || _t.table_name)
        USING _run, _k._ids, _k._sites, _k._keys, _limit;
    END IF;
    IF _whole THEN
      EXECUTE format('SELECT {{repair}}.%I($1, $2, NULL, NULL, NULL, $3)', 'compare_' || _t.table_name)
        USING _run, _contents OR _t.table_name = 'forms_json' AND NOT _forms_complete, _limit;
    END IF;
  END LOOP;
  DELETE FROM {{repair}}.journal_form; -- where main has no such table, nobody has consumed it
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare_other_tables(bigint, boolean, boolean, boolean, bigint) IS
  'Compares the tables without update_ts: journaled keys and those left over by content; whole: what is missing, and contents where asked; of forms too where their journal has a gap.';
