import { Command } from "commander";
import { escapeIdentifier } from "pg";
import { installSql, type SqlSettings, uninstallSql } from "../sql";

interface SqlOptions {
  main: string;
  check: string;
  monitoring: string;
  uninstall?: boolean;
}

// For `npm run -s sql | psql service=… -v ON_ERROR_STOP=1 -f -`: no role of ours is needed, the objects belong
// to whoever runs it.
const options = new Command("npm run -s sql --")
  .description(
    "Prints the SQL that installs the repair's objects by hand, or upgrades them, also over the published procedure's:\n" +
      "  npm run -s sql | psql service=… -v ON_ERROR_STOP=1 -f -",
  )
  .option("--main <schema>", "schema of the main copy", "src_vn_json")
  .option("--check <schema>", "schema of the checking copy", "src_vn_json_check")
  .option("--monitoring <schema>", "schema of the monitoring table", "dbadmin")
  .option("--uninstall", "print what removes the objects instead; data stay")
  .parse()
  .opts<SqlOptions>();

const settings: SqlSettings = {
  roles: null,
  mainSchema: options.main,
  checkSchema: options.check,
  monitoringSchema: options.monitoring,
};

function install(): string {
  const check = escapeIdentifier(options.check);
  // The covering indexes are built CONCURRENTLY, each outside a transaction.
  return `\\set ON_ERROR_STOP on
${installSql(settings)}
\\echo 'covering indexes: this may take a while on big tables'
SELECT statement FROM ${check}.fix_index_statements() WHERE may
\\gexec
SELECT fix_handover AS "to be run by main's owner" FROM ${check}.fix_handover();
`;
}

process.stdout.write(
  options.uninstall ? `\\set ON_ERROR_STOP on\n${uninstallSql(settings, { data: false })}` : install(),
);
