import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Client } from "pg";
import { evnYaml, START_DATE } from "../../components/render/evnYaml";
import { pgPass, pgService } from "../../components/render/pgFiles";
import { type HostConfig, hostConfigOf } from "../../config/host";
import { namesOf } from "../../config/names";
import { parseConfig } from "../../config/parse";
import { addDays, localDay } from "../../scripts/runner/account/days";
import type { StatusReport } from "../../scripts/runner/verbs/status";
import type { Emulator } from "../emulator";
import type { Cluster } from "../support/postgres";
import { ADAPTERS } from "../support/transferVn";
import { MINIMAL, settings as stackOf } from "../unit/components/stack";

export const NAMES = namesOf("default");
export const SITES = ["isere", "ardeche"] as const;

/** What a command left. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An account on a host: home, database, and the verbs of the runner. */
export interface RunnerAccount {
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

/** What an account stands on. */
export interface Ground {
  /** Folder of Client-API-VN. */
  venv: string;
  /** The runner's program. */
  bundle: string;
  cluster: Cluster;
  emulator: Emulator;
  database: string;
  /** Of the login in the database. */
  password: string;
  /** Only these are enabled. */
  sites?: readonly string[] | undefined;
  /** What its programs are given beside their usual surroundings. */
  env?: Record<string, string>;
}

/** Of a site's portal. */
export function portalAccount(site: string) {
  return {
    userEmail: `check.${site}@example.org`,
    // Characters that URLs, shells and YAML treat each in their own way.
    userPassword: `pw ${site}&'"%/é+x`,
    clientKey: `${site}-consumer-key`,
    clientSecret: `${site}/consumer+secret`,
  };
}

/** Makes the home as the stack would, in a temporary folder. */
export async function makeAccount(from: Ground): Promise<RunnerAccount> {
  const home = await mkdtemp(join(tmpdir(), "vn-home-"));
  const { cluster, emulator } = from;
  const target = { address: cluster.host, port: cluster.port, database: from.database, sslmode: "prefer" };
  const write = async (name: string, text: string, mode = 0o600) => {
    await writeFile(join(home, name), text, { mode });
    await chmod(join(home, name), mode);
  };
  await mkdir(join(home, "lib/vn-check"), { recursive: true });
  await write("lib/vn-check/vn-check.mjs", from.bundle, 0o644);
  for (const file of ADAPTERS) await cp(file, join(home, "lib/vn-check", basename(file)));
  await symlink(from.venv, join(home, ".venv.clientapivn"));
  await write(".pg_service.conf", pgService(NAMES, target, false), 0o644);
  await write(".pgpass", pgPass(NAMES.login, from.password, target));
  const yaml = evnYaml({
    names: NAMES,
    adminEmail: "admin@example.org",
    sites: SITES.map((site) => ({
      name: site,
      enabled: from.sites?.includes(site) ?? true,
      url: emulator.url(site),
      ...portalAccount(site),
    })),
    taxoExclude: [],
    territorialUnits: [],
    windowDays: 14,
    references: [],
    database: { address: cluster.host, port: cluster.port, name: from.database, password: from.password },
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
      env: { HOME: home, PATH: process.env["PATH"], LANG: "fr_FR.UTF-8", LANGUAGE: "fr", ...from.env },
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
