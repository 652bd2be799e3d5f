import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { oneOf, type Random, whole } from "../../emulator/random";
import { NAMES } from "../../runner/runnerAccount";
import { MAIN_LOGIN } from "../scene/ground";
import type { Kind, Scene } from "../scene/kind";

const MAIN = "src_vn_json.observations_json";
const TABLES = [
  MAIN,
  "src_vn_json_check.observations_json",
  "src_vn_json_check.increment_log",
  "src_vn_json_repair.job",
];
const SETTINGS = [
  "datestyle = 'German'",
  "statement_timeout = '800ms'",
  "lock_timeout = '300ms'",
  "search_path = ''",
  "standard_conforming_strings = off",
  "default_transaction_isolation = 'serializable'",
  "default_transaction_read_only = on",
  "timezone = 'Pacific/Auckland'",
  "idle_session_timeout = '1s'",
];

/** The session of `main-rows-edited`. */
const EDITOR = "somebody's open edits";
const END_EDITOR = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${EDITOR.replace("'", "''")}'`;

/** The superuser, for whom tables are free and may be written: an administrator sees to that. */
async function administrator(scene: Scene): Promise<Client> {
  const client = await scene.cluster.connect(scene.account.database);
  await client.query("SET default_transaction_read_only = off");
  await client.query(END_EDITOR);
  return client;
}

