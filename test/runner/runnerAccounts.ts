import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleRunner } from "../../components/render/bundle";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { type Emulator, startEmulator } from "../emulator";
import { type Cluster, startCluster } from "../support/postgres";
import { transferVn } from "../support/transferVn";
import { install, MAIN_OWNER } from "./install";
import { makeAccount, NAMES, portalAccount, type RunnerAccount, SITES } from "./runnerAccount";

const execute = promisify(execFile);

/** One request of the client for observations: of which group and unit, up to which day (dd.mm.yyyy). */
export interface Asked {
  site: string;
  taxo: number;
  unit: string;
  to: string;
}

export interface AccountOptions {
  /** With nothing imported. */
  fresh?: boolean;
  /** An existing database of another account. */
  database?: string;
  /** Only these sites are enabled. */
  sites?: string[];
}

/** Accounts of one host, and what they all stand on. */
export interface RunnerAccounts {
  /** What was asked of `observations/search` or `observations/diff` since the log was cleared. */
  asked(endpoint: "search" | "diff", site?: string): Asked[];
  cluster: Cluster;
  emulator: Emulator;
  /** Values that must never be seen in a log. */
  secrets: string[];
  /** An account whose first import is done already (cloned), or a fresh one. */
  make(options?: AccountOptions): Promise<RunnerAccount>;
  stop(): Promise<void>;
}

/** Two sites, a real PostgreSQL, the real client, the emulated portal, and an account imported once. */
export async function startRunnerAccounts(): Promise<RunnerAccounts> {
  const venv = await transferVn();
  const bundle = bundleRunner();
  const cluster = await startCluster({ postgis: false });
  const emulator = await startEmulator({
    years: 0.2,
    sites: [
      { name: "isere", observations: 260, accounts: [portalAccount("isere")] },
      { name: "ardeche", observations: 90, accounts: [portalAccount("ardeche")] },
    ],
  });
  const password = `db'${randomBytes(6).toString("hex")}:\\x`;
  const secrets = [
    password,
    ...SITES.map(portalAccount).flatMap(({ userPassword, clientSecret }) => [userPassword, clientSecret]),
  ];
  const superuser = await cluster.connect("postgres");
  await superuser.query(`CREATE ROLE ${NAMES.login} LOGIN PASSWORD ${superuser.escapeLiteral(password)}`);
  await superuser.query(`CREATE ROLE ${NAMES.repairRole} NOLOGIN; CREATE ROLE ${MAIN_OWNER} NOLOGIN`);
  await superuser.end();
  const empty = await cluster.createDatabase("empty");
  const client = await cluster.connect(empty);
  await install(client);
  await client.end();

  const ground = { venv, bundle, cluster, emulator, password };
  const accounts: RunnerAccount[] = [];
  let imported: Promise<string> | undefined;
  const make = async (options: AccountOptions = {}): Promise<RunnerAccount> => {
    if (!options.fresh && !options.database) imported ??= importAll();
    const database =
      options.database ?? (await cluster.createDatabase(undefined, options.fresh ? empty : await imported));
    const made = await makeAccount({ ...ground, database, sites: options.sites });
    accounts.push(made);
    return made;
  };
  const asked: RunnerAccounts["asked"] = (endpoint, site) =>
    emulator.requests
      .list({ endpoint: `observations/${endpoint}`, ...(site ? { site } : {}) })
      .map((request) => {
        const body = (request.body ?? {}) as Record<string, string | string[]>;
        return {
          site: request.site,
          taxo: Number(body["taxonomic_group"] ?? request.query["id_taxo_group"]),
          unit: body["territorial_unit_ids"]?.[0] ?? "",
          to: String(body["date_to"] ?? ""),
        };
      });
  const stop = async () => {
    for (const one of accounts) await one.remove();
    await emulator.close();
    await cluster.stop();
  };
  return { cluster, emulator, secrets, make, stop, asked };

  // As the first import leaves it, in one piece a group and unit; how `init` gets there has its own test.
  async function importAll(): Promise<string> {
    const database = await cluster.createDatabase("imported", empty);
    const first = await makeAccount({ ...ground, database });
    accounts.push(first);
    const text = (await first.file("evn.yaml")).replace("2000-01-01", addDays(localDay(new Date()), -100));
    await first.write("evn.yaml", text.replaceAll(/(pid_\w+): 15/g, "$1: 101"));
    for (const site of SITES) {
      const args = [
        "lib/vn-check/client_job.py",
        "--site",
        site,
        "--controllers",
        "taxo_groups,territorial_units,observations",
      ];
      const env = { ...process.env, HOME: first.home, LC_ALL: "C.UTF-8" };
      await execute(join(venv, "bin/python"), args, { cwd: first.home, env });
    }
    await first.remove();
    return database;
  }
}
