-- Owners. Tables, and so history: the data's owner. Routines and views: the repair's role, which may do just the repair
-- on main. Nobody else may run anything of ours unless rights/login.sql says so.
DO $fix$
DECLARE
  _s {{repair}}.settings := (SELECT s FROM {{repair}}.settings AS s);
  _o record;
  _g record;
BEGIN
  IF _s.repair_role IS NOT NULL THEN
    -- For ALTER … OWNER. In the repair's own schema it keeps CREATE: it makes the write functions.
    EXECUTE format('GRANT CREATE, USAGE ON SCHEMA {{check}}, {{repair}} TO %I', _s.repair_role);
  END IF;
  FOR _o IN
    SELECT oid::regprocedure AS name FROM pg_proc
     WHERE pronamespace = '{{repair}}'::regnamespace
        OR pronamespace = '{{check}}'::regnamespace AND proname = 'fct_fix_sync'
  LOOP
    EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', _o.name);
    -- Given by the defaults of whoever installs (ALTER DEFAULT PRIVILEGES).
    FOR _g IN
      SELECT DISTINCT pg_get_userbyid(a.grantee) AS role FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS a
       WHERE p.oid = _o.name AND a.grantee NOT IN (0, p.proowner)
    LOOP
      EXECUTE format('REVOKE ALL ON ROUTINE %s FROM %I', _o.name, _g.role);
    END LOOP;
    IF _s.repair_role IS NOT NULL THEN
      EXECUTE format('ALTER ROUTINE %s OWNER TO %I', _o.name, _s.repair_role);
    END IF;
  END LOOP;
  IF _s.repair_role IS NULL THEN
    RETURN;
  END IF;
  -- Only where it is another one: ALTER TABLE waits for whoever reads the table, a dump for example.
  FOR _o IN
    SELECT oid::regclass AS name FROM pg_class
     WHERE relnamespace = '{{check}}'::regnamespace AND relkind = 'm' AND pg_get_userbyid(relowner) <> _s.repair_role
       AND relname IN ('mv_data_missing_or_not_updated', 'qgis_data')
  LOOP
    EXECUTE format('ALTER MATERIALIZED VIEW %s OWNER TO %I', _o.name, _s.repair_role);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA {{check}} FROM %I', _s.repair_role);
  FOR _o IN
    SELECT c.oid::regclass AS name, c.relkind, pg_get_userbyid(c.relowner) = _s.owner_role AS owned,
           c.relname IN ('settings', 'made_object', 'replaced_object') AS administers
      FROM pg_class AS c
     WHERE c.relnamespace = '{{repair}}'::regnamespace AND c.relkind IN ('r', 'v', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend AS d
                        WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
  LOOP
    IF NOT _o.owned THEN
      EXECUTE format('ALTER %s %s OWNER TO %I',
        CASE _o.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, _o.name, _s.owner_role);
    END IF;
    -- What an administrator goes by, or runs, is an administrator's to write: main's triggers act as the repair.
    EXECUTE format('GRANT %s ON %s %s TO %I', CASE WHEN _o.administers THEN 'SELECT' ELSE 'ALL' END,
      CASE _o.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, _o.name, _s.repair_role);
    FOR _g IN
      SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
        FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
       WHERE c.oid = _o.name AND _o.relkind <> 'S' AND a.privilege_type <> 'SELECT'
         AND NOT EXISTS (
           SELECT FROM pg_roles WHERE oid = a.grantee AND rolname IN (
             _s.owner_role, CASE WHEN NOT _o.administers THEN _s.repair_role END, CASE WHEN c.relname = 'increment_backup' THEN _s.login_role END))
    LOOP
      EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %s FROM %s', _o.name, _g.role);
    END LOOP;
  END LOOP;
  EXECUTE format('GRANT UPDATE (gaps_seen, surroundings_seen) ON {{repair}}.settings TO %I', _s.repair_role);
  FOR _o IN
    SELECT t.oid::regtype AS name FROM pg_type AS t
     WHERE t.typnamespace = '{{repair}}'::regnamespace
       AND (t.typtype = 'e' OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE oid = t.typrelid AND relkind = 'c'))
  LOOP
    EXECUTE format('ALTER TYPE %s OWNER TO %I', _o.name, _s.owner_role);
    -- Else PUBLIC's right, which may have been taken away by default: it makes functions that take them.
    EXECUTE format('GRANT USAGE ON TYPE %s TO %I', _o.name, _s.repair_role);
  END LOOP;
  -- The views and the comparison read check's copy; suspected deletions read which groups were downloaded.
  FOR _o IN
    SELECT oid::regclass AS name FROM pg_class
     WHERE relnamespace = '{{check}}'::regnamespace AND relkind IN ('r', 'p')
       AND (relname LIKE '%\_json' OR relname IN ('download_log', 'increment_log'))
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO %I', _o.name, _s.repair_role);
  END LOOP;
  EXECUTE format('GRANT USAGE ON SCHEMA {{monitoring}} TO %I', _s.repair_role);
  EXECUTE format('GRANT SELECT, INSERT ON {{monitoring}}.monitoring_vn_check_to_prod TO %I', _s.repair_role);
  -- What sends mails: no more of the queue than that.
  EXECUTE format('GRANT SELECT, DELETE, UPDATE (tries, error, sent_at, taken_by, taken_at, next_try_at, expired_at) '
    'ON {{monitoring}}.mail_queue TO %I', _s.repair_role);
  -- An older one, of somebody else's, may take its numbers from a sequence.
  FOR _o IN
    SELECT s.oid::regclass AS name FROM pg_class AS s JOIN pg_depend AS d ON d.objid = s.oid AND d.deptype = 'a'
     WHERE s.relkind = 'S' AND d.refobjid = '{{monitoring}}.monitoring_vn_check_to_prod'::regclass
  LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', _o.name, _s.repair_role);
  END LOOP;
END
$fix$;
