-- Who may read what is ours, and who may come in.
-- The owner of the database and that of main may read all of it: a pg_dump by one of them would else end at the first
-- of our tables, and with it the whole backup.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _role name;
  _o record;
BEGIN
  FOR _role IN
    SELECT DISTINCT r.rolname
      FROM pg_roles AS r
     WHERE NOT r.rolsuper AND r.rolname NOT IN (SELECT value FROM jsonb_each_text(coalesce(nullif(_i -> 'roles', 'null'), '{}')))
       AND (r.oid IN (SELECT datdba FROM pg_database WHERE datname = current_database())
            OR r.oid IN (SELECT nspowner FROM pg_namespace WHERE nspname = _i ->> 'main_schema')
            OR r.oid IN (SELECT c.relowner FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                          WHERE n.nspname = _i ->> 'main_schema' AND c.relname = 'observations_json'))
  LOOP
    FOR _o IN
      SELECT 'USAGE' AS privilege, 'SCHEMA ' || oid::regnamespace AS name
        FROM pg_namespace
       WHERE nspname IN (_i ->> 'check_schema', _i ->> 'repair_schema', _i ->> 'monitoring_schema')
         AND NOT has_schema_privilege(_role, oid, 'USAGE')
       UNION ALL
      SELECT 'SELECT', CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(_role, c.oid, 'SELECT')
                  WHEN c.relkind IN ('r', 'p', 'v', 'm') THEN NOT has_table_privilege(_role, c.oid, 'SELECT') END
         AND (n.nspname IN (_i ->> 'check_schema', _i ->> 'repair_schema')
              OR n.nspname = _i ->> 'monitoring_schema'
                 AND c.relname ~ '^(vn_instance|monitoring_vn_check_to_prod|mail_queue)')
    LOOP
      BEGIN
        EXECUTE format('GRANT %s ON %s TO %I', _o.privilege, _o.name, _role);
      EXCEPTION WHEN insufficient_privilege THEN
        -- An adopted table, a view of a user's: what a dump could not read before, it cannot read now.
        RAISE NOTICE 'vn-sync-check: % may not be given to %, whose pg_dump needs it', _o.name, _role;
      END;
    END LOOP;
  END LOOP;
END
$fix$;

-- Where PUBLIC may neither connect nor make temporary tables, the login needs the one, and the repair the other to
-- refresh its views without blocking readers.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _o record;
BEGIN
  FOR _o IN
    SELECT rolname AS role, privilege, format('GRANT %s ON DATABASE %I TO %I', privilege, current_database(), rolname) AS statement
      FROM (VALUES (_i #>> '{roles,login}', 'CONNECT'), (_i ->> 'definer', 'TEMPORARY')) AS w (role, privilege)
      JOIN pg_roles ON rolname = w.role
     WHERE NOT has_database_privilege(rolname, current_database(), privilege)
  LOOP
    BEGIN
      EXECUTE _o.statement;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL; -- looked at below: without any right to give, the server only warns
    END;
    CONTINUE WHEN has_database_privilege(_o.role, current_database(), _o.privilege);
    IF _o.privilege = 'CONNECT' THEN
      RAISE EXCEPTION 'the login % may not connect to the database %', _o.role, current_database()
        USING HINT = format('As the database''s owner: %s;', _o.statement);
    END IF;
    RAISE WARNING 'vn-sync-check: the database''s owner has to run: %;', _o.statement;
  END LOOP;
END
$fix$;
