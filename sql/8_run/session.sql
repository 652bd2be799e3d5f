-- What the routines that commit rest on. They may have no SET clause, so each of their transactions begins with
-- next_transaction, which says it anew and for that transaction alone: the caller's session is as it was.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
BEGIN
  EXECUTE replace($sql$
CREATE OR REPLACE FUNCTION {{repair}}.settle_session() RETURNS void
LANGUAGE plpgsql SECURITY INVOKER AS $body$
BEGIN
  -- First, and without an operator: from here on each of them is the server's.
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  PERFORM @settings@;
  -- Whoever holds a table of ours is to be named; a batch waits for less.
  PERFORM set_config('lock_timeout', '60s', true);
  IF current_setting('session_replication_role') <> 'origin' THEN
    BEGIN
      PERFORM set_config('session_replication_role', 'origin', true);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'session_replication_role is % in this session: main''s own triggers would not fire',
        current_setting('session_replication_role')
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = format('As a superuser: ALTER ROLE %I RESET session_replication_role; '
                            'ALTER DATABASE %I RESET session_replication_role;', session_user, current_database());
    END;
  END IF;
END
$body$ $sql$, '@settings@',
    (SELECT string_agg(
              CASE WHEN _i #> '{session,optional}' ? key
                   THEN format('CASE WHEN current_setting(%1$L, true) IS NOT NULL THEN set_config(%1$L, %2$L, true) END',
                               key, value)
                   ELSE format('set_config(%L, %L, true)', key, value) END, E',\n    ' ORDER BY key)
       FROM jsonb_each_text((_i #> '{session,meaning}') || (_i #> '{session,ending}') || (_i #> '{session,optional}'))));
END
$fix$;
COMMENT ON FUNCTION {{repair}}.settle_session() IS
  'What our statements rest on, for this transaction: how values are read and written, and nobody else''s time-outs.';

CREATE OR REPLACE PROCEDURE {{repair}}.next_transaction()
LANGUAGE plpgsql SECURITY INVOKER AS $fix$
BEGIN
  COMMIT;
  -- Has to be the first thing in it: a database may make them read-only or serializable by default.
  SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE;
  PERFORM {{repair}}.settle_session();
END
$fix$;
COMMENT ON PROCEDURE {{repair}}.next_transaction() IS 'Commits, and begins the next transaction of a repair as it has to be.';

CREATE OR REPLACE FUNCTION {{repair}}.ended_by_timeout(_sqlstate text, _timeout interval) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fix$
  -- statement_timeout counts from the CALL on and cannot be taken back within it, but it strikes only once. A person
  -- who cancels is obeyed, but for the moment in which it is due.
  SELECT _sqlstate = '57014' AND _timeout > interval '0'
     AND clock_timestamp() - statement_timestamp() BETWEEN _timeout AND _timeout + interval '10 seconds';
$fix$;
COMMENT ON FUNCTION {{repair}}.ended_by_timeout(text, interval) IS
  'Was a step cancelled by the statement_timeout that the caller''s session had? Then it is done again.';

CREATE OR REPLACE FUNCTION {{repair}}.as_main() RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _s record;
BEGIN
  FOR _s IN
    SELECT DISTINCT ON (lower(c.name)) c.name, c.value
      FROM pg_db_role_setting AS d
     CROSS JOIN LATERAL (
       SELECT split_part(line, '=', 1), substr(line, strpos(line, '=') + 1) FROM unnest(d.setconfig) AS line) AS c (name, value)
     WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND d.setrole IN (0, coalesce(
             (SELECT r.oid FROM {{repair}}.settings AS s JOIN pg_roles AS r ON r.rolname = s.main_sync_logins[1]),
             (SELECT relowner FROM pg_class WHERE relname = 'observations_json' AND relnamespace = '{{main}}'::regnamespace)))
       AND lower(c.name) IN ('timezone', 'datestyle', 'intervalstyle', 'standard_conforming_strings', 'bytea_output',
                             'extra_float_digits', 'xmloption', 'array_nulls', 'transform_null_equals',
                             'quote_all_identifiers', 'lc_time', 'lc_numeric', 'lc_monetary', 'default_text_search_config')
     ORDER BY lower(c.name), d.setrole = 0, d.setdatabase = 0
  LOOP
    PERFORM set_config(_s.name, _s.value, true);
  END LOOP;
  -- As the client's driver says at each connection; the order of day and month stays.
  PERFORM set_config('datestyle', 'ISO', true);
END
$fix$;
COMMENT ON FUNCTION {{repair}}.as_main() IS
  'For this transaction, main''s triggers find the settings of main''s own synchronisation: time zone, order of day and month …';
