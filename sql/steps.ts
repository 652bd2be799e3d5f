import type { Words } from "../config/values/key";

export type Part = "check copy" | "repair";

/** A file of this folder, and what it makes or does, for messages and for the printed script. */
export interface SqlFile {
  /** Its path below sql/. */
  file: string;
  does: Words;
}

export interface Step extends SqlFile {
  parts: readonly Part[];
  /**
   * `together`: in one transaction with its neighbours. `row by row`: a query, each row of which (column
   * `statement`) is run by itself, outside a transaction. `report`: a query whose rows are for people.
   */
  runs: "together" | "row by row" | "report";
}

const copy = together("check copy");
const repair = together("repair");
const both = together("check copy", "repair");

/** Begins each transaction and ends it: lends the admin login the kit's own roles, and takes them back. */
export const HEAD: SqlFile = {
  file: "head.sql",
  does: { fr: "les rôles du kit prêtés à l'administrateur", en: "the kit's roles lent to the administrator" },
};
export const TAIL: SqlFile = {
  file: "tail.sql",
  does: { fr: "les rôles du kit rendus", en: "the kit's roles given back" },
};

/** A query whose column `statement` says what the admin login lacks; no row where it lacks nothing. */
export const RIGHTS: SqlFile = {
  file: "rights/admin.sql",
  does: { fr: "les droits qui manquent à l'administrateur", en: "rights that the administrator lacks" },
};

/** A query that names who may have been in the way of a statement whose wait was given up. */
export const HOLDERS: SqlFile = {
  file: "look/holders.sql",
  does: { fr: "qui tient un verrou", en: "who holds a lock" },
};

/** A query that tells in one row what is there, before anything is made. */
export const FACTS: SqlFile = {
  file: "look/facts.sql",
  does: { fr: "ce qui se trouve dans la base", en: "what is in the database" },
};

/** What main's columns must be; used by the next. */
export const COLUMN_FAULTS: SqlFile = {
  file: "2_tables/column_faults.sql",
  does: {
    fr: "ce que les colonnes de la copie principale doivent être",
    en: "what the main copy's columns have to be",
  },
};

/** Refuses a main that cannot be repaired as it is; asked by a look too, which leaves nothing behind. */
export const MAIN_FAULTS: SqlFile = {
  file: "2_tables/main_faults.sql",
  does: { fr: "ce que la copie principale doit être", en: "what the main copy has to be" },
};

/** Fails, naming what somebody else has under the kit's names. */
export const FOREIGN: SqlFile = {
  file: "1_check_copy/foreign.sql",
  does: { fr: "ce que d'autres ont mis sous nos noms", en: "what others have put under our names" },
};

/** Fails where main has no site of a name that is configured. */
export const SITES: SqlFile = {
  file: "1_check_copy/sites.sql",
  does: { fr: "les noms des sites", en: "the names of the sites" },
};

