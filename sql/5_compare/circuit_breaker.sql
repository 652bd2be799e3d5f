CREATE OR REPLACE FUNCTION {{repair}}.circuit_breaker(_accept bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _c record;
  _rows bigint;
  _limit bigint;
BEGIN
  FOR _c IN
    SELECT table_name, count(*) AS n FROM {{repair}}.work_item WHERE action <> 'delete' GROUP BY table_name
  LOOP
    CONTINUE WHEN _c.n <= greatest(_s.min_differences, _accept);
    -- Counted only where the planner's figure leaves it open.
    SELECT reltuples INTO _rows FROM pg_class WHERE oid = format('{{main}}.%I', _c.table_name)::regclass;
    IF _rows * _s.max_difference_share < 2 * _c.n THEN
      EXECUTE format('SELECT count(*) FROM {{main}}.%I', _c.table_name) INTO _rows;
    END IF;
    _limit := least(_s.max_differences, greatest(_s.min_differences, floor(_rows * _s.max_difference_share)));
    IF _c.n > greatest(_limit, _accept) THEN
      RETURN format(
        '%s rows of %s differ, more than %s may be repaired without being asked (%s rows, %s %% of main''s %s). '
        'Nothing was written. If this is right: %s repair --accept %s',
        CASE WHEN _c.n > _s.max_differences AND _c.n > _accept THEN 'At least ' || _c.n ELSE _c.n::text END,
        _c.table_name, _limit, _s.max_differences, 100 * _s.max_difference_share, _rows,
        'vn-check' || CASE WHEN _s.instance <> 'default' THEN '-' || _s.instance ELSE '' END,
        CASE WHEN _c.n > _s.max_differences THEN 10 * _c.n ELSE _c.n END);
    END IF;
  END LOOP;
  RETURN NULL;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.circuit_breaker(bigint) IS 'Why this run may not write, or NULL.';
