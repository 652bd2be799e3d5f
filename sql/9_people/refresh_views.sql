CREATE OR REPLACE FUNCTION {{repair}}.refresh_views() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _before text := current_setting('lock_timeout');
  _view record;
  _name regclass;
  _any boolean := EXISTS (SELECT FROM {{repair}}.difference);
BEGIN
  -- Behind a dump that reads a view, filling it for the first time would wait, and readers behind it.
  PERFORM set_config('lock_timeout', '5s', true);
  FOR _view IN
    SELECT c.oid::regclass AS name, c.relispopulated FROM pg_class AS c
     WHERE c.relnamespace = '{{check}}'::regnamespace AND c.relkind = 'm'
       AND c.relname IN ('mv_data_missing_or_not_updated', 'qgis_data') ORDER BY c.relname
  LOOP
    _name := _view.name;
    IF NOT _view.relispopulated THEN
      EXECUTE format('REFRESH MATERIALIZED VIEW %s', _view.name); -- CONCURRENTLY wants a filled one
      CONTINUE;
    END IF;
    IF NOT _any THEN
      -- Nothing open, before and now: nothing to refresh.
      EXECUTE format('SELECT EXISTS (SELECT FROM %s)', _view.name) INTO _any;
      CONTINUE WHEN NOT _any;
    END IF;
    EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s', _view.name);
  END LOOP;
  PERFORM set_config('lock_timeout', _before, true);
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  -- What people look at must not undo what was repaired.
  RETURN {{repair}}.with_holders(SQLSTATE, SQLERRM, _name);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.refresh_views() IS 'Refreshes the views without blocking readers; returns what went wrong, or NULL.';
