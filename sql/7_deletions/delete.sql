CREATE OR REPLACE FUNCTION {{repair}}.delete_from_main(_ids bigint[], _sites text[])
RETURNS TABLE (id bigint, site text, update_ts bigint, content jsonb)
-- With the search_path of main's triggers, which run in here: every operator and function is named with its schema.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  RETURN QUERY
    DELETE FROM {{main}}.observations_json AS m USING unnest(_ids, _sites) AS k (id, site)
     WHERE m.id OPERATOR(pg_catalog.=) k.id AND m.site OPERATOR(pg_catalog.=) k.site
    RETURNING m.id::bigint, m.site::text, m.update_ts::bigint, pg_catalog.to_jsonb(m);
  SET CONSTRAINTS ALL IMMEDIATE; -- as in write_rows
END
$fix$;
COMMENT ON FUNCTION {{repair}}.delete_from_main(bigint[], text[]) IS
  'Deletes rows from main that are locked already, down main''s triggers, and returns each whole.';

CREATE OR REPLACE FUNCTION {{repair}}.delete_rows(_run bigint, _ids bigint[], _sites text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _count integer;
  _found record;
BEGIN
  IF (SELECT deletions FROM {{repair}}.settings) <> 'apply' THEN
    RETURN 0;
  END IF;
  WITH locked AS MATERIALIZED (
         SELECT m.id, m.site, m.update_ts
           FROM unnest(_ids, _sites) WITH ORDINALITY AS k (id, site, ord)
           JOIN {{main}}.observations_json AS m ON m.id = k.id AND m.site = k.site
          ORDER BY k.ord FOR UPDATE OF m)
  SELECT array_agg(m.id::bigint) AS ids, array_agg(m.site::text) AS sites, array_agg(o.reason) AS reasons INTO _found
    FROM locked AS m
    JOIN {{repair}}.work_item AS o
      ON o.table_name = 'observations_json' AND o.action = 'delete' AND o.id = m.id AND o.site = m.site AND o.key = ''
   WHERE m.update_ts <= o.check_update_ts
     -- Looked at again as late as this: check may have the row again, or a download have brought it.
     AND (o.reason <> 'deleted in check' OR NOT EXISTS (
            SELECT FROM {{check}}.observations_json AS c WHERE c.id = m.id AND c.site = m.site))
     AND (o.reason <> 'not downloaded' OR NOT EXISTS (
            SELECT FROM {{repair}}.downloaded_key AS n
             WHERE n.id = m.id AND n.site = m.site AND n.at > o.first_at));
  WITH done AS (
         SELECT d.id, d.site, d.update_ts, d.content, k.reason
           FROM {{repair}}.delete_from_main(_found.ids, _found.sites) AS d
           JOIN unnest(_found.ids, _found.sites, _found.reasons) AS k (id, site, reason) ON k.id = d.id AND k.site = d.site),
       kept AS (
         INSERT INTO {{repair}}.deleted_row (run, row_id, site, reason, content)
         SELECT _run, id, site,
                (CASE reason WHEN 'deleted in check' THEN 'followed' ELSE 'suspected' END)::{{repair}}.deletion_reason, content
           FROM done)
  INSERT INTO {{repair}}.change (run, table_name, action, id, site, key, old_update_ts, new_update_ts)
  SELECT _run, 'observations_json', 'delete', id, site, '', update_ts, NULL FROM done;
  GET DIAGNOSTICS _count = ROW_COUNT;
  -- The watcher of main has noted these too, as somebody's; they are ours. What it noted of them before is over: main
  -- had the row again. A key that main's sync deleted first, while this batch waited, keeps its note.
  DELETE FROM {{repair}}.main_deletion AS d
   USING unnest(_ids, _sites) AS k (id, site)
   WHERE d.id = k.id AND d.site = k.site
     AND EXISTS (SELECT FROM {{repair}}.deleted_row AS r
                  WHERE r.row_id = k.id AND r.site = k.site AND r.run = _run);
  UPDATE {{repair}}.tombstone AS t SET fate = 'followed'
    FROM unnest(_ids, _sites) AS k (id, site)
    JOIN {{repair}}.work_item AS o
      ON o.table_name = 'observations_json' AND o.action = 'delete' AND o.id = k.id AND o.site = k.site AND o.key = ''
   WHERE o.reason = 'deleted in check' AND t.id = k.id AND t.site = k.site AND t.fate = 'new'
     AND NOT EXISTS (SELECT FROM {{main}}.observations_json AS m WHERE m.id = t.id AND m.site = t.site);
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.delete_rows(bigint, bigint[], text[]) IS
  'Deletes rows from main that the portal no longer has, keeps each whole, and records it.';
