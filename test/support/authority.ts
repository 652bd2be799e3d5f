import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An authority of one's own, with a server's certificate for the name `localhost` alone. */
export interface Authority {
  dir: string;
  /** Its certificate, and that of one which signed nothing. */
  ca: string;
  other: string;
  /** Lines of postgresql.conf for a server that encrypts. */
  settings: Record<string, string>;
  remove(): void;
}

export function makeAuthority(): Authority {
  const dir = mkdtempSync(join(tmpdir(), "vn-tls-"));
  const at = (name: string) => join(dir, name);
  const openssl = (args: string) =>
    execFileSync("openssl", args.split(" "), { cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  chmodSync(dir, 0o755);
  for (const name of ["ca", "other"])
    openssl(
      `req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ${name}.key -out ${name}.crt -subj /CN=${name}`,
    );
  openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
  writeFileSync(at("names"), "subjectAltName=DNS:localhost\n");
  openssl(
    "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
  );
  chmodSync(at("server.key"), 0o600);
  if (process.getuid?.() === 0) execFileSync("chown", ["postgres", at("server.key")]);
  return {
    dir,
    ca: at("ca.crt"),
    other: at("other.crt"),
    settings: { ssl: "on", ssl_cert_file: at("server.crt"), ssl_key_file: at("server.key") },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
