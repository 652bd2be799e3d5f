CREATE OR REPLACE FUNCTION {{repair}}.to_ask_for(_site text) RETURNS TABLE (id bigint, taxo_group text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
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
$fix$;
COMMENT ON FUNCTION {{repair}}.to_ask_for(text) IS
  'Observations that are held back until a download brings them, of any age: each update asks the portal for some by their id.';
