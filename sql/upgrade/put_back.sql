-- Our two views have been made anew: who could read them still can. Users' own views on top of them come back as they
-- were: text, owner, rights, comment, options, indexes.
DO $fix$
DECLARE
  _v record;
  _g record;
  _kind text;
  _index text;
BEGIN
  FOR _g IN
    SELECT v.name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
      FROM {{repair}}.view_taken_down AS v CROSS JOIN LATERAL aclexplode(v.acl) AS a
     WHERE v.ours AND a.privilege_type = 'SELECT' AND to_regclass(v.name) IS NOT NULL
       AND NOT EXISTS (SELECT FROM pg_roles WHERE oid = a.grantee AND rolname = v.owner)
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO %s', _g.name, _g.grantee);
  END LOOP;
  FOR _v IN SELECT * FROM {{repair}}.view_taken_down WHERE NOT ours ORDER BY depth, name LOOP
    BEGIN
      _kind := CASE _v.kind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END;
      EXECUTE format('CREATE %s %s %s AS %s%s', _kind, _v.name,
        'WITH (' || array_to_string(_v.options, ', ') || ')', rtrim(_v.definition, ';'),
        CASE WHEN _v.kind = 'm' THEN ' WITH NO DATA' END);
      -- Filled, and its indexes made, with its owner's rights, not with the administrator's.
      EXECUTE format('ALTER TABLE %s OWNER TO %I', _v.name, _v.owner);
      FOREACH _index IN ARRAY _v.indexes LOOP
        EXECUTE _index;
      END LOOP;
      EXECUTE format('COMMENT ON %s %s IS %L', _kind, _v.name, _v.comment);
      FOR _g IN SELECT * FROM aclexplode(_v.acl) LOOP
        EXECUTE format('GRANT %s ON %s TO %s%s', _g.privilege_type, _v.name,
          CASE _g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(_g.grantee)) END,
          CASE WHEN _g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
      END LOOP;
      IF _v.kind = 'm' THEN
        EXECUTE format('REFRESH MATERIALIZED VIEW %s', _v.name);
      END IF;
    EXCEPTION WHEN OTHERS THEN
      RAISE EXCEPTION 'the view % stands on one of ours and does not fit its new definition: %', _v.name, SQLERRM
        USING HINT = 'Save its text, drop it, install again, then create it anew; nothing was changed.';
    END;
  END LOOP;
END
$fix$;
DROP TABLE {{repair}}.view_taken_down;
