import { choice, instanceName } from "../values/fields";
import { key } from "../values/key";
import { email } from "../values/mail";

/** Which installation this is, in which language it speaks, and to whom. */
export const instance = {
  instance: key(instanceName, {
    default: "default",
    en: "Name of this installation: all names on the host and in the database come from it. `default` has vn_check, src_vn_json_check …; any other adds its own name to them. Several may share a host and a database",
    fr: "Nom de cette installation : tous les noms sur le serveur et dans la base en viennent. `default` donne vn_check, src_vn_json_check … ; tout autre leur ajoute le sien. Plusieurs peuvent partager un serveur et une base",
  }),
  locale: key(choice(["fr", "en"]), {
    default: "fr",
    en: "Language of faults, outputs, cron comments and of what the jobs say: fr or en",
    fr: "Langue des erreurs, des sorties, des commentaires de cron et de ce que disent les tâches : fr ou en",
  }),
  adminEmail: key(email, {
    required: true,
    example: "admin@example.org",
    en: "Mail address of the person in charge",
    fr: "Adresse mail de la personne responsable",
  }),
};
