import { namesOfStack } from "../config/schema";
import { type Installation, REPAIR_DEFAULTS } from "../sql/installation";
import type { SecretConfig } from "./secrets";

/** What the SQL is told: names, roles, and what the repair may do. */
export function installationOf(config: SecretConfig): Installation {
  const { database, filter } = config;
  const { references, extraGrants, triggerSearchPath, runAs, ...policies } = config.repair;
  const names = namesOfStack(config);
  const sites = Object.entries(config.sites);
  return {
    instance: names.instance,
    locale: config.locale,
    schemas: {
      main: database.mainSchema,
      check: names.checkSchema,
      repair: names.repairSchema,
      monitoring: database.monitoringSchema,
    },
    roles: { owner: names.dataOwner, repair: names.repairRole, login: names.login },
    runAs,
    extraGrants,
    triggerSearchPath,
    readers: database.readers,
    sites: sites.filter(([, site]) => site.enabled).map(([name]) => name),
    settings: {
      ...REPAIR_DEFAULTS,
      ...policies,
      referenceControllers: references,
      territorialFilter: filter.territorialUnits.length > 0,
      mailTo: config.mail.to || null,
      newSites: sites.filter(([, site]) => site.newInMain).map(([name]) => name),
    },
  };
}
