CREATE OR REPLACE FUNCTION {{repair}}.form_journal_is_complete() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- The journal of observations, emptied for its length, takes no form with it.
  SELECT NOT EXISTS (SELECT FROM {{repair}}.journal_gap WHERE reason <> 'above its cap')
         AND (SELECT CASE WHEN q.is_called THEN q.last_value ELSE 0 END <= s.gaps_seen
                FROM {{repair}}.journal_gap_seq AS q, {{repair}}.settings AS s);
$fix$;
COMMENT ON FUNCTION {{repair}}.form_journal_is_complete() IS
  'Are all changed forms in the journal? To be asked before journal_is_complete consumes the marks of gaps.';

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
  RETURN _complete AND NOT {{repair}}.journal_is_over_cap();
END
$fix$;
COMMENT ON FUNCTION {{repair}}.journal_is_complete() IS
  'Consumes the marks of gaps; a journal above its cap counts as one with a gap.';

CREATE OR REPLACE FUNCTION {{repair}}.journal_is_over_cap() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- About 60 bytes an entry with its page's share; more than the cap is not worth looking up key by key.
  SELECT pg_relation_size('{{repair}}.journal_observation') / 60 > journal_cap
         AND EXISTS (SELECT FROM {{repair}}.journal_observation OFFSET journal_cap LIMIT 1)
    FROM {{repair}}.settings;
$fix$;
COMMENT ON FUNCTION {{repair}}.journal_is_over_cap() IS 'Has the journal more entries than a run looks up?';

CREATE OR REPLACE FUNCTION {{repair}}.empty_long_journal() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  IF NOT {{repair}}.journal_is_over_cap() THEN
    RETURN;
  END IF;
  -- At once or not at all: whoever waits for this lock, behind a pg_dump for example, makes every writer of check wait
  -- behind it. Where it is to be had, no transaction has entries that are not committed; else the comparison deletes
  -- those that it sees. In the short transaction that begins the run: the lock is gone before anything is compared.
  LOCK TABLE {{repair}}.journal_observation IN ACCESS EXCLUSIVE MODE NOWAIT;
  TRUNCATE {{repair}}.journal_observation;
  INSERT INTO {{repair}}.journal_gap (reason) VALUES ('above its cap');
EXCEPTION WHEN lock_not_available THEN
  NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.empty_long_journal() IS
  'Drops a journal above its cap, if that can be done without waiting; the run compares whole tables then.';

CREATE OR REPLACE FUNCTION {{repair}}.different_journaled_observations()
RETURNS TABLE (id bigint, site varchar, check_update_ts bigint, main_update_ts bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  -- The journal's keys are few beside the tables: each is looked up by its index.
  SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $fix$
#variable_conflict use_column
DECLARE
  _blind boolean := {{repair}}.blind_since() IS NOT NULL;
BEGIN
  RETURN QUERY
  WITH gone AS (
         DELETE FROM {{repair}}.journal_observation RETURNING id, site
       ), brought AS (
         INSERT INTO {{repair}}.downloaded_key (id, site) SELECT DISTINCT id, site FROM gone WHERE _blind -- as in compare
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
  SELECT c.id::bigint, c.site::varchar, c.update_ts::bigint,
         CASE WHEN m.id IS NOT NULL THEN coalesce(m.update_ts, 0)::bigint END
    FROM k
    JOIN {{check}}.observations_json AS c ON c.id = k.id AND c.site = k.site
    LEFT JOIN {{main}}.observations_json AS m ON m.id = c.id AND m.site = c.site
   WHERE m.update_ts IS NULL OR m.update_ts < c.update_ts; -- lacking, without a version, or older
END
$fix$;
COMMENT ON FUNCTION {{repair}}.different_journaled_observations() IS
  'Consumes the journal: looks up what changed in check since the last run, and what earlier runs left, in both copies.';
