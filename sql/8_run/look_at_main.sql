CREATE OR REPLACE FUNCTION {{repair}}.trial_fingerprint() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  -- Main's triggers by the fingerprints of its tables; then whatever they may call, see and write to, by its rights.
  SELECT md5(concat_ws(' ',
    (SELECT string_agg(concat(t.columns_seen, t.triggers_seen), ' ' ORDER BY t.position) FROM {{repair}}.client_table AS t),
    (SELECT string_agg(concat(c.oid, c.relacl), ' ' ORDER BY c.oid) FROM pg_class AS c
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relnamespace NOT IN (
        'pg_catalog'::regnamespace, 'information_schema'::regnamespace, '{{repair}}'::regnamespace, 'pg_toast'::regnamespace)
        AND c.relpersistence <> 't'),
    (SELECT string_agg(concat(n.oid, n.nspacl), ' ' ORDER BY n.oid) FROM pg_namespace AS n WHERE n.nspname !~ '^pg_'),
    (SELECT string_agg(concat(p.oid, p.xmin), ' ' ORDER BY p.oid) FROM pg_proc AS p
      WHERE p.pronamespace NOT IN (
        'pg_catalog'::regnamespace, 'information_schema'::regnamespace, '{{repair}}'::regnamespace)),
    (SELECT string_agg(concat(m.roleid, ' ', m.member), ' ' ORDER BY m.roleid, m.member) FROM pg_auth_members AS m),
    current_user, {{repair}}.can_compare()));
$fix$;
COMMENT ON FUNCTION {{repair}}.trial_fingerprint() IS
  'Another one means that main''s triggers, or what they may do, have changed: then rows are tried again.';

CREATE OR REPLACE FUNCTION {{repair}}.look_at_main(_run bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _trial {{repair}}.trial;
  _p jsonb;
  _refused text;
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.client_table WHERE has_triggers) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO _trial FROM {{repair}}.trial WHERE fingerprint = {{repair}}.trial_fingerprint();
  IF NOT FOUND THEN
    _trial.problems := {{repair}}.try_main();
  END IF;
  FOR _p IN SELECT p FROM jsonb_array_elements(_trial.problems) AS p LOOP
    IF _p ->> 'problem' = 'other outcome' THEN
      CONTINUE WHEN _trial.accepted_by IS NOT NULL;
      _refused := format('main''s triggers do something else for %s than for main''s owner %s, in: %s. Nothing was written. '
        'Set repair.runAs: %s; or give %s the same rights; or, if that may be, SELECT {{repair}}.accept_trial()',
        _p ->> 'role', _p ->> 'owner', (SELECT string_agg(w, ', ') FROM jsonb_array_elements_text(_p -> 'where') AS w),
        _p ->> 'owner', _p ->> 'role');
    END IF;
    -- A right that no row has asked for is the preflight's to tell.
    CONTINUE WHEN _p ->> 'problem' = 'rights' AND NOT (_p ->> 'denied')::boolean;
    -- Nor what changes nothing as yet.
    CONTINUE WHEN _p ->> 'problem' = 'not compared' AND (_trial.accepted_by IS NOT NULL OR _p ->> 'why' IN ('slow', 'unseen', 'dynamic'));
    -- What a trigger says may quote the observation of somebody; errors of rights and names quote objects.
    PERFORM {{repair}}.note_problem(_run, CASE WHEN _p ->> 'sqlstate' LIKE '42%' THEN _p ELSE _p - 'said' END);
  END LOOP;
  RETURN _refused;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.look_at_main(bigint) IS
  'At a run''s beginning: what main''s triggers make of the repair''s rows, tried where they or the rights have changed. Why nothing may be written, or NULL.';

CREATE OR REPLACE FUNCTION {{repair}}.accept_trial() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  UPDATE {{repair}}.trial SET accepted_by = session_user;
$fix$;
COMMENT ON FUNCTION {{repair}}.accept_trial() IS
  'Says that what main''s triggers do otherwise for the repair than for main''s owner may be so, until they or the rights change.';
