import type { Check } from "../config/checks";
import { run } from "./connecting";
import { type DatabaseFacts, when } from "./databaseFacts";

/** Settings of sessions that the kit cannot set itself: those of another program's, and what only a superuser may set. */
export const SESSION_CHECKS: Check<DatabaseFacts>[] = [
  {
    name: "database.adminUser",
    // The provider of the roles opens sessions of its own.
    try: ({ adminUser, database, reads_only }) =>
      when(
        reads_only,
        `the transactions of ${adminUser} in ${database} are read-only by default (default_transaction_read_only)`,
        `les transactions de ${adminUser} dans ${database} sont en lecture seule par défaut (default_transaction_read_only)`,
      ),
    remedy: ({ adminUser, database }) =>
      run(`ALTER ROLE "${adminUser}" IN DATABASE "${database}" SET default_transaction_read_only = off;`),
  },
  {
    name: "database",
    try: ({ triggers_off }) =>
      when(
        triggers_off.length > 0,
        "the synchronisation's sessions would fire no triggers (session_replication_role): nothing could be repaired",
        "les sessions de la synchronisation ne déclencheraient aucun déclencheur (session_replication_role) : rien ne pourrait être réparé",
      ),
    remedy: ({ triggers_off }) => run(...triggers_off),
  },
];
