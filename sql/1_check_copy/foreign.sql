-- What somebody else has put under one of our names is neither read, written nor run with the administrator's rights:
-- its triggers, defaults and views would act with them. It is named, and nothing is done.
DO $fix$
DECLARE
  _i jsonb := current_setting('vn_repair.installation')::jsonb;
  _ours oid[] := ARRAY(
    SELECT r.oid FROM pg_roles AS r
     WHERE r.rolsuper OR r.rolname = current_user
        OR r.rolname IN (_i #>> '{roles,owner}', _i #>> '{roles,repair}', _i ->> 'definer')
        -- The data's owner of another instance: a comment on a role is an administrator's.
        OR shobj_description(r.oid, 'pg_authid') LIKE 'vn-sync-check:%');
  _more oid[];
  _found text;
BEGIN
  -- The roles of the installation before, from a table that only we can have written.
  IF EXISTS (SELECT FROM pg_class
              WHERE relname = 'settings' AND relnamespace = to_regnamespace('{{repair}}') AND relkind = 'r'
                AND relowner = ANY (_ours)
                AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')) THEN
    EXECUTE 'SELECT array_agg(r.oid) FROM pg_catalog.pg_roles AS r, {{repair}}.settings AS s '
            'WHERE r.rolname OPERATOR(pg_catalog.=) ANY (ARRAY[s.owner_role, s.repair_role])' INTO _more;
    _ours := _ours || _more;
  END IF;
  WITH object AS (
    SELECT format('schema %s', oid::regnamespace) AS name, nspowner AS owner FROM pg_namespace
     WHERE oid = to_regnamespace('{{repair}}')
     UNION ALL
    SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                                        WHEN 'c' THEN 'type' ELSE 'table' END, oid::regclass), relowner
      FROM pg_class
     WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
       AND (relnamespace = to_regnamespace('{{repair}}')
            -- What an upgrade from version 0.1 reads.
            OR relnamespace = to_regnamespace('{{check}}') AND (relname = 'job_run' OR relname ~ '^repair_(setting|run|row|open|'
                 'shape|journal|loss|loss_seq|tombstone|main_delete|deleted|seen|replaced|made)$')
            OR relnamespace = to_regnamespace('{{monitoring}}') AND relname IN ('vn_instance', 'mail_queue')
            -- The client's tables may be somebody's own, but then they are tables …
            OR relnamespace = to_regnamespace('{{check}}') AND relkind <> 'r'
               AND (relname IN ('download_log', 'increment_log') OR relname LIKE '%\_json')
            -- … and so may the published monitoring table, where nothing of theirs is run.
            OR relnamespace = to_regnamespace('{{monitoring}}') AND relname = 'monitoring_vn_check_to_prod'
               AND (relkind <> 'r' OR relhastriggers OR relhasrules OR relrowsecurity))
     UNION ALL
    SELECT format('function %s', oid::regprocedure), proowner FROM pg_proc
     WHERE pronamespace = to_regnamespace('{{repair}}')
       AND NOT (proname IN ('try_as_main_owner', 'written_elsewhere', 'keep_watch') AND proowner = (
             SELECT c.relowner FROM pg_class AS c
              WHERE c.relnamespace = to_regnamespace('{{main}}') AND c.relname = 'observations_json'))
     UNION ALL
    SELECT format('type %s', oid::regtype), typowner FROM pg_type
     WHERE typnamespace = to_regnamespace('{{repair}}') AND typtype IN ('e', 'd', 'r', 'm')
     UNION ALL
    SELECT format('operator %s', oid::regoperator), oprowner FROM pg_operator WHERE oprnamespace = to_regnamespace('{{repair}}')
     UNION ALL
    SELECT format('trigger %s on %s, whose function %s', t.tgname, t.tgrelid::regclass, t.tgfoid::regproc), p.proowner
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
     WHERE NOT t.tgisinternal
       AND (c.relnamespace = to_regnamespace('{{repair}}')
            OR c.relnamespace = to_regnamespace('{{monitoring}}')
               AND c.relname IN ('vn_instance', 'mail_queue', 'monitoring_vn_check_to_prod'))
  )
  SELECT string_agg(format('%s belongs to %s', o.name, pg_get_userbyid(o.owner)), E'\n  ' ORDER BY o.name) INTO _found
    FROM object AS o WHERE o.owner <> ALL (_ours);
  IF _found IS NOT NULL THEN
    RAISE EXCEPTION E'these stand under names of vn-sync-check and are not its own; nothing was changed:\n  %', _found
      USING HINT = 'Drop or rename them; or, having looked at them, make them the administrator''s: ALTER … OWNER TO …';
  END IF;
END
$fix$;
