import { installSql } from "../sql";

// For `npm run -s sql | psql service=… -v ON_ERROR_STOP=1 -f -`: the repair's objects with the default names, owned
// by who runs it; then, each outside a transaction, the covering indexes.
const settings = { roles: null };
process.stdout.write(`\\set ON_ERROR_STOP on
${installSql(settings)}
\\echo 'covering indexes: this may take a while on big tables'
SELECT statement FROM "src_vn_json_check".fix_index_statements() WHERE may
\\gexec
SELECT fix_handover AS "to be run by main's owner" FROM "src_vn_json_check".fix_handover();
`);
