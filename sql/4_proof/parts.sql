CREATE OR REPLACE FUNCTION {{repair}}.parts_ended(_job bigint, _site text, _kind {{repair}}.part_kind, _parts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  DELETE FROM {{repair}}.part_failure AS f
   USING jsonb_to_recordset(_parts) AS p ("taxoGroup" integer, unit text, cause jsonb)
   WHERE f.kind = _kind AND f.site = _site AND f.taxo_group = p."taxoGroup" AND f.unit = p.unit
     AND jsonb_typeof(p.cause) IS DISTINCT FROM 'object';
  INSERT INTO {{repair}}.part_failure AS f (kind, site, taxo_group, unit, cause, job)
  -- A part that was asked for twice: what it said last is behind.
  SELECT DISTINCT ON (p.part ->> 'taxoGroup', p.part ->> 'unit')
         _kind, _site, (p.part ->> 'taxoGroup')::integer, p.part ->> 'unit', p.part -> 'cause', _job
    FROM jsonb_array_elements(_parts) WITH ORDINALITY AS p (part, nr)
   WHERE jsonb_typeof(p.part -> 'cause') = 'object'
   ORDER BY p.part ->> 'taxoGroup', p.part ->> 'unit', p.nr DESC
  ON CONFLICT (kind, site, taxo_group, unit) DO UPDATE SET
    cause = EXCLUDED.cause, last_at = clock_timestamp(), tries = f.tries + 1,
    jobs = f.jobs + CASE WHEN f.job IS DISTINCT FROM EXCLUDED.job THEN 1 ELSE 0 END, job = EXCLUDED.job;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.parts_ended(bigint, text, {{repair}}.part_kind, jsonb) IS
  'What became of parts that a job asked for: taxoGroup, unit, and the cause where one failed.';

CREATE OR REPLACE FUNCTION {{repair}}.keep_parts(_site text, _kind {{repair}}.part_kind, _parts jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  DELETE FROM {{repair}}.part_failure AS f
   WHERE f.kind = _kind AND f.site = _site
     AND NOT EXISTS (
       SELECT FROM jsonb_to_recordset(_parts) AS p ("taxoGroup" integer, unit text)
        WHERE p."taxoGroup" = f.taxo_group AND p.unit = f.unit);
$fix$;
COMMENT ON FUNCTION {{repair}}.keep_parts(text, {{repair}}.part_kind, jsonb) IS
  'Forgets failures of parts beside these: of groups and units that are no longer asked for, or have come.';

CREATE OR REPLACE FUNCTION {{repair}}.row_not_stored(
  _site text, _table text, _id text, _group integer, _unit text, _ask_for text, _fault text, _detail text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  INSERT INTO {{repair}}.not_stored AS n (site, table_name, id, taxo_group, unit, ask_for, fault, detail)
  VALUES (_site, _table, _id, _group, coalesce(_unit, ''), _ask_for, _fault, coalesce(_detail, ''))
  ON CONFLICT (site, table_name, id) DO UPDATE SET
    taxo_group = EXCLUDED.taxo_group, unit = coalesce(nullif(EXCLUDED.unit, ''), n.unit), ask_for = EXCLUDED.ask_for,
    fault = EXCLUDED.fault, detail = EXCLUDED.detail, last_at = clock_timestamp(), tries = n.tries + 1;
$fix$;
COMMENT ON FUNCTION {{repair}}.row_not_stored(text, text, text, integer, text, text, text, text) IS
  'Remembers a row that could not be stored; before the piece with which it came counts as downloaded.';

CREATE OR REPLACE FUNCTION {{repair}}.row_stored(_site text, _table text, _id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  DELETE FROM {{repair}}.not_stored WHERE site = _site AND table_name = _table AND id = _id;
$fix$;
COMMENT ON FUNCTION {{repair}}.row_stored(text, text, text) IS 'A row has been stored after all, or the portal has it no more.';

CREATE OR REPLACE FUNCTION {{repair}}.deletions_told(_site text, _ids integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- The portal's word is of each version until then: main may have one that check never saw. A later one is not meant by it.
  UPDATE {{repair}}.tombstone AS t SET update_ts = extract(epoch FROM t.deleted_at)::bigint
   WHERE t.id = ANY (_ids) AND t.site = _site AND t.fate <> 'came back'
     AND t.update_ts < extract(epoch FROM t.deleted_at)::bigint
     AND NOT EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = t.id AND c.site = t.site);
  -- Told again by the next updates: once is enough.
  INSERT INTO {{repair}}.tombstone (id, site, update_ts)
  SELECT k.id, _site, extract(epoch FROM now())::bigint
    FROM unnest(_ids) AS k (id)
   WHERE NOT EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.id = k.id AND c.site = _site)
     AND NOT EXISTS (SELECT FROM {{repair}}.tombstone AS t WHERE t.id = k.id AND t.site = _site AND t.fate <> 'came back');
$fix$;
COMMENT ON FUNCTION {{repair}}.deletions_told(text, integer[]) IS
  'Notes observations of which the portal has told an update that they are deleted: main may have what check never had, or had in an older version.';

CREATE OR REPLACE FUNCTION {{repair}}.to_ask_for(_site text) RETURNS TABLE (id bigint, taxo_group text)
-- plpgsql, not sql: what reads contents is made later.
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT h.id, g.taxo_group
    FROM {{repair}}.held_back AS h
   CROSS JOIN LATERAL (
     SELECT coalesce(
       (SELECT {{repair}}.readable(c.item) #>> '{species,taxonomy}' FROM {{check}}.observations_json AS c
         WHERE c.id = h.id AND c.site = h.site COLLATE "default"),
       (SELECT t.item #>> '{species,taxonomy}' FROM {{repair}}.tombstone AS t
         WHERE t.id = h.id AND t.site = h.site COLLATE "default" ORDER BY t.deleted_at DESC LIMIT 1))) AS g (taxo_group)
   WHERE h.site = _site AND h.table_name = 'observations_json'
     AND h.cause IN ('deleted in main', 'deleted by a run', 'deleted by hand', 'unseen') AND g.taxo_group IS NOT NULL
   -- Others after each run: what the portal does not give is in nobody's way.
   ORDER BY hashint8extended(h.id, h.run) LIMIT 2000;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.to_ask_for(text) IS
  'Observations that are held back until a download brings them, of any age: each update asks the portal for some by their id.';
