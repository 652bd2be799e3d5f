import type { SqlSettings } from "../../sql";
import type { Config } from "../configTypes";

/** What the SQL is told: names, roles, and what the repair does. */
export function sqlSettings({ names, database, filter, repair }: Config): SqlSettings {
  return {
    ...repair,
    instance: names.instance,
    mainSchema: database.mainSchema,
    checkSchema: names.checkSchema,
    monitoringSchema: database.monitoringSchema,
    roles: { owner: names.dataOwner, repair: names.repairRole, login: names.login },
    territorialFilter: filter.territorialUnits.length > 0,
  };
}
