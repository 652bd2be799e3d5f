import type { Client } from "pg";
import { install as installKit } from "../../sql/installer";
import { installation } from "../support/installation";

/** Main as the first synchronisation's own tables, then the kit's SQL over it as the stack installs it. */
export async function install(client: Client): Promise<void> {
  await client.query(`
    CREATE SCHEMA src_vn_json;
    CREATE TABLE src_vn_json.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
      update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site));
    CREATE TABLE src_vn_json.forms_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, PRIMARY KEY (id, site));`);
  await installKit(client, installation());
}
