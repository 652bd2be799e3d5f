-- The shape of the published procedure: whole-row anti-join through a FULL JOIN for the inserts, a join of the whole
-- tables for the updates, one transaction, its monitoring rows, and the refresh of a view over both copies.
BEGIN;
WITH put AS (
  INSERT INTO src_vn_json.observations_json (id, site, item, update_ts, id_form_universal)
  SELECT second.id, second.site, second.item, second.update_ts, second.id_form_universal
    FROM src_vn_json_check.observations_json AS second
    FULL JOIN src_vn_json.observations_json AS first ON (second.id, second.site) = (first.id, first.site)
   WHERE first IS NULL
  RETURNING 1
)
INSERT INTO bench_monitoring (action, count) SELECT 'insert', count(*) FROM put;
WITH changed AS (
  UPDATE src_vn_json.observations_json AS first
     SET (item, update_ts, id_form_universal) = (second.item, second.update_ts, second.id_form_universal)
    FROM src_vn_json_check.observations_json AS second
   WHERE (second.id, second.site) = (first.id, first.site) AND second.update_ts > first.update_ts
  RETURNING 1
)
INSERT INTO bench_monitoring (action, count) SELECT 'update', count(*) FROM changed;
COMMIT;
