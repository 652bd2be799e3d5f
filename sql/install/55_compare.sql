CREATE OR REPLACE FUNCTION {{check}}.fix_take_journal(
  _run bigint, _whole boolean, OUT _form_ids bigint[], OUT _form_sites text[], OUT _lost boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  -- The journal's keys are few beside the tables: each is looked up by its index.
  SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $fix$
DECLARE
  _settings jsonb := (SELECT settings FROM {{check}}.repair_setting);
BEGIN
  WITH gone AS (DELETE FROM {{check}}.repair_loss RETURNING 1)
  SELECT EXISTS (SELECT FROM gone) INTO _lost;
  IF (SELECT is_called FROM {{check}}.repair_loss_seq) THEN
    PERFORM setval('{{check}}.repair_loss_seq', 1, false);
    _lost := true;
  END IF;
  -- About 60 bytes an entry with its page's share; more than the cap is not worth looking up key by key.
  IF pg_relation_size('{{check}}.repair_journal') / 60 > (_settings ->> 'journalCap')::bigint
     AND EXISTS (SELECT FROM {{check}}.repair_journal OFFSET (_settings ->> 'journalCap')::bigint LIMIT 1) THEN
    -- Waits for transactions that hold entries of theirs, so all that is dropped is visible to the comparison.
    TRUNCATE {{check}}.repair_journal;
    _lost := true;
  ELSIF _whole THEN
    WITH gone AS (DELETE FROM {{check}}.repair_journal RETURNING kind, id, site),
         form AS (SELECT DISTINCT id, site FROM gone WHERE kind = 1)
    SELECT array_agg(id), array_agg(site) INTO _form_ids, _form_sites FROM form;
  ELSE
    WITH gone AS (DELETE FROM {{check}}.repair_journal RETURNING kind, id, site),
         form AS (SELECT DISTINCT id, site FROM gone WHERE kind = 1),
         -- In key order: neighbours are on the same pages of both indexes.
         k AS MATERIALIZED (
           SELECT id, site
             FROM (SELECT id, site FROM gone WHERE kind = 0
                    UNION ALL
                   SELECT id::integer, site FROM {{check}}.repair_open WHERE stage IN (200, 201)) AS a
            GROUP BY id, site ORDER BY id, site
         ), found AS (
           INSERT INTO {{check}}.repair_open AS o
             (stage, id, site, tab, action, state, check_ts, main_ts, run_id)
           SELECT CASE WHEN m.id IS NULL THEN 200 ELSE 201 END, c.id, c.site, 'observations_json',
                  CASE WHEN m.id IS NULL THEN 'insert' ELSE 'update' END, 'pending',
                  c.update_ts, m.update_ts, _run
             FROM k
             JOIN {{check}}.observations_json AS c ON c.id = k.id AND c.site = k.site
             LEFT JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site
            WHERE m.id IS NULL OR m.update_ts < c.update_ts
           ON CONFLICT (stage, id, site, key) DO UPDATE SET
             run_id = EXCLUDED.run_id, check_ts = EXCLUDED.check_ts, main_ts = EXCLUDED.main_ts,
             state = CASE WHEN o.state = 'dropped' AND o.check_ts = EXCLUDED.check_ts THEN 'dropped' ELSE 'pending' END
         )
    SELECT array_agg(id), array_agg(site) INTO _form_ids, _form_sites FROM form;
  END IF;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_take_journal(bigint, boolean) IS
  'Consumes the journal: observations into the work list (unless the whole tables are compared anyway), keys of forms returned.';

CREATE OR REPLACE FUNCTION {{check}}.fix_compare_whole(_run bigint, _limit bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _count bigint;
BEGIN
  -- A merge join over two index-only scans reads 300 MB where the tables have 15 GB, and needs no temporary
  -- file. The planner prefers a hash join, which is 2 to 4 times slower here.
  IF (SELECT count(*) = 2 FROM {{check}}.fix_covering()) THEN
    PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_seqscan', 'off', true),
            set_config('enable_nestloop', 'off', true), set_config('enable_bitmapscan', 'off', true);
  END IF;
  INSERT INTO {{check}}.repair_open AS o (stage, id, site, tab, action, state, check_ts, main_ts, run_id)
  SELECT CASE WHEN m.id IS NULL THEN 200 ELSE 201 END, c.id, c.site, 'observations_json',
         CASE WHEN m.id IS NULL THEN 'insert' ELSE 'update' END, 'pending', c.update_ts, m.update_ts, _run
    FROM {{check}}.observations_json AS c
    LEFT JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site
   WHERE m.id IS NULL OR m.update_ts < c.update_ts
   LIMIT _limit
  ON CONFLICT (stage, id, site, key) DO UPDATE SET
    run_id = EXCLUDED.run_id, check_ts = EXCLUDED.check_ts, main_ts = EXCLUDED.main_ts,
    state = CASE WHEN o.state = 'dropped' AND o.check_ts = EXCLUDED.check_ts THEN 'dropped' ELSE 'pending' END;
  GET DIAGNOSTICS _count = ROW_COUNT;
  PERFORM set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true),
          set_config('enable_nestloop', 'on', true), set_config('enable_bitmapscan', 'on', true);
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_compare_whole(bigint, bigint) IS
  'Compares both observations_json whole over their covering indexes, at most so many differences; returns their number.';

CREATE OR REPLACE FUNCTION {{check}}.fix_covering() RETURNS TABLE (relation regclass, index_name regclass)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT DISTINCT ON (i.indrelid) i.indrelid::regclass, i.indexrelid::regclass
    FROM pg_index AS i
   WHERE i.indrelid IN (SELECT oid FROM pg_class
                         WHERE relname = 'observations_json'
                           AND relnamespace IN ({{check_regnamespace}}, {{main_regnamespace}}))
     AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
     AND (SELECT relam FROM pg_class WHERE oid = i.indexrelid) = (SELECT oid FROM pg_am WHERE amname = 'btree')
     AND (SELECT array_agg(a.attname::text ORDER BY k.ord)
            FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) = '{id,site,update_ts}'
   ORDER BY i.indrelid, i.indexrelid;
$fix$;
COMMENT ON FUNCTION {{check}}.fix_covering() IS
  'Which of the two observations_json has a valid index on (id, site) that includes update_ts.';

CREATE OR REPLACE FUNCTION {{check}}.fix_compare_table(
  _run bigint, _tab text, _content boolean, _ids bigint[], _sites text[], _limit bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _s {{check}}.repair_shape := (SELECT s FROM {{check}}.repair_shape AS s WHERE tab = _tab);
  _count bigint;
BEGIN
  -- With keys: only these, by content; else the whole tables, what is missing and, if asked, what differs.
  EXECUTE format($sql$
    INSERT INTO {{check}}.repair_open AS o (stage, id, site, key, tab, action, state, run_id)
    SELECT %1$s + (m.%2$s IS NOT NULL)::integer, %3$s, %4$s, %5$s, %6$L,
           CASE WHEN m.%2$s IS NULL THEN 'insert' ELSE 'update' END, 'pending', $1
      FROM {{check}}.%7$I AS c
      LEFT JOIN {{main}}.%7$I AS m ON %8$s
     WHERE (m.%2$s IS NULL OR (%9$s AND (%10$s)))
       AND ($2 IS NULL OR (%3$s, %4$s) IN (SELECT * FROM unnest($2, $3)))
     LIMIT $4
    ON CONFLICT (stage, id, site, key) DO UPDATE SET run_id = EXCLUDED.run_id, state = 'pending' $sql$,
    _s.stage, quote_ident(_s.keys[1]), _s.sql ->> 'id', _s.sql ->> 'site', _s.sql ->> 'key', _tab, _tab,
    _s.sql ->> 'main_check', CASE WHEN _content THEN 'true' ELSE 'false' END, _s.sql ->> 'differs')
    USING _run, _ids, _sites, _limit;
  GET DIAGNOSTICS _count = ROW_COUNT;
  RETURN _count;
END
$fix$;
COMMENT ON FUNCTION {{check}}.fix_compare_table(bigint, text, boolean, bigint[], text[], bigint) IS
  'Compares one table that has no update_ts: by key, and by content where asked.';
