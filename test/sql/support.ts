import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { install } from "../../sql/installer";
import { installation, makeClientTables, type Options, ROLES } from "../support/installation";
import { type Cluster, type ClusterOptions, startCluster } from "../support/postgres";

export { installation, makeClientTables, type Options, ROLES } from "../support/installation";

const PASSWORD = "only-for-tests";
const SITE = "vn38";

/** A cluster with the roles and a template of a database as it is before the installation: main full of nothing. */
export interface Databases {
  cluster: Cluster;
  /** A database of its own; installed with these options, or (`null`) not at all. */
  database(options?: Options | null): Promise<Db>;
  stop(): Promise<void>;
}

export interface Db {
  name: string;
  /** Superuser. */
  admin: Client;
  /** The second synchronisation's login, which starts repairs. */
  login: Client;
  /** Main's own synchronisation: owns main's schema and tables. */
  main: Client;
  connect(user?: string): Promise<Client>;
  /** Runs a repair as the login, and gives its result; by default from the journal, for no job. */
  repair(
    mode?: "journal" | "whole" | "contents",
    options?: { job?: number; dryRun?: boolean; accept?: number; client?: Client },
  ): Promise<Result>;
  /** Rows of a query as the superuser. */
  rows<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** What the procedure `repair` gives back. */
export interface Result {
  run: number | null;
  status: "done" | "partial" | "refused" | "busy" | "failed";
  message: string | null;
  /** What people have to see to. */
  problems: { problem: string }[];
  changed_by_triggers: number;
  inserted: number;
  updated: number;
  deleted: number;
  set_aside: number;
  dry_run?: true;
  open: Record<string, number>;
  by_table: Record<string, { inserted: number; updated: number; deleted: number; set_aside: number }>;
}

export async function startDatabases(options: ClusterOptions = {}): Promise<Databases> {
  const cluster = await startCluster(options);
  await cluster.createDatabase("template_main");
  const client = await cluster.connect("template_main");
  await client.query(`
    CREATE ROLE vn_main LOGIN PASSWORD '${PASSWORD}';
    CREATE ROLE ${ROLES.repair} NOLOGIN;
    CREATE ROLE ${ROLES.login} LOGIN PASSWORD '${PASSWORD}'`);
  await makeClientTables(client, "src_vn_json");
  // As Client-API-VN itself makes it: the primary key without update_ts.
  await client.query(`
    ALTER TABLE src_vn_json.observations_json DROP CONSTRAINT observations_json_pk;
    ALTER TABLE src_vn_json.observations_json ADD CONSTRAINT observations_json_pk PRIMARY KEY (id, site);
    ALTER SCHEMA src_vn_json OWNER TO vn_main;
    DO $$ DECLARE t regclass; BEGIN
      FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'src_vn_json'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO vn_main', t);
      END LOOP;
    END $$`);
  await client.end();
  const open: Db[] = [];
  return {
    cluster,
    async database(options = {}) {
      const db = await openDatabase(cluster, options);
      open.push(db);
      // A test needs few at once; those of earlier tests would use up the server's connections.
      if (open.length > 4) await open.shift()?.close();
      return db;
    },
    async stop() {
      await Promise.all(open.map((db) => db.close()));
      await cluster.stop();
    },
  };
}

async function openDatabase(cluster: Cluster, options: Options | null): Promise<Db> {
  const name = await cluster.createDatabase(undefined, "template_main");
  const clients: Client[] = [];
  const connect = async (user?: string) => {
    const client = await cluster.connect(name, user === undefined ? undefined : { user, password: PASSWORD });
    clients.push(client);
    return client;
  };
  const admin = await connect();
  if (options) await install(admin, installation(options));
  const login = await connect(ROLES.login);
  const main = await connect("vn_main");
  return {
    name,
    admin,
    login,
    main,
    connect,
    async repair(mode = "journal", { job, dryRun = false, accept, client = login } = {}) {
      const { rows } = await client.query(
        `CALL src_vn_json_repair.repair('${mode}', ${job ?? "NULL"}, ${dryRun}, ${accept ?? "NULL"}, NULL)`,
      );
      return rows[0]._result as Result;
    },
    async rows<T>(sql: string, values?: unknown[]) {
      return (await admin.query(sql, values)).rows as T[];
    },
    async close() {
      await Promise.all(clients.map((c) => c.end().catch(() => undefined)));
      await cluster.dropDatabase(name).catch(() => undefined);
    },
  };
}

export interface Row {
  id: number;
  ts: number;
  site?: string;
  item?: object;
  form?: string | null;
}

/** Puts observations as Client-API-VN does: a statement each, only a newer version over an older one. */
export async function put(
  client: Client,
  schema: "src_vn_json" | "src_vn_json_check",
  ...rows: Row[]
): Promise<void> {
  for (const r of rows) {
    await client.query(
      `INSERT INTO ${schema}.observations_json AS t (id, site, item, update_ts, id_form_universal) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id, site) DO UPDATE SET item = EXCLUDED.item, update_ts = EXCLUDED.update_ts,
         id_form_universal = EXCLUDED.id_form_universal WHERE t.update_ts < EXCLUDED.update_ts`,
      [r.id, r.site ?? SITE, JSON.stringify(r.item ?? item(r.id, r.ts)), r.ts, r.form ?? null],
    );
  }
}
export const putMain = (db: Db, ...rows: Row[]) => put(db.main, "src_vn_json", ...rows);
export const putCheck = (db: Db, ...rows: Row[]) => put(db.login, "src_vn_json_check", ...rows);

/** Many at once: ids `from`…`to` at one update_ts. */
export async function fill(
  client: Client,
  schema: string,
  from: number,
  to: number,
  ts: number,
  site = SITE,
): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.observations_json (id, site, item, update_ts)
     SELECT i, $4, jsonb_build_object('id', i, 'ts', $3::integer), $3 FROM generate_series($1::integer, $2::integer) AS i`,
    [from, to, ts, site],
  );
}

export function item(id: number, ts: number): object {
  return {
    species: { "@id": "1", taxonomy: "1" },
    observers: [
      {
        "@id": "7",
        "@uid": "70",
        id_sighting: String(id),
        insert_date: String(ts),
        coord_lat: "45.1",
        coord_lon: "5.7",
      },
    ],
  };
}

/** main's rows as { "id/site": update_ts }. */
export async function mainRows(db: Db): Promise<Record<string, number>> {
  const rows = await db.rows<{ k: string; ts: number }>(
    "SELECT id || '/' || site AS k, update_ts AS ts FROM src_vn_json.observations_json ORDER BY id, site",
  );
  return Object.fromEntries(rows.map((r) => [r.k, r.ts]));
}

/** The published procedure's objects, as a fixture. */
export const ORIGINAL = readFileSync(join(__dirname, "fixtures/original.sql"), "utf8");

/** How many rows of check main lacks or has older. */
export async function lacking(db: Db): Promise<number> {
  const [row] = await db.rows<{
    n: number;
  }>(`SELECT count(*)::integer AS n FROM src_vn_json_check.observations_json AS c
    LEFT JOIN src_vn_json.observations_json AS m USING (id, site) WHERE m.id IS NULL OR m.update_ts < c.update_ts`);
  return row?.n ?? -1;
}
