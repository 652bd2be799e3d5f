import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";

const run = promisify(execFile);
const ROOT = resolve(__dirname, "../..");
const AS_ROOT = process.getuid?.() === 0;

export interface ClusterOptions {
  /** Major version; the distribution's own by default. 17 comes from Debian 13's packages. */
  version?: number;
  /** Lines of postgresql.conf, over the defaults for tests. */
  settings?: Record<string, string>;
  /** A template database with PostGIS is made, and used by `createDatabase` (default true). */
  postgis?: boolean;
  /** Fixed port; a free one by default. */
  port?: number;
  /** Durable as in production (fsync on); off by default. */
  durable?: boolean;
}

export interface Login {
  user: string;
  password: string;
}

export interface Cluster {
  host: string;
  port: number;
  superuser: string;
  password: string;
  version: number;
  /** Name of the template database with PostGIS, or `template1`. */
  template: string;
  /** Makes a database cloned from a template; returns its name. */
  createDatabase(name?: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** A connected client of `pg`, as the superuser where no login is given. The caller ends it. */
  connect(database: string, login?: Login): Promise<Client>;
  /** For psql and libpq programs: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE. */
  env(database: string, login?: Login): Record<string, string>;
  /**
   * Stops the server as an upgrade does, ending all sessions, and starts it again on its data after so many seconds.
   * @param how `crash`: without a shutdown, so that it recovers; `standby`: it comes back as one that may only be read
   */
  restart(seconds: number, how?: "crash" | "standby"): Promise<void>;
  /** Puts lines before all others of pg_hba.conf, in place of those that were put before. */
  hba(...lines: string[]): Promise<void>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/**
 * A PostgreSQL server of its own in a temporary folder, on the loopback, with a superuser's password
 * (SCRAM). It runs as the user `postgres` where the caller is root, and ends with the calling process.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const programs = await programsOf(options.version);
  const dir = await mkdtemp(join(programs.tree ? join(programs.tree, "tmp") : tmpdir(), "vn-pg-"));
  const inside = programs.tree ? dir.slice(programs.tree.length) : dir;
  const data = join(inside, "data");
  const port = options.port ?? (await freePort());
  const password = randomBytes(12).toString("hex");
  const superuser = "postgres";
  await chmod(dir, 0o711);
  await writeFile(join(dir, "pw"), password, { mode: 0o600 });
  if (AS_ROOT) await run("chown", ["-R", await ownerOf(programs), dir]);

  const initdb = () =>
    run(
      ...command(programs, "initdb", [
        "-D",
        data,
        "-U",
        superuser,
        "-A",
        "scram-sha-256",
        "--pwfile",
        join(inside, "pw"),
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
        "--no-sync",
      ]),
    );
  const server = () => {
    const lines = Object.entries({ ...defaults(inside, options.durable ?? false), ...options.settings });
    const args = lines.flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    const [file, argv] = command(programs, "postgres", ["-D", data, "-p", String(port), ...args]);
    const child = spawn(file, argv, { stdio: ["ignore", "ignore", "pipe"], cwd: "/" });
    let log = "";
    child.stderr.on("data", (text: Buffer) => {
      log = (log + text.toString()).slice(-20_000);
    });
    return { child, log: () => log };
  };
  let started: ReturnType<typeof server> | undefined;
  const end = async (signal: NodeJS.Signals) => {
    const child = started?.child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill(signal);
      await ended;
    }
  };
  const restart: Cluster["restart"] = async (seconds, how) => {
    await end(how === "crash" ? "SIGQUIT" : "SIGINT");
    const standby = join(dir, "data", "standby.signal");
    if (how === "standby") {
      await writeFile(standby, "");
      if (AS_ROOT) await run("chown", [await ownerOf(programs), standby]);
    } else await rm(standby, { force: true });
    await sleep(seconds * 1000);
    started = server();
    await answering(port, superuser, password, started);
  };
  let rules: string | undefined;
  const hba = async (...lines: string[]) => {
    const path = join(dir, "data", "pg_hba.conf");
    rules ??= await readFile(path, "utf8");
    await writeFile(path, `${lines.map((line) => `${line}\n`).join("")}${rules}`);
    started?.child.kill("SIGHUP");
    await sleep(300);
  };
  const stop = async () => {
    await end("SIGQUIT"); // immediate: nothing here is kept
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await initdb();
    started = server();
    await answering(port, superuser, password, started);
    const cluster = clusterOf({ port, superuser, password, version: programs.version, restart, hba, stop });
    if (options.postgis ?? true) await makeTemplate(cluster);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

function defaults(dir: string, durable: boolean): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: dir,
    max_connections: "60",
    shared_buffers: "128MB",
    // POSIX shared memory wants /dev/shm, which a bare tree has not.
    dynamic_shared_memory_type: "mmap",
    ...(durable ? {} : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }),
  };
}

function clusterOf(c: {
  port: number;
  superuser: string;
  password: string;
  version: number;
  restart: Cluster["restart"];
  hba: Cluster["hba"];
  stop(): Promise<void>;
}): Cluster {
  const host = "127.0.0.1";
  let count = 0;
  const connect = async (database: string, login?: Login) => {
    const client = new Client({
      host,
      port: c.port,
      database,
      user: login?.user ?? c.superuser,
      password: login?.password ?? c.password,
    });
    // A server that is stopped at the end of a test must not end the test's process.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const asSuperuser = async (sql: string) => {
    const client = await connect("postgres");
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const cluster: Cluster = {
    host,
    port: c.port,
    superuser: c.superuser,
    password: c.password,
    version: c.version,
    template: "template1",
    connect,
    async createDatabase(name = `t${process.pid}_${++count}`, template = cluster.template) {
      await asSuperuser(`CREATE DATABASE "${name}" TEMPLATE "${template}"`);
      return name;
    },
    dropDatabase: (name) => asSuperuser(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
    env: (database, login) => ({
      PGHOST: host,
      PGPORT: String(c.port),
      PGUSER: login?.user ?? c.superuser,
      PGPASSWORD: login?.password ?? c.password,
      PGDATABASE: database,
    }),
    restart: c.restart,
    hba: c.hba,
    stop: c.stop,
  };
  return cluster;
}

async function makeTemplate(cluster: Cluster): Promise<void> {
  await cluster.createDatabase("template_postgis", "template1");
  const client = await cluster.connect("template_postgis");
  await client.query("CREATE EXTENSION postgis");
  await client.end();
  cluster.template = "template_postgis";
}

interface Programs {
  version: number;
  bin: string;
  /** Root of another Debian's tree in which the programs live. */
  tree?: string;
}

/** Installs what lacks (apt, or another Debian's tree kept in the cache), and says where it is. */
async function programsOf(version?: number): Promise<Programs> {
  const { stdout } = await run("bash", [
    join(ROOT, "scripts/lib/postgres.sh"),
    ...(version ? [String(version)] : []),
  ]);
  const [bin = "", tree] = stdout.trim().split("\t");
  return { version: Number(bin.split("/").at(-2)), bin, ...(tree ? { tree } : {}) };
}

function command(p: Programs, program: string, args: string[]): [string, string[]] {
  const path = `${p.bin}/${program}`;
  // The server dies with this process, whatever happens to it.
  const die = ["--pdeathsig", "QUIT"];
  if (p.tree)
    return [
      "chroot",
      [p.tree, "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", ...die, path, ...args],
    ];
  if (AS_ROOT)
    return ["setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", ...die, path, ...args]];
  return ["setpriv", [...die, path, ...args]];
}

async function ownerOf(p: Programs): Promise<string> {
  if (!p.tree) return "postgres:postgres";
  const passwd = await readFile(join(p.tree, "etc/passwd"), "utf8");
  const fields =
    passwd
      .split("\n")
      .find((line) => line.startsWith("postgres:"))
      ?.split(":") ?? [];
  return `${fields[2]}:${fields[3]}`;
}

async function answering(
  port: number,
  user: string,
  password: string,
  server: { child: { exitCode: number | null }; log(): string },
): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    const client = new Client({ host: "127.0.0.1", port, user, password, database: "postgres" });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (server.child.exitCode !== null || Date.now() > until) {
        throw new Error(`PostgreSQL did not start on port ${port}: ${error}\n${server.log()}`);
      }
      await sleep(100);
    }
  }
}

/** A port of the loopback that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
