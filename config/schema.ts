import { type Names, namesOf } from "./names";
import { database, databaseLife } from "./sections/database";
import { client, host } from "./sections/host";
import { instance } from "./sections/instance";
import { jobs } from "./sections/jobs";
import { mail } from "./sections/mail";
import { repair } from "./sections/repair";
import { sites } from "./sections/sites";
import type { Keys, Values, Words } from "./values/key";

/** Every key of a stack's configuration, in the order in which a person fills it in. */
export const SCHEMA = {
  ...instance,
  ...host,
  ...database,
  ...sites,
  ...jobs,
  ...mail,
  ...repair,
  ...client,
  ...databaseLife,
} satisfies Keys;

/** A stack's configuration, parsed and checked once: plain data, secrets in clear. `S` is what a secret is. */
export type StackConfig<S = string> = Values<typeof SCHEMA, S>;

/** The names of a stack's instance. */
export function namesOfStack(config: StackConfig<unknown>): Names {
  return namesOf(config.instance, config.database.dataOwner);
}

/** What must fit between keys of different sections; `fault` takes the key's path from the top. */
export function misfits(
  config: StackConfig,
  fault: (path: string, wrong: Words, remedy: Words) => void,
): void {
  const { mainSchema, monitoringSchema } = config.database;
  const { checkSchema, repairSchema } = namesOfStack(config);
  const taken = [checkSchema, repairSchema];
  const differ = (key: string, schema: string, others: string[]) => {
    if (!others.includes(schema)) return;
    fault(
      `database.${key}`,
      {
        en: `is ${JSON.stringify(schema)}, as another schema`,
        fr: `vaut ${JSON.stringify(schema)}, comme un autre schéma`,
      },
      {
        en: `give another name than ${others.join(", ")}`,
        fr: `donner un autre nom que ${others.join(", ")}`,
      },
    );
  };
  differ("mainSchema", mainSchema, taken);
  differ("monitoringSchema", monitoringSchema, [mainSchema, ...taken]);
  const { lossesByOthers, mainSyncLogins } = config.repair;
  if (lossesByOthers === "repair" && mainSyncLogins.length === 0)
    fault(
      "repair.mainSyncLogins",
      {
        en: "is missing: without it whoever deletes counts as the main synchronisation, and lossesByOthers: repair has no effect",
        fr: "manque : sans elle, quiconque supprime compte pour la synchronisation principale, et lossesByOthers: repair reste sans effet",
      },
      {
        en: "name the database logins of the main synchronisation, or take repair.lossesByOthers away",
        fr: "nommer les connexions de la synchronisation principale à la base, ou retirer repair.lossesByOthers",
      },
    );
}
