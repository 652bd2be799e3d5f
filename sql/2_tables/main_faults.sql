-- What main's observations must be for a repair. Asked before anything is made, and by each run: main may have been
-- restored, made anew or altered since. By the catalog alone, as a cast to regclass fails where a name has gone.
CREATE OR REPLACE FUNCTION {{repair}}.main_faults(OUT problem text, OUT remedy text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fix$
DECLARE
  _schema constant text := btrim('{{main}}', '"');
  _name constant text := format('%I.observations_json', _schema);
  _c pg_class;
  _doubled text;
BEGIN
  SELECT c.* INTO _c FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relname = 'observations_json' AND n.nspname = _schema;
  IF NOT FOUND THEN
    problem := format('there is no table %s', _name);
    remedy := 'is the schema''s name right (database.mainSchema), and has Client-API-VN created its tables?';
    RETURN NEXT;
    RETURN;
  END IF;
  IF _c.relkind NOT IN ('r', 'p') THEN
    problem := format('%s is no table but a %s', _name,
      CASE _c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'relation' END);
    remedy := 'name the schema of the table itself in database.mainSchema';
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ') INTO problem
    FROM pg_partition_tree(_c.oid) AS p JOIN pg_class AS c ON c.oid = p.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind = 'f';
  IF problem IS NOT NULL THEN
    problem := format('%s has foreign tables among its partitions (%s): no key can hold across them', _name, problem);
    remedy := format('ALTER TABLE %s DETACH PARTITION …; name the schema of the copy that this server itself has in database.mainSchema', _name);
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY SELECT f.problem, f.remedy FROM {{repair}}.column_faults(_c.oid, _name) AS f;
  IF FOUND THEN
    RETURN;
  END IF;

  -- Only for whoever writes: the client's INSERT … ON CONFLICT, and RETURNING, cannot pass through a rule.
  SELECT string_agg(format('%I', r.rulename), ', '), string_agg(format('DROP RULE %I ON %s', r.rulename, _name), '; ')
    INTO problem, remedy
    FROM pg_rewrite AS r WHERE r.ev_class = _c.oid AND r.ev_type IN ('2', '3') AND r.ev_enabled <> 'D';
  IF problem IS NOT NULL THEN
    problem := format('%s has rules on INSERT or UPDATE (%s): nobody can insert ON CONFLICT then', _name, problem);
    remedy := format('let a trigger do what they do: %s', remedy);
    RETURN NEXT;
  END IF;
  IF _c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = _c.oid) THEN
    problem := format('other tables inherit from %s: its key does not hold across them', _name);
    remedy := 'partition it instead, by id or site';
    RETURN NEXT;
  END IF;
  IF EXISTS (
       SELECT FROM pg_index AS i
        WHERE i.indrelid = _c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
          AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 2
          AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
                 FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ord)
                 JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE k.ord <= 2) = '{id,site}') THEN
    RETURN;
  END IF;
  IF EXISTS (
       SELECT FROM pg_partitioned_table AS p
        CROSS JOIN unnest(p.partattrs::smallint[]) AS k (attnum) -- 0: an expression
         LEFT JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = k.attnum
        WHERE p.partrelid = _c.oid AND coalesce(a.attname, '') NOT IN ('id', 'site')) THEN
    problem := format('%s is partitioned by %s: a key over (id, site) cannot be made there', _name, pg_get_partkeydef(_c.oid));
    remedy := 'partition it by id or site (LIST, HASH or RANGE)';
  ELSIF EXISTS (SELECT FROM pg_index WHERE indrelid = _c.oid AND indisunique AND NOT indimmediate) THEN
    problem := format('the key of %s is DEFERRABLE: nobody can insert ON CONFLICT then', _name);
    remedy := 'make it anew without that word';
  ELSE
    problem := format('%s has no key over (id, site)', _name);
    remedy := format('ALTER TABLE %s ADD PRIMARY KEY (id, site)', _name);
    IF pg_relation_size(_c.oid) < 2000000000 THEN -- else it would take minutes
      BEGIN
        SELECT format(' and has rows twice (%s of %s …)', m.id, m.site) INTO _doubled
          FROM {{main}}.observations_json AS m GROUP BY m.id, m.site HAVING count(*) > 1 LIMIT 1;
      EXCEPTION WHEN insufficient_privilege THEN
        NULL;
      END;
    END IF;
    IF _doubled IS NOT NULL THEN
      problem := problem || _doubled;
      remedy := format('delete the doubled rows (DELETE FROM %s AS a USING %1$s AS b WHERE a.id = b.id AND a.site = b.site '
        'AND (a.update_ts, a.ctid) < (b.update_ts, b.ctid)), then %s', _name, remedy);
    END IF;
  END IF;
  RETURN NEXT;
END
$fix$;
COMMENT ON FUNCTION {{repair}}.main_faults() IS
  'Why main''s observations cannot be repaired as the table is now, and what to do; no row where it can.';

DO $fix$
DECLARE
  _problems text;
  _remedies text;
BEGIN
  REVOKE ALL ON FUNCTION {{repair}}.column_faults(oid, text), {{repair}}.main_faults() FROM PUBLIC;
  -- That it is not there yet is told by requirements.sql: the check copy can do without.
  SELECT string_agg(problem, '; '), string_agg(remedy, '; ') INTO _problems, _remedies
    FROM {{repair}}.main_faults() WHERE problem NOT LIKE 'there is no table %';
  IF _problems IS NOT NULL THEN
    RAISE EXCEPTION '%', _problems USING HINT = _remedies;
  END IF;
END
$fix$;
