-- Sites by the names that main has. A row is the same observation only under the same name: where the second
-- synchronisation spells it otherwise, all of main would be doubled.
CREATE OR REPLACE FUNCTION {{repair}}.main_knows_site(_site text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _table regclass;
  _knows boolean;
  _is_empty boolean := true;
BEGIN
  IF _site = ANY ((SELECT new_sites FROM {{repair}}.settings)::text[]) THEN
    RETURN true; -- somebody has said so
  END IF;
  -- What is read soonest first; the tables of observations only where the others say nothing.
  FOR _table IN
    SELECT c.oid FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'site'
     WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relkind IN ('r', 'p')
       AND (c.relname = 'increment_log' OR c.relname IN (SELECT t.table_name FROM {{repair}}.client_table AS t))
       AND has_table_privilege(c.oid, 'SELECT')
     ORDER BY c.relname <> 'increment_log', c.relname = 'observations_json', c.reltuples
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$s WHERE site = $1), $2 AND NOT EXISTS (SELECT FROM %1$s)', _table)
      INTO _knows, _is_empty USING _site, _is_empty;
    IF _knows THEN
      RETURN true;
    END IF;
  END LOOP;
  RETURN _is_empty; -- into an empty copy everything is new
END
$fix$;
COMMENT ON FUNCTION {{repair}}.main_knows_site(text) IS 'Has main anything of a site of this name? True where main is empty.';

CREATE OR REPLACE FUNCTION {{repair}}.main_sites() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _sites text[];
BEGIN
  SELECT array_agg(DISTINCT m.site::text) INTO _sites FROM {{main}}.observations_json AS m;
  IF _sites IS NULL AND to_regclass('{{main}}.increment_log') IS NOT NULL
     AND has_table_privilege(to_regclass('{{main}}.increment_log'), 'SELECT') THEN
    SELECT array_agg(DISTINCT l.site::text) INTO _sites FROM {{main}}.increment_log AS l;
  END IF;
  RETURN coalesce(_sites, '{}');
END
$fix$;
COMMENT ON FUNCTION {{repair}}.main_sites() IS 'Main''s names of sites; reads the whole table.';

