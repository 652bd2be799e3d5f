-- Before the engine drops the two roles of the stack. Fails, naming what there is, while one of them owns anything in
-- any database of the server (dropping a role hands that to the admin login without a word) or has rights that could
-- not be taken back (the drop would stop halfway).
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _role name;
  _held text;
  _hint text;
BEGIN
  FOREACH _role IN ARRAY ARRAY[_i #>> '{roles,login}', _i #>> '{roles,repair}']::name[] LOOP
    -- A role that went with its server: the engine's plugin fails to drop what is not there.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = _role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', _role);
      CONTINUE;
    END IF;
    SELECT string_agg(what, ', ' ORDER BY what), string_agg(DISTINCT todo, ' ' ORDER BY todo) INTO _held, _hint
      FROM (
        SELECT CASE d.deptype WHEN 'o' THEN 'owns ' WHEN 'a' THEN 'has rights on ' WHEN 'i' THEN 'has initial rights on '
                              WHEN 'r' THEN 'is named by the policy of ' ELSE 'is needed by ' END
               || CASE
                    WHEN d.dbid = 0 THEN pg_describe_object(d.classid, d.objid, 0)
                    WHEN db.datname = current_database() THEN pg_describe_object(d.classid, d.objid, d.objsubid)
                    ELSE format('something in database %s', db.datname)
                  END AS what,
               CASE WHEN db.datname <> current_database() THEN
                      format('In database %s, as a superuser: DROP OWNED BY %I;', db.datname, _role)
                    WHEN d.deptype = 'o' THEN 'Give what it owns to another role (ALTER … OWNER TO …) or drop it.'
                    WHEN d.deptype = 'a' AND d.classid <> 'pg_default_acl'::regclass THEN format('As its owner or a superuser: REVOKE ALL ON %s FROM %I;', (
                      SELECT CASE WHEN x.type IN ('table', 'view', 'materialized view') THEN '' ELSE upper(x.type) || ' ' END
                             || x.identity FROM pg_identify_object(d.classid, d.objid, 0) AS x), _role)
                    ELSE format('As a superuser: DROP OWNED BY %I;', _role) END AS todo
          FROM pg_shdepend AS d LEFT JOIN pg_database AS db ON db.oid = d.dbid
         WHERE d.refclassid = 'pg_authid'::regclass
           AND d.refobjid = (SELECT oid FROM pg_roles WHERE rolname = _role)
         LIMIT 40
      ) AS held;
    IF _held IS NOT NULL THEN
      RAISE EXCEPTION 'the role % cannot be dropped: it %', _role, _held
        USING HINT = _hint || ' Then run destroy again.';
    END IF;
  END LOOP;
END
$fix$;
