-- Fails, naming what there is, while one of the two roles of the stack owns anything in any database of the server:
-- dropping a role hands what it owns to the admin login without a word.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _role name;
  _owned text;
BEGIN
  FOREACH _role IN ARRAY ARRAY[_i #>> '{roles,login}', _i #>> '{roles,repair}']::name[] LOOP
    SELECT string_agg(what, ', ' ORDER BY what) INTO _owned
      FROM (
        SELECT CASE
                 WHEN d.dbid = 0 THEN pg_describe_object(d.classid, d.objid, 0)
                 WHEN db.datname = current_database() THEN pg_describe_object(d.classid, d.objid, d.objsubid)
                 ELSE format('something in database %s', db.datname)
               END AS what
          FROM pg_shdepend AS d LEFT JOIN pg_database AS db ON db.oid = d.dbid
         WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'
           AND d.refobjid = (SELECT oid FROM pg_roles WHERE rolname = _role)
         LIMIT 20
      ) AS owned;
    IF _owned IS NOT NULL THEN
      RAISE EXCEPTION 'the role % owns %', _role, _owned
        USING HINT = 'Give it to another role (ALTER … OWNER TO …) or drop it, then run destroy again.';
    END IF;
  END LOOP;
END
$fix$;
