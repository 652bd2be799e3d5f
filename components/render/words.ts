import type { Names } from "../../config/names";
import { whenInWords } from "../../config/values/cron";
import type { Locale } from "../../config/values/key";
import type { CronTimes } from "./cronEntry";
import { launcherPath } from "./launcher";

/** What runs when, for the stack's outputs. */
export function scheduleInWords(
  schedule: Omit<CronTimes, "mailTo">,
  locale: Locale,
): Record<"daily" | "weekly" | "watch", string> {
  const when = (expression: string) => whenInWords(expression, locale);
  return locale === "fr"
    ? {
        daily: `${when(schedule.daily)} : mises à jour du portail, puis réparation de ce qu'elles ont touché`,
        weekly: `${when(schedule.weekly)} : nouveau téléchargement des derniers jours, preuve de complétude, réparation de la copie principale`,
        watch: `${when(schedule.watch)} : reprise d'un premier import interrompu, envoi des courriels en attente, sinon rien`,
      }
    : {
        daily: `${when(schedule.daily)}: the portal's updates, then the repair of what they touched`,
        weekly: `${when(schedule.weekly)}: the last days downloaded again, proven complete, then the main copy repaired`,
        watch: `${when(schedule.watch)}: an unfinished first import resumed, mails that wait sent, else nothing`,
      };
}

/** What `pulumi destroy` takes away and what it leaves, as things stand after this `up`. */
export function destroyInWords(
  names: Names,
  schemas: { main: string; monitoring: string },
  destroyData: boolean,
  locale: Locale,
): { removes: string[]; keeps: string[] } {
  const { account, home, cronFile, login, repairRole, checkSchema, repairSchema, instance } = names;
  const { main, monitoring } = schemas;
  const fr = locale === "fr";
  const data = fr
    ? [
        `toutes les données téléchargées : ${checkSchema}`,
        `l'historique des réparations et les lignes supprimées qui étaient gardées : ${repairSchema}`,
        `les lignes de l'instance ${instance} dans ${monitoring}.monitoring_vn_check_to_prod`,
      ]
    : [
        `all downloaded data: ${checkSchema}`,
        `the history of repairs and the deleted rows that were kept: ${repairSchema}`,
        `the rows of instance ${instance} in ${monitoring}.monitoring_vn_check_to_prod`,
      ];
  const always = fr
    ? [
        `le compte ${account} avec ${home}, /etc/cron.d/${cronFile} et ${launcherPath(names)}`,
        `les fonctions, déclencheurs et vues de la réparation, les rôles ${login} et ${repairRole}`,
      ]
    : [
        `the account ${account} with ${home}, /etc/cron.d/${cronFile} and ${launcherPath(names)}`,
        `functions, triggers and views of the repair, the roles ${login} and ${repairRole}`,
      ];
  const kept = fr ? [`la copie principale : ${main}`] : [`the main copy: ${main}`];
  return destroyData
    ? { removes: [...always, ...data], keeps: kept }
    : { removes: always, keeps: [...kept, ...data] };
}

/** What to do after `up`, and what destroy leaves: lines that the engine shows whole, of 150 bytes at most. */
export function nextSteps({ command }: Names, firstImportStarted: boolean, locale: Locale): string[] {
  const status = `${command} status`;
  const dryRun = `${command} repair --dry-run`;
  const init = `${command} init --background`;
  const withData = "pulumi config set destroyData true; pulumi up; pulumi destroy";
  return locale === "fr"
    ? [
        firstImportStarted
          ? "Le premier import est lancé sur le serveur et peut durer des heures."
          : `Lancer le premier import, sur le serveur : ${init}`,
        `Voir où en est tout, sur le serveur : ${status}`,
        `Essayer la réparation sans rien écrire, sur le serveur : ${dryRun}`,
        "pulumi destroy enlève tout, sauf les données et les paquets Debian installés.",
        `Enlever aussi les données : ${withData}`,
      ]
    : [
        firstImportStarted
          ? "The first import has been started on the host and may take hours."
          : `Start the first import, on the host: ${init}`,
        `See how all of it is, on the host: ${status}`,
        `Try the repair without writing anything, on the host: ${dryRun}`,
        "pulumi destroy removes everything but the data and the Debian packages that were installed.",
        `Remove the data too: ${withData}`,
      ];
}

/** What an `up` says that does not find what an earlier one has made: it is gone, or the place is another one. */
export function madeAgain(place: "host" | "database", absent: string[], locale: Locale): string {
  const names = absent.join(", ");
  const there = {
    host: { en: "on the host", fr: "sur le serveur" },
    database: { en: "in the database", fr: "dans la base" },
  }[place][locale];
  return locale === "fr"
    ? `ce que cette pile avait ${there} n'y est pas (${names}) : tout y est refait, et le premier import reprend pour ce qui manque`
    : `what this stack had ${there} is not there (${names}): all of it is made again, and the first import goes on with what lacks`;
}
