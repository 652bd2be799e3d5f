CREATE OR REPLACE FUNCTION {{repair}}.covering_indexes() RETURNS TABLE (relation regclass, index_name regclass)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT DISTINCT ON (i.indrelid) i.indrelid::regclass, i.indexrelid::regclass
    FROM pg_index AS i
   WHERE i.indrelid IN (SELECT oid FROM pg_class
                         WHERE relname = 'observations_json'
                           AND relnamespace IN ('{{check}}'::regnamespace, '{{main}}'::regnamespace))
     AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
     AND (SELECT relam FROM pg_class WHERE oid = i.indexrelid) = (SELECT oid FROM pg_am WHERE amname = 'btree')
     AND (SELECT array_agg(a.attname::text ORDER BY k.ord)
            FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) = '{id,site,update_ts}'
   ORDER BY i.indrelid, i.indexrelid;
$fix$;
COMMENT ON FUNCTION {{repair}}.covering_indexes() IS
  'Which of the two observations_json has a valid index on (id, site) that includes update_ts.';

CREATE OR REPLACE FUNCTION {{repair}}.ranges_of_ids(_parts integer) RETURNS TABLE (low bigint, high bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Half open, and open at both ends: no id is left out, whatever comes meanwhile.
  WITH span AS (
    SELECT low, (high - low) / _parts + 1 AS width
      FROM (SELECT (SELECT c.id::bigint FROM {{check}}.observations_json AS c ORDER BY c.id LIMIT 1) AS low,
                   (SELECT c.id::bigint FROM {{check}}.observations_json AS c ORDER BY c.id DESC LIMIT 1) AS high) AS ends
  )
  SELECT CASE WHEN n > 1 THEN low + (n - 1) * width END, CASE WHEN n < _parts THEN low + n * width END
    FROM span, generate_series(1, _parts) AS n
   WHERE low IS NOT NULL OR n = 1; -- an empty table is one range
$fix$;
COMMENT ON FUNCTION {{repair}}.ranges_of_ids(integer) IS
  'Cuts the ids of check''s observations into so many ranges: low <= id < high, NULL where there is no bound.';

CREATE OR REPLACE FUNCTION {{repair}}.different_observations(_limit bigint, _but text[])
RETURNS TABLE (id bigint, site varchar, check_update_ts bigint, main_update_ts bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
  -- At 50 million rows the planner would put a Materialize between the scans: 20.6 s instead of 13.7 s.
  SET enable_material = off
  -- Ranges of ids are compared side by side where the server has idle cores; an INSERT … SELECT never would, RETURN
  -- QUERY does.
  SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 AS $fix$
DECLARE
  _parts integer := 1;
BEGIN
  -- A merge join over two index-only scans reads 300 MB where the tables have 15 GB, and needs no temporary
  -- file. The planner prefers a hash join, which is 2 to 4 times slower here.
  IF (SELECT count(*) = 2 FROM {{repair}}.covering_indexes()) THEN
    PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true),
            set_config('enable_nestloop', 'off', true), set_config('enable_bitmapscan', 'off', true);
    _parts := 8; -- a few for each core, so that none waits long for the others
  END IF;
  RETURN QUERY EXECUTE (
    SELECT string_agg(format(
             'SELECT c.id::bigint, c.site::varchar, c.update_ts::bigint,
                     CASE WHEN m.id IS NOT NULL THEN coalesce(m.update_ts, 0)::bigint END
                FROM {{check}}.observations_json AS c
                LEFT JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site%s
               WHERE (m.update_ts IS NULL OR m.update_ts < c.update_ts)%s%s',
             replace(r.condition, '@', 'm'), replace(r.condition, '@', 'c'),
             CASE WHEN _but <> '{}' THEN ' AND c.site <> ALL ($2)' ELSE '' END), ' UNION ALL ') || ' LIMIT $1'
      FROM (SELECT concat(' AND @.id >= ' || low, ' AND @.id < ' || high) AS condition
              FROM {{repair}}.ranges_of_ids(_parts)) AS r)
    USING _limit, _but;
  PERFORM set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true),
          set_config('enable_nestloop', 'on', true), set_config('enable_bitmapscan', 'on', true);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.different_observations(bigint, text[]) IS
  'Compares both observations_json whole over their covering indexes; at most so many of those that main lacks or has older, without some sites.';

CREATE OR REPLACE FUNCTION {{repair}}.contents_to_look_at(OUT _ids bigint[], OUT _sites text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT array_agg(o.id), array_agg(o.site)
    FROM (SELECT id, site FROM {{repair}}.work_item WHERE table_name = 'observations_json' AND reason = 'other content'
           UNION
          SELECT id, site FROM {{repair}}.set_aside WHERE table_name = 'observations_json' AND reason = 'other content'
           UNION
          SELECT id, site FROM {{repair}}.held_back WHERE table_name = 'observations_json' AND reason = 'other content') AS o;
$fix$;
COMMENT ON FUNCTION {{repair}}.contents_to_look_at() IS
  'Observations that earlier runs left open because their content differs, their version being the same; NULL: none.';

CREATE OR REPLACE FUNCTION {{repair}}.compare_observations(_run bigint, _whole boolean, _limit bigint, _but text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _longest constant integer := 1000; -- bytes of a site; an entry of an index has room for 2 704
  _long record;
BEGIN
  WITH found AS MATERIALIZED (
    SELECT (CASE WHEN d.main_update_ts IS NULL THEN 'insert' ELSE 'update' END)::{{repair}}.action AS action, d.id, d.site,
           (CASE WHEN d.main_update_ts IS NULL THEN 'missing' ELSE 'older' END)::{{repair}}.reason AS reason,
           d.check_update_ts, d.main_update_ts
      FROM (SELECT * FROM {{repair}}.different_observations(_limit, _but) WHERE _whole
             UNION ALL
            SELECT * FROM {{repair}}.different_journaled_observations() WHERE NOT _whole) AS d
  ), queued AS (
    INSERT INTO {{repair}}.work_item AS w
      (table_name, action, id, site, reason, check_update_ts, main_update_ts, run)
    SELECT 'observations_json', f.action, f.id, f.site, f.reason, f.check_update_ts, f.main_update_ts, _run
      FROM found AS f WHERE octet_length(f.site) <= _longest
    ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET
      run = EXCLUDED.run, reason = EXCLUDED.reason,
      check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts
  )
  SELECT array_agg(f.id) AS ids, array_agg(f.site::text) AS sites, array_agg(f.action) AS actions,
         array_agg(f.check_update_ts) AS check_ts INTO _long
    FROM found AS f WHERE octet_length(f.site) > _longest;
  IF _long.ids IS NOT NULL THEN
    PERFORM {{repair}}.hold_long_sites(_run, _longest, _long.ids, _long.sites, _long.actions, _long.check_ts);
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare_observations(bigint, boolean, bigint, text[]) IS
  'Queues what differs between both observations_json: whole, at most so many, without some sites; or by the journal.';
