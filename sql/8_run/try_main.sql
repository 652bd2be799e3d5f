CREATE OR REPLACE FUNCTION {{repair}}.outcome(_trial jsonb) RETURNS TABLE (step text, what text, value jsonb)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT s.key, t.key, t.value -> 'rows' FROM jsonb_each(_trial - 'error') AS s CROSS JOIN LATERAL jsonb_each(s.value) AS t
   WHERE t.value ? 'rows'
   UNION ALL
  SELECT s.key, t.key || '.' || c.key, c.value
    FROM jsonb_each(_trial - 'error') AS s CROSS JOIN LATERAL jsonb_each(s.value) AS t
   CROSS JOIN LATERAL jsonb_each(t.value -> 'columns') AS c;
$fix$;
COMMENT ON FUNCTION {{repair}}.outcome(jsonb) IS 'What came of a trial, as rows: a table, or a column of one.';

CREATE OR REPLACE FUNCTION {{repair}}.different_outcomes(_mine jsonb[], _theirs jsonb[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  -- Each was tried twice: what differs between the two tries of one role (a clock, a number of a sequence, a random
  -- uuid) is compared by whether it is there at all.
  WITH t AS (
    SELECT m1.n, m1.v AS m1, m2.v AS m2, t1.v AS t1, t2.v AS t2
      FROM jsonb_array_elements(_mine[1]) WITH ORDINALITY AS m1 (v, n)
      JOIN jsonb_array_elements(_mine[2]) WITH ORDINALITY AS m2 (v, n) USING (n)
      JOIN jsonb_array_elements(_theirs[1]) WITH ORDINALITY AS t1 (v, n) USING (n)
      JOIN jsonb_array_elements(_theirs[2]) WITH ORDINALITY AS t2 (v, n) USING (n)
     WHERE NOT (m1.v ? 'error' OR m2.v ? 'error' OR t1.v ? 'error' OR t2.v ? 'error')
  ), o AS (
    SELECT t.n, 'm1' AS try, o.* FROM t CROSS JOIN LATERAL {{repair}}.outcome(t.m1) AS o UNION ALL
    SELECT t.n, 'm2', o.* FROM t CROSS JOIN LATERAL {{repair}}.outcome(t.m2) AS o UNION ALL
    SELECT t.n, 't1', o.* FROM t CROSS JOIN LATERAL {{repair}}.outcome(t.t1) AS o UNION ALL
    SELECT t.n, 't2', o.* FROM t CROSS JOIN LATERAL {{repair}}.outcome(t.t2) AS o
  ), p AS (
    SELECT o.n, o.step, o.what,
           jsonb_agg(o.value) FILTER (WHERE o.try = 'm1') AS m1, jsonb_agg(o.value) FILTER (WHERE o.try = 'm2') AS m2,
           jsonb_agg(o.value) FILTER (WHERE o.try = 't1') AS t1, jsonb_agg(o.value) FILTER (WHERE o.try = 't2') AS t2
      FROM o GROUP BY o.n, o.step, o.what
  ), q AS (
    SELECT p.*, jsonb_array_length(jsonb_path_query_array(p.m1, '$[*][*] ? (@ != null)')) AS m1n,
           jsonb_array_length(jsonb_path_query_array(p.m2, '$[*][*] ? (@ != null)')) AS m2n,
           jsonb_array_length(jsonb_path_query_array(p.t1, '$[*][*] ? (@ != null)')) AS t1n,
           jsonb_array_length(jsonb_path_query_array(p.t2, '$[*][*] ? (@ != null)')) AS t2n
      FROM p
  )
  SELECT coalesce(array_agg(DISTINCT q.what ORDER BY q.what), '{}')
    FROM q
   WHERE q.m1 IS NOT DISTINCT FROM q.m2 AND q.t1 IS NOT DISTINCT FROM q.t2 AND q.m1 IS DISTINCT FROM q.t1
      OR q.m1n IS NOT DISTINCT FROM q.m2n AND q.t1n IS NOT DISTINCT FROM q.t2n AND q.m1n IS DISTINCT FROM q.t1n;
$fix$;
COMMENT ON FUNCTION {{repair}}.different_outcomes(jsonb[], jsonb[]) IS
  'Where what came out for the repair is not what came out for main''s owner: tables and columns.';

CREATE OR REPLACE FUNCTION {{repair}}.try_main() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c
                   WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relname = 'observations_json');
  _outside text[] := {{repair}}.functions_that('outside');
  _compares boolean := _owner <> current_user AND {{repair}}.can_compare() AND _outside IS NULL
    AND EXISTS (SELECT FROM {{repair}}.client_table WHERE has_triggers);
  _roles text[] := ARRAY[_owner, current_user]::text[];
  _trials jsonb := CASE WHEN _outside IS NULL THEN {{repair}}.trials() ELSE '[]' END;
  _mine jsonb[];
  _theirs jsonb[];
  _found jsonb := '[]'::jsonb;
  _denied boolean;
  _grants text[];
  _where text[];
  _t record;
BEGIN
  PERFORM {{repair}}.expect_no_temporary_object();
  PERFORM {{repair}}.as_main();
  FOR _try IN 1 .. CASE WHEN _compares THEN 2 ELSE 1 END LOOP
    IF _compares THEN
      _theirs[_try] := {{repair}}.try_as_main_owner(_trials, _roles);
    END IF;
    _mine[_try] := {{repair}}.try_as_repair(_trials, _roles);
  END LOOP;
  _denied := jsonb_path_exists(_mine[1], '$[*].error.sqlstate ? (@ == "42501")');

  SELECT array_agg(g) INTO _grants
    FROM {{repair}}.trigger_grants(CASE WHEN _compares AND _denied THEN _theirs[1] ELSE '[]' END) AS g;
  IF _grants IS NOT NULL THEN
    _found := _found || jsonb_build_object('problem', 'rights', 'statements', to_jsonb(_grants), 'role', current_user,
                                           'owner', _owner, 'denied', _denied);
  END IF;
  FOR _t IN
    SELECT DISTINCT t.value ->> 'table' AS name, m.value #>> '{error,sqlstate}' AS sqlstate, m.value #>> '{error,message}' AS message
      FROM jsonb_array_elements(_trials) WITH ORDINALITY AS t (value, n)
      JOIN jsonb_array_elements(_mine[1]) WITH ORDINALITY AS m (value, n) USING (n)
      LEFT JOIN jsonb_array_elements(_theirs[1]) WITH ORDINALITY AS o (value, n) USING (n)
     WHERE m.value ? 'error'
       -- What main's owner is refused too lies in the copy that is tried, or is meant; but for names that are not found:
       -- both look for them where repair.triggerSearchPath says.
       AND (m.value #>> '{error,sqlstate}' IS DISTINCT FROM o.value #>> '{error,sqlstate}'
            OR m.value #>> '{error,sqlstate}' IN ('42501', '42883', '42P01', '42704'))
       -- A row that somebody just has: each of the two is tried at another time.
       AND NOT (t.value ->> 'id' IS NULL AND m.value #>> '{error,sqlstate}' IN ('55P03', '40P01'))
       AND NOT (m.value #>> '{error,sqlstate}' = '42501' AND _grants IS NOT NULL)
     LIMIT 20
  LOOP
    _found := _found || jsonb_build_object('problem', 'trial refused', 'table', _t.name, 'sqlstate', _t.sqlstate,
                                           'said', _t.message, 'role', current_user);
  END LOOP;
  _where := CASE WHEN _compares THEN {{repair}}.different_outcomes(_mine, _theirs) ELSE '{}' END;
  IF _where <> '{}' THEN
    _found := _found || jsonb_build_object('problem', 'other outcome', 'where', to_jsonb(_where), 'role', current_user, 'owner', _owner);
  END IF;
  SELECT _found || coalesce(jsonb_agg(n), '[]') INTO _found
    FROM {{repair}}.not_compared(_trials, _mine[1], _theirs[1], _owner, _outside, _found <> '[]') AS n;
  IF _trials = '[]' AND _outside IS NULL THEN
    DELETE FROM {{repair}}.trial; -- no row of either copy yet: that has shown nothing
    RETURN _found;
  END IF;
  DELETE FROM {{repair}}.trial WHERE fingerprint <> {{repair}}.trial_fingerprint();
  UPDATE {{repair}}.trial SET at = clock_timestamp(), problems = _found;
  IF NOT FOUND THEN
    INSERT INTO {{repair}}.trial (fingerprint, problems) VALUES ({{repair}}.trial_fingerprint(), _found);
  END IF;
  RETURN _found;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.try_main() IS
  'Tries rows of each kind in main, as the repair and, where that can be, as main''s owner; what lacks and what differs.';
