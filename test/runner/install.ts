import type { Client } from "pg";
import { namesOf } from "../../config/names";
import { checkTablesSql, indexSql, installSql, type SqlSettings } from "../../sql";

const NAMES = namesOf("default");

/** Main as the first synchronisation's own tables, then the kit's SQL over it as the stack installs it. */
export async function install(client: Client): Promise<void> {
  const settings: SqlSettings = {
    roles: { owner: NAMES.dataOwner, repair: NAMES.repairRole, login: NAMES.login },
  };
  await client.query(`
    CREATE SCHEMA src_vn_json;
    CREATE TABLE src_vn_json.observations_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL,
      update_ts integer NOT NULL, id_form_universal varchar, PRIMARY KEY (id, site));
    CREATE TABLE src_vn_json.forms_json (id integer NOT NULL, site varchar NOT NULL, item jsonb NOT NULL, PRIMARY KEY (id, site));`);
  await client.query(checkTablesSql(settings));
  await client.query(installSql(settings));
  const { rows } = await client.query<{ statement: string }>(indexSql(settings));
  for (const { statement } of rows) await client.query(statement);
}
