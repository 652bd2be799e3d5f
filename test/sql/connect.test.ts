import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect, type SslMode } from "../../sql/connect";
import { type Cluster, startCluster } from "../support/postgres";

// A certificate for the name "localhost" alone, so that the address 127.0.0.1 is not its own; and logins that
// pg_hba.conf lets in one way only.
const PASSWORD = "only-for-tests";
const HBA = `local all all reject
hostssl all encrypted all scram-sha-256
hostnossl all plain all scram-sha-256
host all postgres all scram-sha-256
`;
let dir: string;
let tls: Cluster;
let plain: Cluster;

function openssl(args: string): void {
  execFileSync("openssl", args.split(" "), { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "vn-tls-"));
  chmodSync(dir, 0o755);
  for (const name of ["ca", "other"]) {
    openssl(
      `req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ${name}.key -out ${name}.crt -subj /CN=${name}`,
    );
  }
  openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
  writeFileSync(join(dir, "names"), "subjectAltName=DNS:localhost\n");
  openssl(
    "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
  );
  writeFileSync(join(dir, "hba"), HBA);
  chmodSync(join(dir, "server.key"), 0o600);
  if (process.getuid?.() === 0) execFileSync("chown", ["postgres", join(dir, "server.key")]);
  const files = { ssl_cert_file: join(dir, "server.crt"), ssl_key_file: join(dir, "server.key") };
  tls = await startCluster({ postgis: false, settings: { ssl: "on", hba_file: join(dir, "hba"), ...files } });
  plain = await startCluster({ postgis: false });
  const admin = await tls.connect("postgres");
  await admin.query(
    `CREATE ROLE encrypted LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE plain LOGIN PASSWORD '${PASSWORD}'`,
  );
  await admin.end();
});
afterAll(async () => {
  await Promise.all([tls?.stop(), plain?.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

/** Is the connection encrypted? Rejects where there is none. */
async function encrypted(sslmode: SslMode, to: Partial<Connection> = {}, cluster = tls): Promise<boolean> {
  const { port, superuser, password } = cluster;
  const client = await connect({
    host: "localhost",
    port,
    database: "postgres",
    user: superuser,
    password: to.user === undefined ? password : PASSWORD,
    sslmode,
    applicationName: "vn-connect-test",
    ...to,
  });
  try {
    const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    return rows[0].ssl;
  } finally {
    await client.end();
  }
}
const ca = () => ({ sslrootcert: join(dir, "ca.crt") });
const other = () => ({ sslrootcert: join(dir, "other.crt") });

describe("each sslmode as libpq means it, on a server with TLS", () => {
  test("disable is not encrypted; require is, whoever answers", async () => {
    expect(await encrypted("disable")).toBe(false);
    expect(await encrypted("require")).toBe(true);
  });

  test("verify-ca wants a known authority, under whatever name", async () => {
    expect(await encrypted("verify-ca", ca())).toBe(true);
    expect(await encrypted("verify-ca", { ...ca(), host: "127.0.0.1" })).toBe(true);
    await expect(encrypted("verify-ca", other())).rejects.toThrow(/certificate/);
    await expect(encrypted("verify-ca", { sslrootcert: "system" })).rejects.toThrow(/certificate/);
  });

  test("verify-full wants the name too; an address is not taken for localhost", async () => {
    expect(await encrypted("verify-full", ca())).toBe(true);
    await expect(encrypted("verify-full", { ...ca(), host: "127.0.0.1" })).rejects.toThrow(/127\.0\.0\.1/);
    await expect(encrypted("verify-full", other())).rejects.toThrow(/certificate/);
  });

  test("require with a file of authorities is verify-ca", async () => {
    expect(await encrypted("require", { ...ca(), host: "127.0.0.1" })).toBe(true);
    await expect(encrypted("require", other())).rejects.toThrow(/certificate/);
  });

  test("prefer and allow take the way that the server lets the login in", async () => {
    expect(await encrypted("prefer")).toBe(true);
    expect(await encrypted("allow")).toBe(false);
    expect(await encrypted("prefer", { user: "plain" })).toBe(false);
    expect(await encrypted("allow", { user: "encrypted" })).toBe(true);
    await expect(encrypted("require", { user: "plain" })).rejects.toThrow(/pg_hba\.conf/);
    await expect(encrypted("disable", { user: "encrypted" })).rejects.toThrow(/pg_hba\.conf/);
  });

  test("psql says the same of every mode", async () => {
    for (const sslmode of ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const) {
      for (const user of ["encrypted", "plain"]) {
        for (const host of ["localhost", "127.0.0.1"]) {
          const ours = await encrypted(sslmode, { ...ca(), host, user }).catch(() => "refused");
          expect(ours, `${sslmode} as ${user} to ${host}`).toBe(byPsql(sslmode, user, host));
        }
      }
    }
  });
});

function byPsql(sslmode: SslMode, user: string, host: string): boolean | string {
  try {
    const told = execFileSync("psql", ["-XAtc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        ...process.env,
        ...tls.env("postgres", { user, password: PASSWORD }),
        PGHOST: host,
        PGSSLMODE: sslmode,
        PGSSLROOTCERT: join(dir, "ca.crt"),
      },
    });
    return told.trim() === "t";
  } catch {
    return "refused";
  }
}

test("a server without TLS: prefer does without, require does not", async () => {
  expect(await encrypted("prefer", {}, plain)).toBe(false);
  await expect(encrypted("require", {}, plain)).rejects.toThrow(/does not support SSL/);
});

test("an sslmode that libpq does not know is named", async () => {
  await expect(encrypted("requre" as SslMode)).rejects.toThrow("sslmode=requre");
});

test("a wrong password is told once, not asked again another way, and not repeated", async () => {
  const refused = encrypted("prefer", { password: "a-wrong-password" });
  await expect(refused).rejects.toThrow(/password authentication failed/);
  await expect(refused).rejects.not.toThrow(/a-wrong-password/);
});

test("a file of authorities that cannot be read is named; a server that does not answer is given up", async () => {
  await expect(encrypted("verify-ca", { sslrootcert: join(dir, "nobody") })).rejects.toThrow(
    /sslrootcert=.*nobody/,
  );
  // 192.0.2.0/24 is kept for documents: nobody answers there.
  await expect(encrypted("disable", { host: "192.0.2.1", connectTimeout: 1 })).rejects.toThrow();
});
