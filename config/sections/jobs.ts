import { cronLine, day, flag, whole } from "../values/fields";
import { key, section } from "../values/key";
import { mailRecipients } from "../values/mail";

/** What the jobs on the host do, when, and within which limits. */
export const jobs = {
  windowDays: key(whole(1, 365), {
    default: 14,
    en: "Days that the weekly job downloads again, counted back from today, 1 to 365",
    fr: "Jours que la tâche hebdomadaire télécharge à nouveau, comptés en arrière depuis aujourd'hui, de 1 à 365",
  }),
  overlapDays: key(whole(0, 60), {
    default: 3,
    // The portal's list of changes reaches 70 days back.
    en: "Days that each daily update asks for again, 0 to 60",
    fr: "Jours que chaque mise à jour quotidienne redemande, de 0 à 60",
  }),
  schedule: section(
    {
      en: "When the jobs run: cron's five fields, in the host's time zone",
      fr: "Quand tournent les tâches : les cinq champs de cron, dans le fuseau du serveur",
    },
    {
      daily: key(cronLine, {
        default: "30 4 * * *",
        en: "The portal's updates, then the repair of what they touched",
        fr: "Les mises à jour du portail, puis la réparation de ce qu'elles ont touché",
      }),
      weekly: key(cronLine, {
        default: "0 22 * * 6",
        en: "The last days downloaded again, proven complete, then the main copy repaired",
        fr: "Nouveau téléchargement des derniers jours, preuve de complétude, réparation de la copie principale",
      }),
      watch: key(cronLine, {
        default: "17 * * * *",
        en: "An unfinished first import resumed, mails that wait sent, else nothing",
        fr: "La reprise d'un premier import interrompu, l'envoi des courriels en attente, sinon rien",
      }),
      mailTo: key(mailRecipients, {
        like: "adminEmail",
        blank: true,
        example: "admin@example.org",
        en: 'Where cron sends what a job prints: mail addresses or local accounts, by commas; "" for nowhere',
        fr: 'Où cron envoie ce qu\'une tâche affiche : adresses mail ou comptes locaux, séparés par des virgules ; "" pour nulle part',
      }),
    },
  ),
  firstImport: section(
    { en: "The first download of everything", fr: "Le premier téléchargement de tout" },
    {
      start: key(flag, {
        default: true,
        en: "Begun by `pulumi up`, in the background of the host",
        fr: "Lancé par `pulumi up`, en arrière-plan sur le serveur",
      }),
      since: key(day, {
        default: "1900-01-01",
        en: "First day that is imported",
        fr: "Premier jour importé",
      }),
      stepDays: key(whole(0, 36_500), {
        default: 0,
        en: "Days of one step; 0: the client's own steps, which grow while little is found",
        fr: "Jours d'un pas ; 0 : les pas du client, qui grandissent tant qu'il trouve peu",
      }),
    },
  ),
  runner: section(
    { en: "Limits of the jobs", fr: "Limites des tâches" },
    {
      attempts: key(whole(1, 20), {
        default: 3,
        en: "Tries of one download in one run",
        fr: "Essais d'un téléchargement en une exécution",
      }),
      retryDelaySeconds: key(whole(0, 3600), {
        default: 60,
        en: "Seconds between two tries",
        fr: "Secondes entre deux essais",
      }),
      logDays: key(whole(1, 3650), {
        default: 90,
        en: "Days that logs are kept",
        fr: "Jours de conservation des journaux",
      }),
      silenceSeconds: key(whole(1, 86_400), {
        default: 2700,
        // The client waits 600 s after a 503.
        en: "A client process that has said nothing for so long is ended",
        fr: "Un processus du client muet depuis si longtemps est arrêté",
      }),
      overallSeconds: key(whole(1, 604_800), {
        default: 43_200,
        en: "A client process of the daily or weekly job is ended after so long",
        fr: "Un processus du client de la tâche quotidienne ou hebdomadaire est arrêté après cette durée",
      }),
      firstImportSeconds: key(whole(1, 2_592_000), {
        default: 259_200,
        en: "The same for one group of the first import",
        fr: "De même pour un groupe du premier import",
      }),
    },
  ),
};
