CREATE OR REPLACE FUNCTION {{repair}}.journal_is_complete() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _marks bigint := (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {{repair}}.journal_gap_seq);
  _complete boolean;
BEGIN
  WITH gone AS (DELETE FROM {{repair}}.journal_gap RETURNING 1)
  SELECT NOT EXISTS (SELECT FROM gone) INTO _complete;
  IF _marks > _s.gaps_seen THEN
    UPDATE {{repair}}.settings SET gaps_seen = _marks;
    _complete := false;
  END IF;
  -- About 60 bytes an entry with its page's share; more than the cap is not worth looking up key by key.
  IF pg_relation_size('{{repair}}.journal_observation') / 60 > _s.journal_cap
     AND EXISTS (SELECT FROM {{repair}}.journal_observation OFFSET _s.journal_cap LIMIT 1) THEN
    -- Waits for transactions that hold entries of theirs, so all that is dropped is visible to the comparison.
    TRUNCATE {{repair}}.journal_observation;
    _complete := false;
  END IF;
  RETURN _complete;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.journal_is_complete() IS
  'Consumes the marks of gaps; a journal above its cap is dropped, which is a gap too.';

CREATE OR REPLACE FUNCTION {{repair}}.compare_journaled_observations(_run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  -- The journal's keys are few beside the tables: each is looked up by its index.
  SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $fix$
BEGIN
  WITH gone AS (
         DELETE FROM {{repair}}.journal_observation RETURNING id, site
       ), open AS (
         -- What earlier runs left: queued, set aside or held back.
         SELECT id, site FROM {{repair}}.work_item WHERE table_name = 'observations_json' AND action <> 'delete'
          UNION ALL
         SELECT id, site FROM {{repair}}.set_aside WHERE table_name = 'observations_json' AND action <> 'delete'
          UNION ALL
         SELECT id, site FROM {{repair}}.held_back WHERE table_name = 'observations_json' AND action <> 'delete'
       ), k AS MATERIALIZED (
         -- In key order: neighbours are on the same pages of both indexes.
         SELECT id, site
           FROM (SELECT id, site::text COLLATE "default" AS site FROM gone
                  UNION ALL
                 SELECT id::integer, site COLLATE "default" FROM open) AS a
          GROUP BY id, site ORDER BY id, site
       )
  INSERT INTO {{repair}}.work_item AS w
    (table_name, action, id, site, reason, check_update_ts, main_update_ts, run)
  SELECT 'observations_json',
         (CASE WHEN m.id IS NULL THEN 'insert' ELSE 'update' END)::{{repair}}.action, c.id, c.site,
         (CASE WHEN m.id IS NULL THEN 'missing' ELSE 'older' END)::{{repair}}.reason, c.update_ts, m.update_ts, _run
    FROM k
    JOIN {{check}}.observations_json AS c ON c.id = k.id AND c.site = k.site
    LEFT JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site
   WHERE m.id IS NULL OR m.update_ts < c.update_ts
  ON CONFLICT ON CONSTRAINT work_item_pk DO UPDATE SET
    run = EXCLUDED.run, reason = EXCLUDED.reason,
    check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.compare_journaled_observations(bigint) IS
  'Consumes the journal: looks up what changed in check since the last run, and what earlier runs left, in both copies.';
