-- The role that owns what holds data. It cannot log in, and it stays while it owns anything: a role that
-- `destroy` drops must never own data.
DO $fix$
BEGIN
  IF {{owner_text}} IS NOT NULL
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {{owner_text}}) THEN
    EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', {{owner_text}});
    EXECUTE pg_catalog.format(
      'COMMENT ON ROLE %I IS %L', {{owner_text}},
      'vn-sync-check: owns the check copy and the history of repairs; kept while it owns anything');
  END IF;
END
$fix$;
