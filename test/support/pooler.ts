import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Cluster, Login } from "./postgres";
import { freePort } from "./postgres";

/** A pgbouncer of its own before a cluster. */
export interface Pooler {
  port: number;
  /** A connected client through it. */
  connect(database: string, login: Login): Promise<Client>;
  stop(): Promise<void>;
}

/**
 * Starts pgbouncer on a free port of the loopback, with few server connections, which clients share.
 * @param mode when a server connection may go to another client: at the end of a session, or of a transaction
 */
export async function startPooler(
  cluster: Cluster,
  mode: "session" | "transaction",
  logins: readonly Login[],
): Promise<Pooler> {
  const dir = await mkdtemp(join(tmpdir(), "vn-pooler-"));
  const port = await freePort();
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const users = logins.map(({ user, password }) => `${quoted(user)} ${quoted(password)}\n`).join("");
  const lines = {
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    unix_socket_dir: "",
    auth_type: "scram-sha-256",
    auth_file: join(dir, "users"),
    pool_mode: mode,
    // A session of the client's keeps what it has: it takes several at once.
    default_pool_size: mode === "session" ? "6" : "2",
    server_login_retry: "1",
  };
  await writeFile(join(dir, "users"), users, { mode: 0o600 });
  await writeFile(
    join(dir, "ini"),
    `[databases]\n* = host=${cluster.host} port=${cluster.port}\n[pgbouncer]\n${Object.entries(lines)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join("")}`,
  );
  // It refuses to be root; as another it has to read its files.
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    await chmod(dir, 0o755);
    for (const name of ["users", "ini"]) await chmod(join(dir, name), 0o644);
  }
  const as = asRoot ? ["--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
  const child: ChildProcess = spawn(
    "setpriv",
    [...as, "--pdeathsig", "KILL", "/usr/sbin/pgbouncer", join(dir, "ini")],
    { stdio: ["ignore", "ignore", "pipe"], cwd: "/" },
  );
  let log = "";
  child.stderr?.on("data", (text: Buffer) => {
    log = (log + text).slice(-20_000);
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  const connect = async (database: string, login: Login) => {
    const client = new Client({ host: "127.0.0.1", port, database, ...login });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const [first] = logins;
  for (const until = Date.now() + 20_000; ; ) {
    try {
      await (await connect("postgres", first as Login)).end();
      return { port, connect, stop };
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) {
        await stop();
        throw new Error(`pgbouncer did not start: ${error}\n${log}`);
      }
      await sleep(100);
    }
  }
}
