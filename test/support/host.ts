import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Finished, must, type RunOptions, run } from "./command";

const PROGRAM = resolve(__dirname, "../../scripts/host");

export interface HostOptions {
  /** Debian 12 (default) or 13. */
  release?: "bookworm" | "trixie";
  /** Also a user of this name with sudo without a password; `user` is then this one and not root. */
  adminUser?: string;
  /** Fixed port of sshd; a free one by default. */
  port?: number;
}

/** A throwaway Debian on 127.0.0.1 with real sshd and cron, as `scripts/host` makes it. */
export interface Host {
  host: string;
  port: number;
  /** The login that the key is for: root, or the administrator asked for. */
  user: string;
  /** The host's public key, as a connection's `hostKey` wants it. */
  hostKey: string;
  /** A private key in OpenSSH's form, and the file that it is in (mode 0600). */
  privateKey: string;
  privateKeyFile: string;
  /** The host's root folder seen from outside. */
  tree: string;
  /** Runs a command line of sh as root in the host, whatever its exit code. */
  exec(commandLine: string, options?: RunOptions): Promise<Finished>;
  /** The same for one that must succeed; returns what it printed. */
  must(commandLine: string, options?: RunOptions): Promise<string>;
  /** Runs a command line over SSH as `user`, with the host key checked. */
  ssh(commandLine: string, options?: RunOptions): Promise<Finished>;
  /** Ends everything that runs in the host and removes it. */
  stop(): Promise<void>;
}

/** Starts a host; it also ends with this process. */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const dir = await mkdtemp(join(tmpdir(), "vn-host-"));
  const tree = join(dir, "host");
  const privateKeyFile = join(dir, "key");
  // By OpenSSH itself: one in some hundred of ssh2's ed25519 keys is refused by it ("error in libcrypto").
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", privateKeyFile]);
  const port = options.port ?? (await freePort());
  const stop = async (): Promise<void> => {
    await must(PROGRAM, ["stop", "--dir", tree]);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const printed = await must(PROGRAM, [
      "start",
      ...["--dir", tree],
      ...["--port", String(port)],
      ...["--authorized-key", `${privateKeyFile}.pub`],
      ...["--owner", String(process.pid)],
      ...(options.release ? ["--release", options.release] : []),
      ...(options.adminUser ? ["--admin-user", options.adminUser] : []),
    ]);
    const hostKey = printed.trim();
    const user = options.adminUser ?? "root";
    const knownHosts = join(dir, "known_hosts");
    writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`);
    const inside = (commandLine: string): string[] => ["exec", "--dir", tree, "--", "sh", "-c", commandLine];
    return {
      host: "127.0.0.1",
      port,
      user,
      hostKey,
      privateKey: readFileSync(privateKeyFile, "utf8"),
      privateKeyFile,
      tree: join(tree, "tree"),
      exec: (commandLine, more) => run(PROGRAM, inside(commandLine), more),
      must: (commandLine, more) => must(PROGRAM, inside(commandLine), more),
      ssh: (commandLine, more) =>
        run(
          "ssh",
          [
            ...["-p", String(port), "-i", privateKeyFile, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"],
            ...["-o", `UserKnownHostsFile=${knownHosts}`, "-o", "StrictHostKeyChecking=yes"],
            `${user}@127.0.0.1`,
            commandLine,
          ],
          more,
        ),
      stop,
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
