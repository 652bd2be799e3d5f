CREATE OR REPLACE FUNCTION {{repair}}.path_creators() RETURNS TABLE (schema name, role name)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT n.nspname, r.rolname
    FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
   WHERE n.nspname = ANY ({{repair}}.trigger_path()) AND a.privilege_type = 'CREATE'
     AND a.grantee <> n.nspowner AND NOT r.rolsuper
     -- It may write main's triggers themselves.
     AND a.grantee <> (SELECT c.relowner FROM pg_class AS c
                        WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relname = 'observations_json');
$fix$;
COMMENT ON FUNCTION {{repair}}.path_creators() IS
  'Roles that could put a function of their own where main''s triggers look for one, and so act as the repair.';

CREATE OR REPLACE FUNCTION {{repair}}.remedy_of(_p jsonb) RETURNS TABLE (problem text, remedy text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format('main''s triggers need a right that %s has not', _p ->> 'role'),
         format('%s; -- or repair.extraGrants; with repair.runAs: %s none of these', s, _p ->> 'owner')
    FROM jsonb_array_elements_text(_p -> 'statements') AS s WHERE _p ->> 'problem' = 'rights'
   UNION ALL
  SELECT format('%s: %s (%s)', _p ->> 'table', _p ->> 'said', _p ->> 'sqlstate'),
         CASE WHEN _p ->> 'sqlstate' = '42501' THEN format(
                'give the role %s what it lacks: repair.extraGrants, or as main''s owner the statements of handover()', _p ->> 'role')
              WHEN _p ->> 'sqlstate' = '42883' THEN 'name the schema of that function in repair.triggerSearchPath'
              WHEN _p ->> 'sqlstate' = '55P03' THEN 'a row was locked: try again'
              ELSE 'see what the trigger of main refuses in a copy of an existing row' END
   WHERE _p ->> 'problem' = 'trial refused'
   UNION ALL
  SELECT format('main''s triggers do something else for %s than for main''s owner %s, in: %s', _p ->> 'role', _p ->> 'owner',
                (SELECT string_agg(w, ', ') FROM jsonb_array_elements_text(_p -> 'where') AS w)),
         format('repair.runAs: %s', _p ->> 'owner')
   WHERE _p ->> 'problem' = 'other outcome'
   UNION ALL
  SELECT w.problem, w.remedy FROM {{repair}}.why_not_compared(_p) AS w WHERE _p ->> 'problem' = 'not compared';
$fix$;
COMMENT ON FUNCTION {{repair}}.remedy_of(jsonb) IS 'A problem that trying rows in main has shown, and what to do.';

CREATE OR REPLACE FUNCTION {{repair}}.preflight(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _found jsonb;
BEGIN
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.watch_faults() AS f;
  RETURN QUERY
    SELECT format('%s may create functions and operators in the schema %I, where main''s triggers look for theirs: '
                  'these would run with the rights of the repair', c.role, c.schema),
           format('REVOKE CREATE ON SCHEMA %I FROM %I; -- or name other schemas in repair.triggerSearchPath', c.schema, c.role)
      FROM {{repair}}.path_creators() AS c;
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.run_faults() AS f;
  IF FOUND THEN
    RETURN; -- what follows would only fail of it
  END IF;
  PERFORM {{repair}}.renew_client_tables();
  -- A caller with a short statement_timeout is told what came out last, while triggers and rights are the same.
  SELECT t.problems INTO _found FROM {{repair}}.trial AS t
   WHERE t.fingerprint = {{repair}}.trial_fingerprint()
     AND current_setting('statement_timeout')::interval BETWEEN interval '1 millisecond' AND interval '30 seconds';
  RETURN QUERY
    SELECT r.problem, r.remedy
      FROM jsonb_array_elements(coalesce(_found, {{repair}}.try_main())) AS p CROSS JOIN LATERAL {{repair}}.remedy_of(p) AS r;
EXCEPTION WHEN OTHERS THEN
  problem := format('%s (%s)', {{repair}}.with_holders(SQLSTATE, SQLERRM), SQLSTATE);
  remedy := CASE SQLSTATE
    WHEN '55P03' THEN 'ask again when it has ended'
    WHEN '55000' THEN 'ask again then'
    ELSE format('give the role %s what it lacks: repair.extraGrants, or as main''s owner the statements of handover()', current_user) END;
  RETURN NEXT;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.preflight() IS
  'Tries rows of each kind in main as the repair would, and as main''s owner, all rolled back; a row for each thing that lacks or differs, with what to do.';
