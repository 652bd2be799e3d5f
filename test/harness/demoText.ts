import type { Association } from "./association";

export type Language = "fr" | "en";

interface Story {
  parts: string;
  mainFull: string;
  up: string;
  firstImport: string;
  lose: string;
  weekly: string;
  table: string;
  site: string;
  missing: string;
  stale: string;
  newer: string;
  deleted: string;
  monitoring: string;
  repaired: string;
  notRepaired: string;
  again: string;
  noChange: string;
  changed(what: string): string;
  destroy: string;
  left: string;
  onlyData: string;
  leftOver: string;
  interrupted(signal: string): string;
  keep(association: Association): string;
}

function waysIn(association: Association): string {
  const { host, cluster, dir } = association;
  return [
    `  ssh -i ${host.privateKeyFile} -p ${host.port} -o StrictHostKeyChecking=no ${host.user}@127.0.0.1`,
    "  sudo -u vn_check -i bin/vn-check status",
    `  PGPASSFILE=${dir}/pgpass psql -h 127.0.0.1 -p ${cluster.port} -U ${cluster.superuser} ${association.database}`,
  ].join("\n");
}

/** What the demo tells, in both languages. */
export const story: Record<Language, Story> = {
  en: {
    parts: "Throwaway parts",
    mainFull: "The association's main synchronisation: real Client-API-VN, first full download",
    up: "pulumi up: the second, checking synchronisation on the host",
    firstImport: "First import of the check copy, in the background on the host",
    lose: "The main synchronisation loses changes",
    weekly: "The weekly job, started by cron on the host",
    table: "What was wrong in the main copy, before → after",
    site: "site",
    missing: "missing",
    stale: "stale",
    newer: "newer in main (not to be touched)",
    deleted: "deleted on the portal (reported)",
    monitoring: "dbadmin.monitoring_vn_check_to_prod",
    repaired: "Every lost row is back, every stale one is up to date, newer ones are untouched.",
    notRepaired: "NOT repaired as it should be.",
    again: "pulumi up once more",
    noChange: "No change.",
    changed: (what) => `Unexpected changes: ${what}`,
    destroy: "pulumi destroy",
    left: "What is left",
    onlyData: "Nothing but data.",
    leftOver: "More than data is left.",
    interrupted: (signal) => `${signal}: stopping everything`,
    keep: (association) => `\nAll of it stays up until Ctrl-C.\n${waysIn(association)}`,
  },
  fr: {
    parts: "Éléments jetables",
    mainFull:
      "La synchronisation principale de l'association : vrai Client-API-VN, premier téléchargement complet",
    up: "pulumi up : la seconde synchronisation, de contrôle, sur l'hôte",
    firstImport: "Premier import de la copie de contrôle, en arrière-plan sur l'hôte",
    lose: "La synchronisation principale perd des changements",
    weekly: "La tâche hebdomadaire, lancée par cron sur l'hôte",
    table: "Ce qui était faux dans la copie principale, avant → après",
    site: "site",
    missing: "manquantes",
    stale: "périmées",
    newer: "plus récentes (à ne pas toucher)",
    deleted: "supprimées sur le portail (signalées)",
    monitoring: "dbadmin.monitoring_vn_check_to_prod",
    repaired:
      "Toutes les lignes perdues sont revenues, les périmées sont à jour, les plus récentes intactes.",
    notRepaired: "PAS réparé comme il le faudrait.",
    again: "pulumi up encore une fois",
    noChange: "Aucun changement.",
    changed: (what) => `Changements inattendus : ${what}`,
    destroy: "pulumi destroy",
    left: "Ce qui reste",
    onlyData: "Rien que des données.",
    leftOver: "Il reste plus que des données.",
    interrupted: (signal) => `${signal} : arrêt de tout`,
    keep: (association) => `\nTout reste en place jusqu'à Ctrl-C.\n${waysIn(association)}`,
  },
};
