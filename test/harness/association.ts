import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, type Emulator, startEmulator } from "../emulator";
import { until } from "../support/command";
import { type Host, startHost } from "../support/host";
import { makeClientTables } from "../support/installation";
import { type Cluster, type Login, startCluster } from "../support/postgres";

import { MainSync, type SiteAccount } from "./mainSync";
import { Stack } from "./stack";

const CLIENT_VERSION = "2.12.0";
export const MAIN_SCHEMA = "src_vn_json";
const DATABASE = "visionature";

/** What an association is made of, in the order of making. */
export type Part = "postgres" | "portal" | "host";

export interface AssociationOptions {
  /** Names the stack and the temporary folder. */
  name: string;
  /** Observations seeded at each site. */
  observations: number;
  sites?: string[];
  release?: "bookworm" | "trixie";
  /** Major version of PostgreSQL; this machine's own by default. */
  postgres?: number;
  /** Lines of the server's postgresql.conf. */
  settings?: Record<string, string>;
  /** Is told what is begun. */
  begin?: (part: Part) => void;
}

/**
 * The throwaway parts that demo and end-to-end tests play on: a host to provision, a PostgreSQL, an
 * emulated VisioNature API, the main copy with its own real synchronisation, and a stack. All of it ends
 * with the process or with `stop()`.
 */
export class Association {
  private constructor(
    readonly dir: string,
    readonly sites: string[],
    readonly cluster: Cluster,
    readonly host: Host,
    readonly emulator: Emulator,
    readonly stack: Stack,
    readonly main: MainSync,
    /** The administrator's login that the stack is given: no superuser. */
    readonly admin: Login,
  ) {}

  readonly database = DATABASE;

