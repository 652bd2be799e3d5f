-- Main's items may be json, which keeps texts that jsonb has no room for: \u0000, half a pair of surrogates, a number without
-- end. Contents never fail a run: such an item is compared as the text that it is.
CREATE OR REPLACE FUNCTION {{repair}}.readable(_item json) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN _item::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN to_jsonb(_item::text);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.readable(json) IS 'A value as jsonb; what cannot be that, as a text.';

-- No SET clause: written into the query that asks.
CREATE OR REPLACE FUNCTION {{repair}}.readable(_item jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN _item;
COMMENT ON FUNCTION {{repair}}.readable(jsonb) IS 'The value itself.';
