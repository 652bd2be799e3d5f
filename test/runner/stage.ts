import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client } from "pg";
import { bundleRunner } from "../../components/render/bundle";
import { evnYaml, START_DATE } from "../../components/render/evnYaml";
import { pgPass, pgService } from "../../components/render/pgFiles";
import { type HostConfig, hostConfigOf } from "../../config/host";
import { namesOf } from "../../config/names";
import { parseConfig } from "../../config/parse";
import { addDays, localDay } from "../../scripts/runner/account/days";
import type { StatusReport } from "../../scripts/runner/verbs/status";
import { type Emulator, startEmulator } from "../emulator";
import { type Cluster, startCluster } from "../support/postgres";
import { ADAPTER, transferVn } from "../support/transferVn";
import { MINIMAL, settings as stackOf } from "../unit/components/stack";
import { install } from "./install";

const execute = promisify(execFile);
const NAMES = namesOf("default");

/** What a command left. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An account on a host: home, database, and the verbs of the runner. */
export interface Account {
  home: string;
  database: string;
  /** Superuser's connection to the account's database. */
  sql: Client;
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> };
  status(): Promise<StatusReport>;
  file(name: string): Promise<string>;
  write(name: string, text: string, mode?: number): Promise<void>;
  settings(change: Partial<HostConfig>): Promise<void>;
  /** Everything under log/ and tmp/, and what the runs have printed: for the search for secrets. */
  said(): Promise<string>;
  remove(): Promise<void>;
}

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

export interface Stage {
  /** What was asked of `observations/search` or `observations/diff` since the log was cleared. */
  asked(endpoint: "search" | "diff", site?: string): Asked[];
  cluster: Cluster;
  emulator: Emulator;
  /** Values that must never be seen in a log. */
  secrets: string[];
  /** An account whose first import is done already (cloned), or a fresh one. */
  account(options?: AccountOptions): Promise<Account>;
  stop(): Promise<void>;
}

