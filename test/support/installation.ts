import type { ClientBase } from "pg";
import {
  type Installation,
  REPAIR_DEFAULTS,
  type RepairSettings,
  type Roles,
  type Schemas,
} from "../../sql/installation";
import { install } from "../../sql/installer";

/** The default instance's roles. */
export const ROLES: Roles = { owner: "vn_check_owner", repair: "vn_check_repair", login: "vn_check" };

/** What differs from the default instance, installed with the stack's roles. */
export type Options = Partial<RepairSettings> &
  Partial<Omit<Installation, "settings" | "schemas">> & { schemas?: Partial<Schemas> };

export function installation(options: Options = {}): Installation {
  const {
    instance = "default",
    schemas,
    roles = ROLES,
    runAs,
    extraGrants = [],
    triggerSearchPath,
    readers,
    sites,
    locale,
    ...settings
  } = options;
  const suffix = instance === "default" ? "" : `_${instance}`;
  return {
    instance,
    schemas: {
      main: "src_vn_json",
      check: `src_vn_json_check${suffix}`,
      repair: `src_vn_json_repair${suffix}`,
      monitoring: "dbadmin",
      ...schemas,
    },
    roles,
    runAs,
    extraGrants,
    triggerSearchPath,
    readers,
    sites,
    locale,
    settings: { ...REPAIR_DEFAULTS, ...settings },
  };
}

/** Makes the client's fifteen tables in a schema (of its own, if absent) as the caller, and nothing else. */
export async function makeClientTables(client: ClientBase, schema: string): Promise<void> {
  const aside = { main: "not_there", repair: "made_aside", monitoring: "not_there_either" };
  await install(client, installation({ roles: null, schemas: { ...aside, check: schema } }), {
    parts: ["check copy"],
  });
  await client.query(`DROP SCHEMA made_aside CASCADE; COMMENT ON SCHEMA "${schema}" IS NULL`);
}