/** What an installation runs, in this order: the one list of the files. */
export const INSTALL: readonly Step[] = [
  both("1_check_copy/server", "ce que la base doit être", "what the database has to be"),
  { ...FOREIGN, parts: ["check copy", "repair"], runs: "together" },
  { ...SITES, parts: ["check copy"], runs: "together" },
  copy("1_check_copy/owner", "le rôle propriétaire des données", "the role that owns the data"),
  both("2_tables/schema", "le schéma de la réparation", "the repair's schema"),
  { ...COLUMN_FAULTS, parts: ["check copy", "repair"], runs: "together" },
  { ...MAIN_FAULTS, parts: ["check copy", "repair"], runs: "together" },
  copy("1_check_copy/schema", "le schéma de contrôle", "the check schema"),
  copy("1_check_copy/client_tables", "les tables de Client-API-VN", "the tables of Client-API-VN"),
  copy("1_check_copy/login", "les droits de la synchronisation", "the rights of the synchronisation's login"),
  copy(
    "1_check_copy/session",
    "les sessions de la synchronisation",
    "the sessions of the synchronisation's login",
  ),

  repair("2_tables/requirements", "ce qui doit déjà exister", "what has to be there already"),
  repair("2_tables/types", "les types", "the types"),
  repair("2_tables/settings", "les réglages", "the settings"),
  repair("2_tables/client_table", "la liste des tables à réparer", "the list of tables to repair"),
  repair("2_tables/jobs", "l'historique des tâches", "the history of jobs"),
  repair("2_tables/parts", "ce qui n'est pas arrivé", "what did not come"),
  repair("2_tables/doubts", "les doutes sans réponse", "doubts without an answer"),
  repair("2_tables/runs", "l'historique des réparations", "the history of repairs"),
  repair("2_tables/journal", "le journal des lignes modifiées", "the journal of changed rows"),
  repair("2_tables/work", "les écarts à traiter", "the differences to work off"),
  repair("2_tables/difference", "les écarts en une vue", "the differences as one view"),
  repair("2_tables/deletions", "les suppressions", "the deletions"),
  repair("2_tables/blind_spell", "les périodes sans veille", "the times without a watch"),
  repair("2_tables/replica_identity", "l'identité des lignes sans clé", "the identity of rows without a key"),
  repair("upgrade/make_way", "la place faite à cette version", "the way made for this version"),
  repair("upgrade/from_0_1", "la reprise de la version 0.1", "what version 0.1 left, taken over"),
  repair("upgrade/from_0_1_jobs", "les tâches de la version 0.1", "the jobs of version 0.1"),
  repair("3_journal/note", "les fonctions du journal", "the functions of the journal"),
  repair("3_journal/blind_spells", "ce qui a pu passer inaperçu", "what may have gone unseen"),
  repair("3_journal/surroundings", "ce qui entoure une réparation", "what surrounds a repair"),
  repair("3_journal/triggers_seen", "les déclencheurs tels que laissés", "the triggers as they were left"),
  repair("3_journal/triggers", "les déclencheurs du journal", "the triggers of the journal"),
  repair("4_proof/jobs", "le suivi des tâches", "the record of jobs"),
  repair("4_proof/parts", "le suivi des parties", "the record of parts"),
  repair("4_proof/pieces", "les morceaux téléchargés", "the pieces that were downloaded"),
  repair("4_proof/coverage", "les jours téléchargés", "the days that were downloaded"),
  repair("4_proof/reach", "ce qu'un téléchargement pouvait apporter", "what a download could bring"),
  repair("4_proof/not_brought", "ce qui n'est pas revenu", "what did not come again"),
  repair("4_proof/doubts", "les doutes sur un téléchargement", "the doubts of a download"),
  repair("4_proof/open_doubts", "les doutes sans réponse", "doubts without an answer"),
  repair("4_proof/prove", "la preuve d'un téléchargement complet", "the proof of a whole download"),
  repair("5_compare/journal", "la comparaison par le journal", "the comparison by the journal"),
  repair("5_compare/observations", "la comparaison des observations", "the comparison of observations"),
  repair("5_compare/other_tables", "la comparaison des autres tables", "the comparison of other tables"),
  repair("5_compare/readable", "les contenus illisibles", "contents that cannot be read"),
  repair("5_compare/run_faults", "ce qui empêche une réparation", "what keeps a repair from beginning"),
  repair("5_compare/sites", "les noms de sites de la copie principale", "sites by the names that main has"),
  repair("5_compare/hold_back", "ce qui est laissé aux personnes", "what is left to people"),
  repair("5_compare/circuit_breaker", "l'arrêt devant trop d'écarts", "the stop before too many differences"),
  repair("6_apply/changed_columns", "les colonnes communes", "the columns in common"),
  repair("6_apply/write_functions", "les fonctions d'écriture", "the functions that write"),
  repair("6_apply/compare_functions", "la comparaison d'une table", "the comparison of one table"),
  repair("6_apply/table_functions", "les fonctions propres à une table", "the functions of one table"),
  repair("6_apply/batch", "les lots d'écriture", "the batches of writing"),
  repair("6_apply/set_aside", "les lignes mises de côté", "the rows that are set aside"),
  repair("7_deletions/followed", "les suppressions du portail", "deletions that the portal told"),
  repair("7_deletions/suspected", "les suppressions supposées", "deletions that are suspected"),
  repair("7_deletions/suspicions", "les suppositions gardées", "suspicions that are kept"),
  repair("7_deletions/delete", "la suppression", "the deleting"),
  repair("8_run/session", "ce sur quoi une réparation repose", "what a repair rests on"),
  repair("8_run/waits", "qui fait attendre une réparation", "who keeps a repair waiting"),
  repair("8_run/lock", "le verrou d'une réparation", "the lock of a repair"),
  repair("8_run/begin", "le début d'une réparation", "the beginning of a repair"),
  repair("8_run/trial_rows", "les lignes à essayer", "the rows that are tried"),
  repair("8_run/trial", "ce qu'un essai a écrit", "what a trial has written"),
  repair("8_run/try_rows", "l'essai de lignes, annulé", "the trying of rows, rolled back"),
  repair(
    "8_run/trigger_rights",
    "les droits que les déclencheurs demandent",
    "the rights that triggers need",
  ),
  repair("8_run/trigger_grants", "ces droits en GRANT", "these rights as GRANTs"),
  repair("8_run/not_compared", "ce qu'un essai ne montre pas", "what a trial does not show"),
  repair("8_run/look_at_main", "le regard sur les déclencheurs", "the look at main's triggers"),
  repair("8_run/try_main", "les essais comparés", "the trials, compared"),
  repair("8_run/compare", "la comparaison", "the comparison"),
  repair("8_run/finish", "la fin d'une réparation", "the end of a repair"),
  repair("8_run/dry_run", "l'essai sans écriture", "the dry run"),
  repair("8_run/next_step", "l'entrée dans une réparation", "the entry into a repair"),
  repair("8_run/repair", "la réparation", "the repair"),
  repair("9_people/monitoring", "le suivi commun", "the monitoring that is shared"),
  repair("9_people/views", "les vues publiées", "the published views"),
  repair("9_people/refresh_views", "l'actualisation des vues", "the refreshing of the views"),
  repair("9_people/expect_done", "comment finit un appel à la main", "how a call by hand ends"),
  repair("9_people/mail_queue", "l'envoi des courriels", "the sending of mails"),
  repair("9_people/mail_details", "le courriel d'une réparation", "the mail of a repair"),
  repair("9_people/fct_fix_sync", "la procédure publiée", "the published procedure"),
  repair("9_people/email_notify", "les courriels", "the mails"),
  repair("9_people/restore", "la restauration d'une ligne supprimée", "the restoring of a deleted row"),
  repair("9_people/forget", "l'effacement demandé par une personne", "the erasing that a person asks for"),
  repair("rights/watch", "ce qui veille sur la copie principale", "what watches the main copy"),
  repair("9_people/watch_faults", "les déclencheurs à rétablir", "the triggers to be put right"),
  repair("9_people/preflight", "les vérifications préalables", "the checks beforehand"),
  repair("rights/main_owner", "ce que seul le propriétaire peut faire", "what only main's owner may do"),
  repair("rights/owners", "les propriétaires", "the owners"),
  repair("rights/login", "les droits de la synchronisation", "the rights of the synchronisation's login"),
  both("rights/row_security", "aucune politique de lignes sur nos tables", "no row security on our tables"),
  both("rights/readers", "qui peut lire et se connecter", "who may read and connect"),
  repair("rights/view_readers", "les lecteurs des vues", "the readers of the views"),
  repair("rights/main", "les droits sur la copie principale", "the rights on the main copy"),
  repair("rights/watch_main", "la veille des suppressions", "the watch on deletions"),
  repair("rights/search_path", "où les déclencheurs cherchent", "where main's triggers look"),
  repair("rights/session", "ce sur quoi nos fonctions reposent", "what our functions rest on"),
  repair("rights/main_owner_tries", "les essais du propriétaire", "the trials of main's owner"),
  repair("upgrade/drop_0_1", "les objets de la version 0.1 enlevés", "the objects of version 0.1 dropped"),
  repair("upgrade/put_back", "les vues des utilisateurs remises", "users' views put back"),
  {
    file: "rights/covering_index.sql",
    does: { fr: "les index de la comparaison", en: "the indexes of the comparison" },
    parts: ["repair"],
    runs: "row by row",
  },
  {
    file: "rights/handover.sql",
    does: {
      fr: "à lancer par le propriétaire de la copie principale",
      en: "to be run by the main copy's owner",
    },
    parts: ["repair"],
    runs: "report",
  },
  {
    file: "rights/trial.sql",
    does: {
      fr: "ce que donnent des lignes essayées dans la copie principale",
      en: "what comes of rows tried in the main copy",
    },
    parts: ["repair"],
    runs: "report",
  },
];

