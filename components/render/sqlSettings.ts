import { namesOfStack, type StackConfig } from "../../config/schema";
import type { SqlSettings } from "../../sql";

/** What the SQL is told: names, roles, and what the repair does. */
export function sqlSettings(config: StackConfig<unknown>): SqlSettings {
  const { database, filter, repair } = config;
  const names = namesOfStack(config);
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