  static async start(options: AssociationOptions): Promise<Association> {
    const begin = options.begin ?? (() => {});
    const sites = options.sites ?? ["isere", "ardeche"];
    const dir = mkdtempSync(join(tmpdir(), `vn-${options.name}-`));
    const parts: { stop(): Promise<void> }[] = [];
    try {
      begin("postgres");
      const cluster = await startCluster({
        ...(options.postgres && { version: options.postgres }),
        ...(options.settings && { settings: options.settings }),
      });
      parts.push(cluster);
      const admin = { user: "geo_admin", password: secret() };
      const mainLogin = { user: "vn_main", password: secret() };
      const clientMakesTables = await makeDatabase(cluster, admin, mainLogin);

      begin("portal");
      const emulator = await startEmulator({
        sites: sites.map((name) => ({ name, observations: options.observations })),
        years: 1,
      });
      parts.push({ stop: () => emulator.close() });

      begin("host");
      const host = await startHost({ release: options.release ?? "bookworm", adminUser: "ops" });
      parts.push(host);

      // For a look around with psql; the same password is nowhere else.
      writeFileSync(join(dir, "pgpass"), `${cluster.host}:*:*:${cluster.superuser}:${cluster.password}\n`, {
        mode: 0o600,
      });
      const stack = new Stack(options.name, dir);
      await stack.init();
      const main = new MainSync((script, input) => host.must(script, input === undefined ? {} : { input }), {
        account: mainLogin.user,
        schema: MAIN_SCHEMA,
        database: { host: cluster.host, port: cluster.port, name: DATABASE, password: mainLogin.password },
        sites: sites.map((site) => siteAccount(emulator, site, 0)),
        clientVersion: CLIENT_VERSION,
        tablesMade: !clientMakesTables,
      });
      return new Association(dir, sites, cluster, host, emulator, stack, main, admin);
    } catch (error) {
      for (const part of parts.reverse()) await part.stop();
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.emulator.close();
    await this.cluster.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Writes the stack's configuration as a user would: values with `config set`, secrets by its input. */
  async configure(more: Record<string, string> = {}): Promise<void> {
    const { cluster, host, emulator, stack } = this;
    const plain: Record<string, string> = {
      adminEmail: "geomatique@example.org",
      locale: "en",
      "host.address": "127.0.0.1",
      "host.port": String(host.port),
      "host.user": host.user,
      "host.hostKey": host.hostKey,
      "database.address": cluster.host,
      "database.port": String(cluster.port),
      "database.name": DATABASE,
      "database.sslmode": "disable",
      "database.adminUser": this.admin.user,
      "firstImport.since": `${new Date().getFullYear() - 2}-01-01`,
      ...more,
    };
    const secrets: Record<string, string> = {
      "host.privateKey": host.privateKey,
      "database.adminPassword": this.admin.password,
    };
    for (const site of this.sites) {
      const account = siteAccount(emulator, site, 1);
      plain[`sites.${site}.url`] = account.url;
      plain[`sites.${site}.userEmail`] = account.userEmail;
      secrets[`sites.${site}.userPassword`] = account.userPassword;
      secrets[`sites.${site}.clientKey`] = account.clientKey;
      secrets[`sites.${site}.clientSecret`] = account.clientSecret;
    }
    await stack.setAll(
      Object.fromEntries(Object.entries(plain).map(([key, value]) => [`vn-sync-check:${key}`, value])),
    );
    for (const [key, value] of Object.entries(secrets)) {
      await stack.set(`vn-sync-check:${key}`, value, "secret");
    }
  }

  /** Runs SQL as the superuser and gives the rows. */
  async query<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.cluster.connect(DATABASE);
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The cron fields of a moment, in the host's time zone. */
  async cronTime(moment: Date): Promise<string> {
    const printed = await this.host.must(`date -d @${Math.floor(moment.getTime() / 1000)} '+%-M %-H'`);
    return `${printed.trim()} * * *`;
  }

  /** `vn-check VERB` on the host as the account of the kit. @throws Error when it fails */
  vnCheck(verb: string): Promise<string> {
    return this.host.must(asKitAccount(`bin/vn-check ${verb}`));
  }

  /** What `vn-check status --json` prints, whether all is well or not. */
  async status(): Promise<{
    ok: boolean;
    causes: { code: string; text: string }[];
    firstImport: { state: string; done: number; expected: number } | null;
  }> {
    return JSON.parse((await this.host.exec(asKitAccount("bin/vn-check status --json"))).stdout);
  }

  /** Waits until the first import that `up` has started is done. */
  async firstImportDone(seconds = 600, tell?: (line: string) => void): Promise<void> {
    let last = "";
    await until("the first import", seconds, async () => {
      const { state: reached, done, expected } = (await this.status()).firstImport ?? {};
      const line = `${done} / ${expected}`;
      if (expected && line !== last) tell?.(line);
      last = line;
      return reached === "done" ? true : undefined;
    });
  }
}

/** A command line run as the kit's account, as cron runs it: its home as HOME and working directory. */
export function asKitAccount(commandLine: string): string {
  return `cd ~vn_check && exec runuser -u vn_check -- env HOME="$PWD" ${commandLine}`;
}

function secret(): string {
  return randomBytes(12).toString("hex");
}

/** The n-th API account of a site: 0 is the main copy's, 1 the check copy's. */
export function siteAccount(emulator: Emulator, site: string, n: number): SiteAccount {
  const account = emulator.world.site(site).options.accounts[n] as Account;
  return { site, url: emulator.url(site), ...account };
}

/**
 * The database of an association: the main synchronisation's login owns its schema, the administrator is
 * no superuser but may create roles and is a member of main's owner, the extensions are there.
 * @returns whether the client itself can make main's tables; else they are made
 */
async function makeDatabase(cluster: Cluster, admin: Login, main: Login): Promise<boolean> {
  const server = await cluster.connect("postgres");
  try {
    await server.query(`
      CREATE ROLE ${admin.user} LOGIN CREATEROLE PASSWORD '${admin.password}';
      CREATE ROLE ${main.user}_group NOLOGIN;
      CREATE ROLE ${main.user} LOGIN PASSWORD '${main.password}' IN ROLE ${main.user}_group;
      GRANT ${main.user}, ${main.user}_group TO ${admin.user};`);
    await cluster.createDatabase(DATABASE);
    await server.query(`ALTER DATABASE ${DATABASE} OWNER TO ${admin.user};
      GRANT CREATE ON DATABASE ${DATABASE} TO ${main.user}, ${main.user}_group`);
  } finally {
    await server.end();
  }
  const database = await cluster.connect(DATABASE);
  try {
    const wanted = ["pgcrypto", "adminpack", "uuid-ossp", "postgis", "postgis_topology"];
    const { rows } = await database.query<{ name: string }>(
      "SELECT name FROM pg_available_extensions WHERE name = ANY ($1)",
      [wanted],
    );
    for (const { name } of rows) await database.query(`CREATE EXTENSION IF NOT EXISTS "${name}"`);
    if (rows.length === wanted.length) return true;
  } finally {
    await database.end();
  }
  // From PostgreSQL 17 on there is no adminpack, which the client's own --json_tables_create asks for.
  const owner = await cluster.connect(DATABASE, main);
  try {
    await makeClientTables(owner, MAIN_SCHEMA);
  } finally {
    await owner.end();
  }
  return false;
}
