-- What main's triggers need, all at once: read from the texts of their functions, of those that these call, and of the
-- triggers on the tables that they write to. A function that is SECURITY DEFINER is not entered: it has its own rights.
CREATE OR REPLACE FUNCTION {{repair}}.trigger_path() RETURNS name[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
  SELECT string_to_array(replace(substr(s, 13), '"', ''), ', ')::name[]
    FROM pg_proc AS p CROSS JOIN unnest(p.proconfig) AS s
   WHERE p.oid = '{{repair}}.try_statement(text)'::regprocedure AND s LIKE 'search_path=%';
$fix$;
COMMENT ON FUNCTION {{repair}}.trigger_path() IS 'The schemas in which main''s triggers find what they name without a schema.';

CREATE OR REPLACE FUNCTION {{repair}}.named_in(_function oid)
RETURNS TABLE (kind text, oid oid, privilege text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
  WITH f AS (
    SELECT regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*|/\*.*?\*/', ' ', 'g') AS body,
           coalesce((SELECT string_to_array(replace(substr(s, 13), '"', ''), ', ')::name[]
                       FROM unnest(p.proconfig) AS s WHERE s LIKE 'search_path=%'), {{repair}}.trigger_path()) AS path
      FROM pg_proc AS p WHERE p.oid = _function
  ), statement AS (
    SELECT s.body, f.path FROM f CROSS JOIN LATERAL regexp_split_to_table(f.body, ';') AS s (body)
  ), said AS (
    -- A name, and what stands before it: with a schema anywhere, without one where a table can stand.
    SELECT lower(m[1]) AS before, m[2] AS name, s.path, coalesce(m[3], '') AS after,
           s.body ~* 'on\s+conflict\s*\(' AS by_key, s.body ~* 'do\s+update\s+set' AS updates
      FROM statement AS s, regexp_matches(s.body,
        '(insert\s+into\s+|delete\s+from\s+(?:only\s+)?|update\s+(?:only\s+)?|from\s+(?:only\s+)?|join\s+|using\s+|into\s+|table\s+)?'
        '((?:"[^"]+"|[[:alpha:]_][[:alnum:]_$]*)(?:\s*\.\s*(?:"[^"]+"|[[:alpha:]_][[:alnum:]_$]*))?)(?:\s*([(%]))?',
        'gi') AS m
  ), part AS (
    SELECT s.*, CASE WHEN s.name ~ '\.' THEN parse_ident(s.name, false)
                     ELSE NULL::text || parse_ident(s.name, false) END AS words
      FROM said AS s
  ), relation AS (
    SELECT DISTINCT ON (p.before, p.name, p.after, p.by_key, p.updates) p.before, c.oid, c.relkind, p.by_key, p.updates
      FROM part AS p
      JOIN pg_class AS c ON c.relname = p.words[2] AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = ANY (CASE WHEN p.words[1] IS NULL THEN p.path ELSE ARRAY[p.words[1]::name] END)
       AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     WHERE (p.words[1] IS NOT NULL OR p.before IS NOT NULL OR c.relkind = 'S') AND p.after <> '%'
     ORDER BY p.before, p.name, p.after, p.by_key, p.updates, array_position(p.path, n.nspname)
  )
  SELECT DISTINCT 'relation', r.oid, v.privilege
    FROM relation AS r
   CROSS JOIN LATERAL unnest(CASE
     WHEN r.relkind = 'S' THEN ARRAY['USAGE']
     WHEN r.before LIKE 'insert%' THEN ARRAY['INSERT']
       || CASE WHEN r.by_key THEN ARRAY['SELECT'] ELSE '{}' END
       || CASE WHEN r.updates THEN ARRAY['SELECT', 'UPDATE'] ELSE '{}' END
     WHEN r.before LIKE 'update%' THEN ARRAY['UPDATE', 'SELECT']
     WHEN r.before LIKE 'delete%' THEN ARRAY['DELETE', 'SELECT']
     ELSE ARRAY['SELECT'] END) AS v (privilege)
   UNION
  -- Numbers that defaults of a table take from a sequence.
  SELECT 'relation', d.refobjid, 'USAGE'
    FROM relation AS r
    JOIN pg_attrdef AS a ON a.adrelid = r.oid
    JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS s ON s.oid = d.refobjid AND s.relkind = 'S'
   WHERE r.before LIKE 'insert%'
   UNION
  SELECT 'function', q.oid, 'EXECUTE'
    FROM part AS p
    JOIN pg_proc AS q ON q.proname = p.words[2] AND q.prokind IN ('f', 'p')
    JOIN pg_namespace AS n ON n.oid = q.pronamespace AND n.nspname = ANY (CASE WHEN p.words[1] IS NULL THEN p.path ELSE ARRAY[p.words[1]::name] END)
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   WHERE p.after = '(' AND NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = q.oid AND d.deptype = 'e');
$fix$;
COMMENT ON FUNCTION {{repair}}.named_in(oid) IS
  'Tables, views, sequences and functions that a function''s text names, with the privilege that this asks for.';

CREATE OR REPLACE FUNCTION {{repair}}.trigger_functions() RETURNS TABLE (oid oid, has_its_own boolean, is_read boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
#variable_conflict use_column
DECLARE
  _open oid[] := ARRAY(
    SELECT DISTINCT g.tgfoid FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
     WHERE c.relnamespace = '{{main}}'::regnamespace AND c.relname IN (SELECT t.table_name FROM {{repair}}.client_table AS t)
       AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 20 <> 0);
  _done oid[] := '{}'::oid[];
  _next oid;
  _new oid[];
BEGIN
  WHILE cardinality(_open) > 0 AND cardinality(_done) < 300 LOOP
    _next := _open[1];
    _open := _open[2:];
    CONTINUE WHEN _next = ANY (_done);
    _done := _done || _next;
    SELECT p.oid, p.prosecdef, l.lanname IN ('plpgsql', 'sql') INTO oid, has_its_own, is_read
      FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang WHERE p.oid = _next;
    RETURN NEXT;
    CONTINUE WHEN has_its_own OR NOT is_read;
    SELECT coalesce(array_agg(DISTINCT x.oid), '{}') INTO _new
      FROM (SELECT n.oid FROM {{repair}}.named_in(_next) AS n WHERE n.kind = 'function'
             UNION ALL
            SELECT g.tgfoid FROM {{repair}}.named_in(_next) AS n JOIN pg_trigger AS g ON g.tgrelid = n.oid
             WHERE n.kind = 'relation' AND n.privilege IN ('INSERT', 'UPDATE', 'DELETE')
               AND NOT g.tgisinternal AND g.tgenabled <> 'D') AS x;
    _open := _open || _new;
  END LOOP;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.trigger_functions() IS
  'Main''s trigger functions, and what they call: has it rights of its own (SECURITY DEFINER), can its text be read?';

CREATE OR REPLACE FUNCTION {{repair}}.trigger_needs() RETURNS TABLE (kind text, oid oid, privilege text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $fix$
  SELECT CASE WHEN f.has_its_own THEN 'not needed' ELSE n.kind END, n.oid, n.privilege
    FROM {{repair}}.trigger_functions() AS f CROSS JOIN LATERAL {{repair}}.named_in(f.oid) AS n
   WHERE f.is_read AND (n.kind = 'relation' OR NOT f.has_its_own);
$fix$;
COMMENT ON FUNCTION {{repair}}.trigger_needs() IS
  'What main''s triggers use, and the privilege that each asks for; not needed: what a function with rights of its own uses.';
