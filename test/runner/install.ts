import type { Client } from "pg";
import { install as installKit } from "../../sql/installer";
import { installation } from "../support/installation";

/** Owner of main, as in life no superuser: else nobody can tell what its triggers would do for it. */
export const MAIN_OWNER = "vn_main";

/** Main as the first synchronisation's own tables, then the kit's SQL over it as the stack installs it. */
export async function install(client: Client): Promise<void> {
  await client.query(`
    CREATE SCHEMA src_vn_json;
    CREATE TABLE src_vn_json.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
      update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site));
    CREATE TABLE src_vn_json.forms_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, PRIMARY KEY (id, site));
    ALTER SCHEMA src_vn_json OWNER TO ${MAIN_OWNER};
    ALTER TABLE src_vn_json.observations_json OWNER TO ${MAIN_OWNER};
    ALTER TABLE src_vn_json.forms_json OWNER TO ${MAIN_OWNER}`);
  await installKit(client, installation());
}