async function sql(scene: Scene, text: string): Promise<void> {
  const client = await administrator(scene);
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Locks a table in the next run: for moments, or until the run has given up. */
function lockTable(scene: Scene, table: string, seconds: number): void {
  scene.inNextRun(async ({ ended }) => {
    const client = await administrator(scene);
    try {
      await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      await Promise.race([ended, sleep(seconds * 1000)]);
    } finally {
      await client.end();
    }
  });
}

async function deleteRows(scene: Scene, client: Client, random: Random, most: number): Promise<void> {
  const rows = [...(await scene.mainRows()).keys()];
  const chosen = [...Array(whole(random, 1, most))].map(() => oneOf(random, rows));
  try {
    const gone = await client.query<{ key: string }>(
      `DELETE FROM ${MAIN} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${MAIN} WHERE site || '/' || id = ANY ($1) FOR UPDATE SKIP LOCKED))
       RETURNING site || '/' || id AS key`,
      [chosen],
    );
    scene.oracle.mainLost(gone.rows.map(({ key }) => key));
  } finally {
    await client.end();
  }
}

export const DATABASE_KINDS: Kind[] = [
  {
    name: "db-restarts",
    en: "the server restarts during a run",
    fr: "le serveur redémarre pendant une exécution",
    begin(scene, random) {
      const [after, down] = [whole(random, 0, 2500), whole(random, 0, 2)];
      const how = random() < 0.5 ? "crash" : undefined;
      scene.inNextRun(async () => {
        await sleep(after);
        await scene.cluster.restart(down, how);
      });
      return undefined;
    },
  },
  {
    name: "db-stopped",
    en: "the server is down when a run is due",
    fr: "le serveur est arrêté quand une exécution est due",
    begin(scene) {
      scene.inNextRun(() => scene.cluster.restart(12));
      return undefined;
    },
  },
  {
    name: "db-standby",
    en: "the server may only be read",
    fr: "le serveur est en lecture seule",
    days: [1, 3],
    async begin(scene) {
      await scene.cluster.restart(0, "standby");
      return () => scene.cluster.restart(0);
    },
  },
  {
    name: "db-locked",
    en: "a session locks a table for a moment",
    fr: "une session verrouille une table un moment",
    begin(scene, random) {
      lockTable(scene, oneOf(random, TABLES), 4);
      return undefined;
    },
  },
  {
    name: "db-locked-long",
    en: "a session locks a table longer than a run waits",
    fr: "une session verrouille une table plus longtemps qu'une exécution n'attend",
    begin(scene, random) {
      lockTable(scene, oneOf(random, TABLES), 90);
      return undefined;
    },
  },
  {
    name: "db-settings",
    en: "database or role have other settings",
    fr: "la base ou le rôle ont d'autres réglages",
    days: [1, 8],
    async begin(scene, random) {
      const setting = oneOf(random, SETTINGS);
      const of = oneOf(random, [
        `DATABASE "${scene.account.database}"`,
        `ROLE ${NAMES.login}`,
        `ROLE ${MAIN_LOGIN}`,
      ]);
      await sql(scene, `ALTER ${of} SET ${setting}`);
      return () => sql(scene, `ALTER ${of} RESET ${setting.split(" ")[0]}`);
    },
  },
  {
    name: "db-no-login",
    en: "the login may not connect",
    fr: "le rôle ne peut pas se connecter",
    days: [1, 3],
    async begin(scene) {
      await sql(scene, `ALTER ROLE ${NAMES.login} NOLOGIN`);
      return () => sql(scene, `ALTER ROLE ${NAMES.login} LOGIN`);
    },
  },
  {
    name: "main-restored",
    en: "main is restored from an older dump",
    fr: "la copie principale est restaurée d'une sauvegarde plus ancienne",
    async begin(scene, random) {
      const before = await scene.mainRows();
      const { observations, forms } = await scene.dump(whole(random, 1, 6));
      const [off, on] = random() < 0.5 ? ["", ""] : (["DISABLE", "ENABLE"] as const);
      const switched = (how: string) => (how ? `ALTER TABLE ${MAIN} ${how} TRIGGER ALL;` : "");
      const client = await administrator(scene);
      try {
        await client.query(`${switched(off)} TRUNCATE ${MAIN}, src_vn_json.forms_json`);
        await client.query(`INSERT INTO ${MAIN} SELECT * FROM json_populate_recordset(NULL::${MAIN}, $1)`, [
          observations,
        ]);
        await client.query(
          "INSERT INTO src_vn_json.forms_json SELECT * FROM json_populate_recordset(NULL::src_vn_json.forms_json, $1)",
          [forms],
        );
        if (on) await client.query(switched(on));
      } finally {
        await client.end();
      }
      const after = await scene.mainRows();
      scene.oracle.mainLost(
        [...before.keys(), ...after.keys()].filter((key) => (after.get(key) ?? 0) !== before.get(key)),
      );
      return undefined;
    },
  },
  {
    name: "main-rows-deleted",
    en: "somebody deletes rows of main",
    fr: "quelqu'un supprime des lignes de la copie principale",
    async begin(scene, random) {
      await deleteRows(scene, await scene.asOther(), random, 6);
      return undefined;
    },
  },
  {
    name: "main-sync-deletes",
    en: "main's own synchronisation deletes rows, and loses that they came back",
    fr: "la synchronisation principale supprime des lignes, et perd leur retour",
    async begin(scene, random) {
      await deleteRows(scene, await scene.asMain(), random, 3);
      return undefined;
    },
  },
  {
    name: "main-refuses",
    en: "a trigger of main's refuses rows",
    fr: "un déclencheur de la copie principale refuse des lignes",
    days: [1, 8],
    async begin(scene, random) {
      const rest = whole(random, 0, 2);
      await sql(
        scene,
        `SET ROLE ${MAIN_LOGIN};
         CREATE FUNCTION src_vn_json.refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN IF NEW.id % 3 = ${rest} THEN RAISE EXCEPTION 'row % is not wanted', NEW.id; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${MAIN} FOR EACH ROW EXECUTE FUNCTION src_vn_json.refuse()`,
      );
      return () =>
        sql(scene, `DROP TRIGGER IF EXISTS refuse ON ${MAIN}; DROP FUNCTION IF EXISTS src_vn_json.refuse()`);
    },
  },
  {
    name: "triggers-off",
    en: "triggers are off for a while",
    fr: "des déclencheurs sont désactivés un temps",
    days: [1, 4],
    async begin(scene, random) {
      const table = oneOf(random, [MAIN, "src_vn_json_check.observations_json"]);
      await sql(scene, `ALTER TABLE ${table} DISABLE TRIGGER ALL`);
      return () => sql(scene, `ALTER TABLE ${table} ENABLE TRIGGER ALL`);
    },
  },
  {
    name: "main-rows-edited",
    en: "somebody edits rows of main for days, and commits nothing",
    fr: "quelqu'un modifie des lignes de la copie principale pendant des jours, sans valider",
    days: [1, 6],
    async begin(scene, random) {
      // Where people look and correct most: among the newest.
      const newest = [...(await scene.mainRows())].sort(([, a], [, b]) => b - a).slice(0, 60);
      const rows = [...Array(20)].map(() => oneOf(random, newest)[0]);
      const client = await scene.asOther();
      const away = () => client.end().catch(() => undefined);
      try {
        await client.query(`SET application_name = ${client.escapeLiteral(EDITOR)}; BEGIN`);
        await client.query(`SELECT FROM ${MAIN} WHERE site || '/' || id = ANY ($1) FOR UPDATE`, [rows]);
      } catch (error) {
        await away();
        throw error;
      }
      return away;
    },
  },
];
