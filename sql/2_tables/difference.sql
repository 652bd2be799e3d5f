CREATE OR REPLACE VIEW {{repair}}.difference AS
SELECT w.table_name, w.action, w.id, w.site, w.key, w.reason, 'pending'::text AS state,
       w.check_update_ts, w.main_update_ts, NULL::text AS sqlstate, NULL::text AS message, 0 AS tries, w.first_at, w.run
  FROM {{repair}}.work_item AS w
 UNION ALL
SELECT a.table_name, a.action, a.id, a.site, a.key, a.reason, a.cause::text,
       a.check_update_ts, a.main_update_ts, a.sqlstate, a.message, a.tries, a.first_at, a.run
  FROM {{repair}}.set_aside AS a
 WHERE NOT EXISTS ( -- queued to be tried again
   SELECT FROM {{repair}}.work_item AS w
    WHERE w.table_name = a.table_name AND w.action = a.action AND w.id = a.id AND w.site = a.site AND w.key = a.key)
 UNION ALL
SELECT h.table_name, h.action, h.id, h.site, h.key, h.reason, h.cause::text,
       h.check_update_ts, h.main_update_ts, NULL, h.message, 0, h.first_at, h.run
  FROM {{repair}}.held_back AS h;
COMMENT ON VIEW {{repair}}.difference IS
  'All open differences between the two copies, side by side: queued (pending), set aside and held back, with the cause as state.';
