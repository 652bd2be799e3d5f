import type { Check } from "../config/checks";
import { run } from "./connecting";
import { type DatabaseFacts, when } from "./databaseFacts";

/** What the keys of \`repair\` name has to be in the database. */
export const SETTING_CHECKS: Check<DatabaseFacts>[] = [
  {
    name: "repair.extraGrants",
    try: ({ refused_grants, adminUser }) => {
      const lacking = refused_grants.filter(({ right }) => right);
      const list = lacking.map(({ grant }) => grant).join(", ");
      return when(
        lacking.length > 0,
        `${adminUser} may not give ${list}`,
        `${adminUser} ne peut pas accorder ${list}`,
      );
    },
    remedy: ({ refused_grants, adminUser }) =>
      run(
        ...refused_grants
          .filter(({ right }) => right)
          .map(({ grant }) => `GRANT ${grant} TO "${adminUser}" WITH GRANT OPTION;`),
      ),
  },
  {
    name: "repair.extraGrants",
    try: ({ refused_grants }) => {
      const wrong = refused_grants.filter(({ right }) => !right);
      const list = wrong.map(({ grant, why }) => `GRANT ${grant} TO …: ${why}`).join("; ");
      return when(wrong.length > 0, `cannot be given: ${list}`, `ne peuvent pas être accordés : ${list}`);
    },
    remedy: () => ({
      en: "write what stands between GRANT and TO, with the schema's name, or take the entry away",
      fr: "écrire ce qui vient entre GRANT et TO, avec le nom du schéma, ou enlever l'élément",
    }),
  },
  {
    name: "repair.runAs",
    try: ({ run_as, installation: { runAs } }) =>
      run_as === "absent"
        ? { en: `there is no role ${runAs}`, fr: `il n'y a pas de rôle ${runAs}` }
        : when(
            run_as === "superuser",
            `${runAs} is a superuser: what main's triggers run would be one too`,
            `${runAs} est superutilisateur : ce que lancent les déclencheurs de la copie principale le serait aussi`,
          ),
    remedy: () => ({
      en: `name the role that owns the main copy, if it is no superuser, or take the key away: pulumi config rm --path 'vn-sync-check:repair.runAs'`,
      fr: `donner le rôle propriétaire de la copie principale, s'il n'est pas superutilisateur, ou enlever la clé : pulumi config rm --path 'vn-sync-check:repair.runAs'`,
    }),
  },
  {
    name: "repair.triggerSearchPath",
    try: ({ path_absent }) =>
      when(
        path_absent.length > 0,
        `there is no schema ${path_absent.join(", ")}`,
        `il n'y a pas de schéma ${path_absent.join(", ")}`,
      ),
    remedy: () => ({
      en: "name schemas of this database in which the main copy's triggers find functions",
      fr: "donner des schémas de cette base, où les déclencheurs de la copie principale trouvent leurs fonctions",
    }),
  },
  {
    name: "repair.triggerSearchPath",
    try: ({ path_open }) =>
      when(
        path_open.length > 0,
        `anybody may put functions into ${path_open.join(", ")}, which main's triggers would run as the repair`,
        `n'importe qui peut mettre dans ${path_open.join(", ")} des fonctions, que les déclencheurs lanceraient sous le rôle de la réparation`,
      ),
    remedy: ({ path_open }) =>
      run(...path_open.map((schema) => `REVOKE CREATE ON SCHEMA "${schema}" FROM PUBLIC;`)),
  },
  {
    name: "repair.mainSyncLogins",
    mild: true,
    try: ({ logins_absent }) =>
      when(
        logins_absent.length > 0,
        `there is no role ${logins_absent.join(", ")}`,
        `il n'y a pas de rôle ${logins_absent.join(", ")}`,
      ),
    remedy: () => ({
      en: "give the names as \\du shows them: with a wrong one every deletion counts as somebody else's",
      fr: "donner les noms tels que \\du les montre : avec un nom faux, toute suppression passe pour celle d'un autre",
    }),
  },
];
