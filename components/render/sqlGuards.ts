import type { SqlStep } from "../../scripts/applySql";

/** Writes a text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Fails, naming what there is, while a role owns anything in any database of the server. */
export function ownsNothing(role: string): SqlStep {
  return {
    name: `making sure that the role ${role} owns nothing before it is dropped`,
    sql: `DO $guard$
DECLARE
  _owned text;
BEGIN
  SELECT pg_catalog.string_agg(what, ', ' ORDER BY what) INTO _owned
    FROM (
      SELECT CASE
               WHEN d.dbid = 0 THEN pg_catalog.pg_describe_object(d.classid, d.objid, 0)
               WHEN db.datname = pg_catalog.current_database()
                 THEN pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
               ELSE pg_catalog.format('something in database %s', db.datname)
             END AS what
        FROM pg_catalog.pg_shdepend AS d
        LEFT JOIN pg_catalog.pg_database AS db ON db.oid = d.dbid
       WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
         AND d.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)})
         AND d.deptype = 'o'
       LIMIT 20
    ) AS owned;
  IF _owned IS NOT NULL THEN
    RAISE EXCEPTION 'the role ${role} owns %', _owned
      USING HINT = 'Give it to another role (ALTER … OWNER TO …) or drop it, then run destroy again.';
  END IF;
END
$guard$;`,
  };
}

/** Counts the rows of every table of the check schema, and of the monitoring table, largest first. */
export function rowCounts(checkSchema: string, monitoringSchema: string): SqlStep {
  return {
    name: `counting the rows of ${checkSchema}`,
    sql: `SELECT pg_catalog.format('%I.%I', nspname, relname) AS "table",
       ((pg_catalog.xpath('/row/n/text()', pg_catalog.query_to_xml(
          pg_catalog.format('SELECT count(*) AS n FROM %I.%I', nspname, relname), false, true, '')))[1]::text)::float8 AS rows
  FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
 WHERE relkind = 'r' AND (nspname = ${literal(checkSchema)}
       OR nspname = ${literal(monitoringSchema)} AND relname = 'monitoring_vn_check_to_prod')
 ORDER BY 2 DESC, 1;`,
  };
}