CREATE OR REPLACE FUNCTION {{repair}}.other_name(_site text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  -- The list has no statistics, and its keys are few: each is looked up by its index.
  SET enable_hashjoin = off SET enable_mergejoin = off AS $fix$
DECLARE
  _o record;
  _knows boolean;
BEGIN
  -- The same number may be two observations of two portals; the same version and day of entry as well is one.
  FOR _o IN
    WITH part AS (
      SELECT w.id FROM {{repair}}.work_item AS w
       WHERE w.table_name = 'observations_json' AND w.action = 'insert' AND w.site = _site
       LIMIT 200
    )
    SELECT m.site::text AS site
      FROM part AS s
      JOIN {{check}}.observations_json AS c ON c.id = s.id AND c.site = _site
      JOIN {{main}}.observations_json AS m ON m.id = s.id AND m.site <> _site
     WHERE m.update_ts = c.update_ts
       AND {{repair}}.readable(m.item) #>> '{observers,0,insert_date}' = {{repair}}.readable(c.item) #>> '{observers,0,insert_date}'
     GROUP BY m.site
    HAVING 2 * count(*) > (SELECT count(*) FROM part)
     ORDER BY count(*) DESC
  LOOP
    -- A site that both synchronisations have is another site.
    SELECT EXISTS (SELECT FROM {{check}}.observations_json AS c WHERE c.site = _o.site) INTO _knows;
    IF NOT _knows THEN
      RETURN _o.site;
    END IF;
  END LOOP;
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.other_name(text) IS
  'The name under which main has most of the observations that it seems to lack of a site, or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.hold_unknown_sites(_run bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _shown constant integer := 1000; -- the others say nothing more
  _s record;
  _other text;
  _names text[];
  _message text;
  _held text[] := '{}'::text[];
BEGIN
  FOR _s IN
    SELECT w.site::text COLLATE "default" AS site, count(*) AS n,
           bool_or(w.table_name = 'observations_json' AND w.action = 'update') AS is_known
      FROM {{repair}}.work_item AS w
     WHERE w.action <> 'delete' AND w.site <> '' AND w.run = _run
     GROUP BY w.site
  LOOP
    _other := {{repair}}.other_name(_s.site);
    CONTINUE WHEN _other IS NULL AND (_s.is_known OR {{repair}}.main_knows_site(_s.site));
    _names := coalesce(_names, {{repair}}.main_sites());
    _message := CASE WHEN _other IS NULL THEN format('main has no site %s; its sites are: %s', _s.site, array_to_string(_names, ', '))
                     ELSE format('main has these observations under the site %s', _other) END;
    WITH gone AS (
           DELETE FROM {{repair}}.work_item AS w
            WHERE w.action <> 'delete' AND w.site = _s.site COLLATE "C" AND w.run = _run RETURNING w.*)
    INSERT INTO {{repair}}.held_back AS h
      (table_name, action, id, site, key, reason, cause, message, check_update_ts, main_update_ts, run)
    SELECT table_name, action, id, site, key, reason, 'unknown site', _message, check_update_ts, main_update_ts, _run
      FROM gone LIMIT _shown
    ON CONFLICT ON CONSTRAINT held_back_pk DO UPDATE SET
      reason = EXCLUDED.reason, cause = EXCLUDED.cause, message = EXCLUDED.message, run = EXCLUDED.run,
      check_update_ts = EXCLUDED.check_update_ts, main_update_ts = EXCLUDED.main_update_ts;
    IF _s.n > _shown THEN
      -- In no list now: the next run has to look at everything.
      INSERT INTO {{repair}}.journal_gap (reason) VALUES ('unknown site: ' || left(_s.site, 60));
    END IF;
    PERFORM {{repair}}.note_problem(_run, jsonb_build_object(
      'problem', 'unknown site', 'site', _s.site, 'rows', _s.n, 'main', _names, 'other', _other));
    UPDATE {{repair}}.run
       SET message = concat_ws('; ', message, format('site %s: nothing was written, since %s', _s.site, _message)) WHERE id = _run;
    _held := _held || _s.site;
  END LOOP;
  RETURN _held;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.hold_unknown_sites(bigint) IS
  'Leaves to people what is queued for a site that main does not know, or knows under another name; returns these sites.';

CREATE OR REPLACE FUNCTION {{repair}}.hold_long_sites(
  _run bigint, _longest integer, _ids bigint[], _sites text[], _actions {{repair}}.action[], _check_ts bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
BEGIN
  -- The lists' indexes cannot hold such a name: its beginning and a hash stand for it.
  INSERT INTO {{repair}}.held_back AS h (table_name, action, id, site, reason, cause, message, check_update_ts, run)
  SELECT 'observations_json', u.action, u.id, left(u.site, 60) || '… ' || md5(u.site),
         (CASE u.action WHEN 'insert' THEN 'missing' ELSE 'older' END)::{{repair}}.reason, 'site too long',
         format('the name of its site has %s bytes, more than %s', octet_length(u.site), _longest), u.check_ts, _run
    FROM unnest(_ids, _sites, _actions, _check_ts) AS u (id, site, action, check_ts)
  ON CONFLICT ON CONSTRAINT held_back_pk DO UPDATE SET run = EXCLUDED.run, check_update_ts = EXCLUDED.check_update_ts;
  PERFORM {{repair}}.note_problem(_run, jsonb_build_object('problem', 'site too long', 'rows', cardinality(_ids)));
END
$fix$;
COMMENT ON FUNCTION {{repair}}.hold_long_sites(bigint, integer, bigint[], text[], {{repair}}.action[], bigint[]) IS
  'Leaves to people the observations whose site''s name is too long for the lists.';
