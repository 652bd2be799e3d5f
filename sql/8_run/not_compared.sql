-- What trials cannot show is said, so that nobody takes silence for an answer.
CREATE OR REPLACE FUNCTION {{repair}}.functions_that(_what text) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
  SELECT array_agg(f.oid::regprocedure::text ORDER BY 1)
    FROM {{repair}}.trigger_functions() AS f
    JOIN pg_proc AS p ON p.oid = f.oid
   CROSS JOIN LATERAL (
     SELECT concat_ws(E';\n', regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*|/\*.*?\*/', ' ', 'g'),
              (SELECT string_agg(replace(pg_get_triggerdef(g.oid), 'EXECUTE FUNCTION', 'CALL'), ';')
                 FROM pg_trigger AS g WHERE g.tgfoid = p.oid))) AS t (body)
   WHERE CASE _what
     -- Compared with something, and not merely noted.
     WHEN 'login' THEN t.body ~* '\m(if|elsif|when|where|and|or|case)\M((?!\mthen\M)[^;])*\m(session_user|session_authorization|application_name|inet_client_addr|inet_client_port)\M'
     WHEN 'outside' THEN t.body ~* '\mdblink\w*\s*\(|\mto\s+program\M|\mpg_background_launch\M'
     ELSE NOT f.has_its_own AND (NOT f.is_read OR t.body ~* '\mexecute\M') END;
$fix$;
COMMENT ON FUNCTION {{repair}}.functions_that(text) IS
  'Functions of main''s triggers that go by who is connected (login), act outside the transaction (outside), or run statements that they put together (dynamic).';

CREATE OR REPLACE FUNCTION {{repair}}.unseen_tables(_outcomes jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT array_agg(DISTINCT t.key ORDER BY t.key)
    FROM jsonb_array_elements(_outcomes) AS o
   CROSS JOIN LATERAL jsonb_each(o - 'error') AS s
   CROSS JOIN LATERAL jsonb_each(s.value) AS t
   WHERE (t.value -> 'rows' ->> 0)::bigint
         > (SELECT coalesce(max(jsonb_array_length(c.value)), 0) FROM jsonb_each(t.value -> 'columns') AS c);
$fix$;
COMMENT ON FUNCTION {{repair}}.unseen_tables(jsonb) IS
  'Tables to which trials have written more rows than were found again: large ones, and those that may not be read.';

CREATE OR REPLACE FUNCTION {{repair}}.not_compared(
  _trials jsonb, _mine jsonb, _theirs jsonb, _owner name, _outside text[], _told boolean) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
DECLARE
  _o record;
BEGIN
  IF NOT EXISTS (SELECT FROM {{repair}}.client_table WHERE has_triggers) THEN
    RETURN;
  END IF;
  FOR _o IN
    SELECT v.why, v.names
      FROM (VALUES
        ('outside', _outside),
        ('login', {{repair}}.functions_that('login')),
        ('superuser', CASE WHEN _theirs IS NULL AND _owner <> current_user AND _outside IS NULL
                            AND (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = _owner) THEN ARRAY[_owner::text] END),
        ('no right', CASE WHEN _theirs IS NULL AND _owner <> current_user AND _outside IS NULL
                           AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = _owner) THEN ARRAY[_owner::text] END),
        -- Main's owner is refused every row, and not for want of rights: another role may be main's synchronisation then.
        ('refused', (SELECT array_agg(x.name ORDER BY x.name)
                       FROM (SELECT t.value ->> 'table' AS name
                               FROM jsonb_array_elements(_trials) WITH ORDINALITY AS t (value, n)
                               JOIN jsonb_array_elements(_theirs) WITH ORDINALITY AS o (value, n) USING (n)
                               JOIN {{repair}}.client_table AS c ON c.table_name = t.value ->> 'table' AND c.has_triggers
                              GROUP BY 1 HAVING bool_and(coalesce(o.value #>> '{error,sqlstate}', '42501') <> '42501')) AS x)),
        ('slow', CASE WHEN jsonb_array_length(_mine) < jsonb_array_length(_trials)
                      THEN ARRAY[format('%s/%s', jsonb_array_length(_mine), jsonb_array_length(_trials))] END),
        ('unseen', CASE WHEN _theirs IS NOT NULL THEN {{repair}}.unseen_tables(_theirs) END),
        ('dynamic', CASE WHEN _owner <> current_user THEN {{repair}}.functions_that('dynamic') END)) AS v (why, names)
     -- What lacks, and is told already, may be the cause.
     WHERE v.names IS NOT NULL AND NOT (_told AND v.why IN ('refused', 'unseen', 'dynamic'))
  LOOP
    RETURN NEXT jsonb_build_object('problem', 'not compared', 'why', _o.why, 'names', _o.names, 'role', current_user, 'owner', _owner);
  END LOOP;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.not_compared(jsonb, jsonb, jsonb, name, text[], boolean) IS
  'What trials of rows in main have not shown, and why.';

CREATE OR REPLACE FUNCTION {{repair}}.why_not_compared(_p jsonb, OUT problem text, OUT remedy text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT format(CASE _p ->> 'why'
           WHEN 'outside' THEN 'no row was tried in main: its triggers act outside the transaction, which cannot be rolled back (%1$s)'
           WHEN 'login' THEN 'main''s triggers go by who is connected (%1$s), and that is never main''s own synchronisation in a repair: not compared'
           WHEN 'superuser' THEN 'what main''s triggers do for %2$s was not compared with what they do for main''s owner: %1$s is a superuser'
           WHEN 'no right' THEN 'what main''s triggers do for %2$s was not compared with what they do for main''s owner: the administrator may not act for %1$s'
           WHEN 'refused' THEN 'what main''s triggers do for %2$s was not compared: main refuses its owner each row that is tried (%1$s)'
           WHEN 'slow' THEN 'main''s triggers are slow: of the rows to be tried there was time for %1$s'
           WHEN 'unseen' THEN 'not all rows that main''s triggers write were found again to be compared: %1$s is large, or may not be read'
           ELSE 'main''s triggers run statements that they put together (%1$s): the rights that these need cannot be known before a row asks for them' END,
           n.names, _p ->> 'role'),
         format(CASE
           WHEN _p ->> 'why' IN ('unseen', 'dynamic', 'no right') THEN 'with repair.runAs: %3$s nothing is left to compare or to grant%4$s'
           WHEN _p ->> 'why' = 'login' THEN 'let them ask current_user, and set repair.runAs: %3$s; or, if what they do otherwise may be, SELECT {{repair}}.accept_trial()'
           WHEN _p ->> 'why' = 'superuser' THEN 'give main to a role that is no superuser (ALTER SCHEMA {{main}} OWNER TO …; REASSIGN OWNED), then pulumi up; or look at rows that the repair has written, then SELECT {{repair}}.accept_trial()'
           ELSE 'look at rows that the repair has written; if they are right, SELECT {{repair}}.accept_trial()' END,
           n.names, _p ->> 'role', _p ->> 'owner',
           CASE _p ->> 'why' WHEN 'no right' THEN format('; or GRANT %I TO the login of database.adminUser, then pulumi up', _p ->> 'owner') END)
    FROM (SELECT string_agg(w, ', ') AS names FROM jsonb_array_elements_text(_p -> 'names') AS w) AS n;
$fix$;
COMMENT ON FUNCTION {{repair}}.why_not_compared(jsonb) IS 'The same in words, and what to do.';
