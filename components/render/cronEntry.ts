import type { Names } from "../../config/names";
import type { Locale } from "../../config/values/key";

/** When each job runs: five-field expressions of cron, in the host's time zone. */
export interface CronTimes {
  daily: string;
  weekly: string;
  watch: string;
  /** Where cron sends what a job prints. */
  mailTo: string;
}

const COMMENTS = {
  fr: {
    head: "Écrit par vn-sync-check ; `pulumi up` remplace ce fichier en entier.",
    daily: "Chaque jour : mises à jour du portail, puis ce qui manquait à la dernière vérification.",
    weekly:
      "Chaque semaine : nouveau téléchargement des derniers jours, preuve de complétude, réparation de la copie principale.",
    watch:
      "Chaque heure : reprend un premier import interrompu, envoie les courriels en attente ; sinon ne fait rien.",
  },
  en: {
    head: "Written by vn-sync-check; `pulumi up` replaces the whole file.",
    daily: "Daily: the portal's updates, then what the last check left unproven.",
    weekly: "Weekly: the last days downloaded again, proven complete, then the main copy repaired.",
    watch: "Hourly: resumes an unfinished first import, sends mails that wait; otherwise does nothing.",
  },
} as const;

/** The whole of /etc/cron.d/<name>. */
export function cronEntry(names: Names, times: CronTimes, locale: Locale): string {
  const texts = COMMENTS[locale];
  const job = (verb: "daily" | "weekly" | "watch") => [
    `# ${texts[verb]}`,
    `${times[verb]} ${names.account} ${names.home}/bin/vn-check ${verb}`,
  ];
  return [
    `# ${texts.head}`,
    "SHELL=/bin/sh",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    `HOME=${names.home}`,
    `MAILTO="${times.mailTo}"`,
    "",
    ...job("daily"),
    ...job("weekly"),
    ...job("watch"),
    "",
  ].join("\n");
}