/** What a removal runs; a stack does so for each of its parts, first without the data. */
export const REMOVE: readonly Step[] = [
  both("remove/objects", "les objets de la réparation", "the repair's objects"),
  both("remove/monitoring", "le suivi commun", "the monitoring that is shared"),
  both("remove/data", "les données", "the data"),
  both("remove/rights", "les droits accordés", "the rights that were given"),
  both("remove/owner", "le rôle propriétaire des données", "the role that owns the data"),
];

/** Rows that a removal with the data takes, table by table. */
export const COUNTS: Step = {
  file: "remove/counts.sql",
  does: { fr: "les lignes que destroy enlèvera", en: "the rows that destroy will remove" },
  parts: ["check copy"],
  runs: "report",
};

/** After the engine has made the stack's two roles; it makes those again that a moved database came without. */
export const ROLES: Step = both("rights/roles", "les rôles de la pile", "the stack's roles");

/** Fails, naming what there is, while one of the stack's two roles owns anything or keeps a right. */
export const GUARD: Step = both(
  "remove/roles",
  "les rôles qui vont disparaître ne possèdent plus rien",
  "the roles that are about to go own nothing any more",
);

function together(...parts: Part[]): (path: string, fr: string, en: string) => Step {
  return (path, fr, en) => ({ file: `${path}.sql`, does: { fr, en }, parts, runs: "together" });
}
