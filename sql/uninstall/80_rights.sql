-- Rights that were given on what stays, so that both roles can be dropped. A role that was chosen with runAs keeps
-- what it has on main: it had it before.
DO $fix$
DECLARE
  _o record;
  _role name;
BEGIN
  FOREACH _role IN ARRAY ARRAY[{{definer_text}}, {{login_text}}]::name[] LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role);
    FOR _o IN
      SELECT DISTINCT n.nspname, c.relname, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL aclexplode(c.relacl) AS a
       WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = _role) AND c.relowner <> a.grantee
         AND (n.nspname IN ({{check_text}}, {{monitoring_text}}) OR n.nspname = {{main_text}} AND NOT {{run_as}})
    LOOP
      BEGIN
        EXECUTE format('REVOKE ALL ON %s %I.%I FROM %I', _o.kind, _o.nspname, _o.relname, _role);
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'vn-sync-check: main''s owner has to run: REVOKE ALL ON %.% FROM %;', _o.nspname, _o.relname, _role;
      END;
    END LOOP;
    FOR _o IN
      SELECT DISTINCT n.nspname FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
       WHERE a.grantee = (SELECT oid FROM pg_roles WHERE rolname = _role) AND n.nspowner <> a.grantee
         AND (n.nspname IN ({{check_text}}, {{monitoring_text}}) OR n.nspname = {{main_text}} AND NOT {{run_as}})
    LOOP
      BEGIN
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', _o.nspname, _role);
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'vn-sync-check: the owner has to run: REVOKE ALL ON SCHEMA % FROM %;', _o.nspname, _role;
      END;
    END LOOP;
  END LOOP;
  IF {{definer_text}} IN (SELECT rolname FROM pg_roles) THEN
    FOR _o IN SELECT g AS text FROM unnest({{extra_grants}}) AS g LOOP
      EXECUTE format('REVOKE %s FROM %I', _o.text, {{definer_text}});
    END LOOP;
  END IF;
END
$fix$;

-- The data's owner goes with the last thing it owned, if the kit made it. Its rights on schemas go first.
DO $fix$
BEGIN
  PERFORM set_config('vn_repair.drop_owner', '', true);
  IF {{with_data}} AND EXISTS (
       SELECT FROM pg_roles AS r
        WHERE r.rolname = {{owner_text}} AND shobj_description(r.oid, 'pg_authid') LIKE 'vn-sync-check:%'
          AND NOT EXISTS (SELECT FROM pg_shdepend AS d WHERE d.refobjid = r.oid AND d.deptype = 'o')) THEN
    EXECUTE format('DROP OWNED BY %I', {{owner_text}});
    PERFORM set_config('vn_repair.drop_owner', {{owner_text}}, true);
  END IF;
END
$fix$;