/** Two sites, a real PostgreSQL, the real client, the emulated portal, and an account imported once. */
export async function startStage(): Promise<Stage> {
  const venv = await transferVn();
  const bundle = bundleRunner();
  const cluster = await startCluster({ postgis: false });
  const account = (site: string) => ({
    userEmail: `check.${site}@example.org`,
    // Characters that URLs, shells and YAML treat each in their own way.
    userPassword: `pw ${site}&'"%/é+x`,
    clientKey: `${site}-consumer-key`,
    clientSecret: `${site}/consumer+secret`,
  });
  const emulator = await startEmulator({
    years: 0.2,
    sites: [
      { name: "isere", observations: 260, accounts: [account("isere")] },
      { name: "ardeche", observations: 90, accounts: [account("ardeche")] },
    ],
  });
  const password = `db'${randomBytes(6).toString("hex")}:\\x`;
  const secrets = [
    password,
    ...["isere", "ardeche"].flatMap((s) => [account(s).userPassword, account(s).clientSecret]),
  ];
  const superuser = await cluster.connect("postgres");
  await superuser.query(`CREATE ROLE ${NAMES.login} LOGIN PASSWORD ${superuser.escapeLiteral(password)}`);
  await superuser.query(`CREATE ROLE ${NAMES.repairRole} NOLOGIN`);
  await superuser.end();
  const empty = await cluster.createDatabase("empty");
  const client = await cluster.connect(empty);
  await install(client);
  await client.end();

  const accounts: Account[] = [];
  let imported: Promise<string> | undefined;
  const make = async (options: AccountOptions = {}): Promise<Account> => {
    if (!options.fresh && !options.database) imported ??= importAll();
    const database =
      options.database ?? (await cluster.createDatabase(undefined, options.fresh ? empty : await imported));
    const made = await makeAccount({
      venv,
      bundle,
      cluster,
      emulator,
      database,
      password,
      sites: options.sites,
    });
    accounts.push(made);
    return made;
  };
  const asked: Stage["asked"] = (endpoint, site) =>
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
  return { cluster, emulator, secrets, account: make, stop, asked };

  // As the first import leaves it, in one piece a group and unit; how `init` gets there has its own test.
  async function importAll(): Promise<string> {
    const database = await cluster.createDatabase("imported", empty);
    const first = await makeAccount({ venv, bundle, cluster, emulator, database, password });
    accounts.push(first);
    const text = (await first.file("evn.yaml")).replace("2000-01-01", addDays(localDay(new Date()), -100));
    await first.write("evn.yaml", text.replaceAll(/(pid_\w+): 15/g, "$1: 101"));
    for (const site of ["isere", "ardeche"]) {
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

  async function makeAccount(from: {
    venv: string;
    bundle: string;
    cluster: Cluster;
    emulator: Emulator;
    database: string;
    password: string;
    sites?: string[] | undefined;
  }): Promise<Account> {
    const home = await mkdtemp(join(tmpdir(), "vn-home-"));
    const target = { address: cluster.host, port: cluster.port, database: from.database, sslmode: "prefer" };
    const write = async (name: string, text: string, mode = 0o600) => {
      await writeFile(join(home, name), text, { mode });
      await chmod(join(home, name), mode);
    };
    await mkdir(join(home, "lib/vn-check"), { recursive: true });
    await write("lib/vn-check/vn-check.mjs", bundle, 0o644);
    await cp(ADAPTER, join(home, "lib/vn-check/client_job.py"));
    await symlink(venv, join(home, ".venv.clientapivn"));
    await write(".pg_service.conf", pgService(NAMES.service, NAMES.login, target), 0o644);
    await write(".pgpass", pgPass(NAMES.login, password, target));
    const yaml = evnYaml({
      names: NAMES,
      adminEmail: "admin@example.org",
      sites: ["isere", "ardeche"].map((site) => ({
        name: site,
        enabled: from.sites?.includes(site) ?? true,
        url: emulator.url(site),
        ...account(site),
      })),
      taxoExclude: [],
      territorialUnits: [],
      windowDays: 14,
      references: [],
      database: { address: cluster.host, port: cluster.port, name: from.database, password },
    });
    await write("evn.yaml", yaml.replace(START_DATE, "2000-01-01"));
    const firstImport = { since: addDays(localDay(new Date()), -100) };
    const runner = { attempts: 2, retryDelaySeconds: 0 };
    const base = hostConfigOf(parseConfig(stackOf({ ...MINIMAL, locale: "en", firstImport, runner })));
    const settings = (change: Partial<HostConfig>) =>
      write("vn-check.json", JSON.stringify({ ...base, ...change }), 0o644);
    await settings({});
    const printed: string[] = [];
    const start = (...args: string[]) => {
      const child = spawn(process.execPath, [join(home, "lib/vn-check/vn-check.mjs"), ...args], {
        env: { HOME: home, PATH: process.env["PATH"], LANG: "fr_FR.UTF-8", LANGUAGE: "fr" },
        stdio: ["ignore", "pipe", "pipe"],
        cwd: "/",
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (text: Buffer) => {
        stdout += text;
      });
      child.stderr.on("data", (text: Buffer) => {
        stderr += text;
      });
      const ended = new Promise<Ended>((done) =>
        child.once("close", (code) => {
          printed.push(stdout, stderr);
          done({ code, stdout, stderr });
        }),
      );
      return { child, ended };
    };
    const sql = await cluster.connect(from.database);
    let open = true;
    const said = async () => {
      const texts = [...printed];
      for (const dir of ["log", "tmp", "state"]) {
        if (!existsSync(join(home, dir))) continue;
        for (const name of await readdir(join(home, dir)))
          texts.push(await readFile(join(home, dir, name), "utf8"));
      }
      return texts.join("\n");
    };
    return {
      home,
      database: from.database,
      sql,
      start,
      run: (...args) => start(...args).ended,
      status: async () => JSON.parse((await start("status", "--json").ended).stdout) as StatusReport,
      file: (name) => readFile(join(home, name), "utf8"),
      write,
      settings,
      said,
      async remove() {
        if (open) await sql.end();
        open = false;
        await rm(home, { recursive: true, force: true });
      },
    };
  }
}
