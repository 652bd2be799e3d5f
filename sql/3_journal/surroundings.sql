-- What a run finds around it is nearly always what the last one found, and to look at all of it takes longer than the
-- rest of a run that has nothing to do. So this opens few catalogs, and the rarer ones only where there is something.
CREATE OR REPLACE FUNCTION {{repair}}.surroundings() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _schemas oid[];
  _t record;
  _tables oid[];
  _rest text;
BEGIN
  SELECT array_agg(n.oid), count(*) FILTER (WHERE has_schema_privilege(n.oid, 'USAGE')) INTO _schemas, _rest
    FROM {{repair}}.settings AS s
    JOIN pg_namespace AS n ON n.nspname IN (s.main_schema, s.check_schema, btrim('{{repair}}', '"'));
  -- Whoever changes a row of a catalog leaves the number of his transaction in it: one row more or less, or another
  -- number, is another sum.
  SELECT array_agg(c.oid) AS oids, bool_or(c.relrowsecurity) AS policies, bool_or(c.relhasrules) AS rules,
         bool_or(c.relhassubclass) AS children,
         concat_ws(' ', count(*), sum(c.xmin::text::bigint),
           -- Roles lend rights to each other.
           count(*) FILTER (WHERE has_table_privilege(c.oid, 'SELECT')), count(*) FILTER (WHERE has_table_privilege(c.oid, 'INSERT')),
           count(*) FILTER (WHERE has_table_privilege(c.oid, 'UPDATE')), count(*) FILTER (WHERE has_table_privilege(c.oid, 'DELETE'))) AS seen
    INTO _t
    FROM pg_class AS c
   WHERE c.relnamespace = ANY (_schemas)
     AND (c.relrowsecurity OR c.relname = ANY (ARRAY(SELECT w.table_name FROM {{repair}}.client_table AS w)));
  IF _t.policies THEN
    RETURN NULL; -- they may ask anything
  END IF;
  _tables := _t.oids;
  IF _t.children THEN
    _tables := _tables || ARRAY(
      WITH RECURSIVE heirs AS (
        SELECT i.inhrelid AS oid FROM pg_inherits AS i WHERE i.inhparent = ANY (_tables)
         UNION
        SELECT i.inhrelid FROM heirs AS h JOIN pg_inherits AS i ON i.inhparent = h.oid)
      SELECT oid FROM heirs);
    _rest := concat_ws(' ', _rest, (SELECT sum(c.xmin::text::bigint) FROM pg_class AS c WHERE c.oid = ANY (_tables)));
  END IF;
  IF _t.rules THEN
    _rest := concat_ws(' ', _rest, (SELECT sum(r.xmin::text::bigint) FROM pg_rewrite AS r WHERE r.ev_class = ANY (_tables)));
  END IF;
  IF EXISTS (SELECT FROM pg_publication) THEN
    _rest := concat_ws(' ', _rest,
      (SELECT sum(p.xmin::text::bigint) FROM pg_publication AS p), (SELECT sum(p.xmin::text::bigint) FROM pg_publication_rel AS p),
      (SELECT sum(p.xmin::text::bigint) FROM pg_publication_namespace AS p));
  END IF;
  RETURN concat_ws(' ', _t.seen, _rest,
    (SELECT concat_ws(' ', count(*), sum(a.xmin::text::bigint)) FROM pg_attribute AS a WHERE a.attrelid = ANY (_tables) AND a.attnum > 0),
    (SELECT concat_ws(' ', count(*), sum(i.xmin::text::bigint)) FROM pg_index AS i WHERE i.indrelid = ANY (_tables)),
    (SELECT concat_ws(' ', count(*), sum(g.xmin::text::bigint), sum(p.xmin::text::bigint))
       FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid WHERE g.tgrelid = ANY (_tables)),
    -- In another cluster, as after pg_upgrade, all numbers are others.
    pg_postmaster_start_time());
END
$fix$;
COMMENT ON FUNCTION {{repair}}.surroundings() IS
  'What a run rests on, as numbers: tables, keys, triggers, rights, publications. The same: nothing has changed there. NULL: that cannot be said.';
