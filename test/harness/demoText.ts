import type { Association, Part } from "./association";
import type { Step } from "./stack";
import type { WeeklyRun } from "./weekly";

export type Language = "fr" | "en";

export interface Story {
  parts: string;
  /** A step is done: how long it took. */
  took(seconds: number): string;
  part: Record<Part, string>;
  mainInstall: string;
  mainFull: string;
  rows(done: number, expected: number): string;
  resource(step: Step): string;
  up: string;
  firstImport: string;
  lose: string;
  apiFails: string;
  apiWorks: string;
  weekly: string;
  schedule(line: string): string;
  startsIn(seconds: number): string;
  weeklyDone(run: WeeklyRun): string;
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
    "  vn-check status    # on the host",
    `  PGPASSFILE=${dir}/pgpass psql -h 127.0.0.1 -p ${cluster.port} -U ${cluster.superuser} ${association.database}`,
  ].join("\n");
}

/** What the demo tells, in both languages. */
export const story: Record<Language, Story> = {
  en: {
    parts: "Throwaway parts",
    took: (seconds) => `done in ${seconds} s`,
    part: {
      postgres: "PostgreSQL with PostGIS",
      portal: "an emulated VisioNature API",
      host: "a Debian host with sshd and cron",
    },
    mainInstall: "The association's main synchronisation: real Client-API-VN, installed on the host",
    mainFull:
      "Its first full download (the client's own jobs, without transfer_vn's scheduler, which can hang)",
    rows: (done, expected) => `${done} / ${expected} observations`,
    resource: ({ count, op, name, seconds }) => `${count}. ${name}: ${op}d (${seconds} s)`,
    up: "pulumi up: the second, checking synchronisation on the host",
    firstImport: "First import of the check copy, in the background on the host",
    lose: "The main synchronisation loses changes",
    apiFails: "it asks for changes while the API fails",
    apiWorks: "the API works again, it asks once more",
    weekly: "The weekly job, started by cron on the host",
    schedule: (line) => `schedule.weekly: "${line}", pulumi up`,
    startsIn: (seconds) => `cron starts it in ${seconds} s`,
    weeklyDone: ({ status, window }) => `${status}, ${window}`,
    table: "What was wrong in the main copy, before → after",
    site: "site",
    missing: "missing",
    stale: "stale",
    newer: "newer in main (not to be touched)",
    deleted: "deleted on the portal (reported)",
    monitoring: "dbadmin.monitoring_vn_check_to_prod",
    repaired: "Every lost row is back, every stale one is up to date, newer ones are untouched.",
    notRepaired: "NOT repaired as it should be.",
    again: "Until then: pulumi up once more",
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
    parts: "Environnement jetable",
    took: (seconds) => `terminé en ${seconds} s`,
    part: {
      postgres: "PostgreSQL avec PostGIS",
      portal: "une API VisioNature émulée",
      host: "un hôte Debian avec sshd et cron",
    },
    mainInstall: "La synchronisation principale de l'association : vrai Client-API-VN, installé sur l'hôte",
    mainFull:
      "Son premier téléchargement complet (les tâches mêmes du client, sans l'ordonnanceur de transfer_vn, qui peut se bloquer)",
    rows: (done, expected) => `${done} / ${expected} observations`,
    resource: ({ count, op, name, seconds }) =>
      `${count}. ${name} : ${{ create: "créé", update: "modifié", delete: "supprimé" }[op]} (${seconds} s)`,
    up: "pulumi up : la seconde synchronisation, de contrôle, sur l'hôte",
    firstImport: "Premier import de la copie de contrôle, en arrière-plan sur l'hôte",
    lose: "La synchronisation principale perd des changements",
    apiFails: "elle demande les changements pendant que l'API est en panne",
    apiWorks: "l'API répond à nouveau, elle refait sa demande",
    weekly: "La tâche hebdomadaire, lancée par cron sur l'hôte",
    schedule: (line) => `schedule.weekly : « ${line} », pulumi up`,
    startsIn: (seconds) => `cron la lance dans ${seconds} s`,
    weeklyDone: ({ status, window }) =>
      `${{ done: "terminée", partial: "partielle", failed: "en échec" }[status] ?? status}, ${window}`,
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
    again: "En attendant : pulumi up encore une fois",
    noChange: "Aucun changement.",
    changed: (what) => `Changements inattendus : ${what}`,
    destroy: "pulumi destroy",
    left: "Ce qui reste",
    onlyData: "Rien que des données.",
    leftOver: "Il reste plus que des données.",
    interrupted: (signal) => `${signal} : arrêt de tout`,
    keep: (association) => `\nTout reste en place jusqu'à Ctrl-C.\n${waysIn(association)}`,
  },
};
