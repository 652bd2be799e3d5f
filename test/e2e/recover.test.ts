import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../support/command";
import { engineEnv } from "../support/engine";
import { type Cluster, startCluster } from "../support/postgres";

// A program of one role: what the kit's own stack is killed at only by chance.
const PROJECT = resolve(__dirname, "../..");
const PROGRAM = `
const postgresql = require("@pulumi/postgresql");
const pulumi = require("@pulumi/pulumi");
const config = new pulumi.Config();
const provider = new postgresql.Provider("admin", {
  host: "127.0.0.1", port: config.requireNumber("port"), database: "postgres", username: "postgres",
  password: config.requireSecret("password"), sslmode: "disable", superuser: false,
});
new postgresql.Role("role", { name: "smoke", login: false }, { provider });
`;

let dir: string;
let env: NodeJS.ProcessEnv;
let cluster: Cluster;

const pulumi = (args: string[], input?: string) =>
  run("pulumi", ["--non-interactive", "--color", "never", ...args], {
    cwd: dir,
    env,
    ...(input !== undefined && { input }),
  });
const state = () => join(dir, ".pulumi/stacks/vn-sync-check/dev.json");

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "vn-recover-"));
  const ready = await engineEnv();
  env = {
    ...ready.env,
    PULUMI_BACKEND_URL: `file://${dir}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
    LANG: "C",
  };
  writeFileSync(
    join(dir, "Pulumi.yaml"),
    "name: vn-sync-check\nruntime: { name: nodejs, options: { typescript: false } }\n",
  );
  writeFileSync(join(dir, "index.js"), PROGRAM);
  writeFileSync(join(dir, "package.json"), '{ "name": "roles", "main": "index.js" }\n');
  symlinkSync(join(PROJECT, "node_modules"), join(dir, "node_modules"));
  cluster = await startCluster({ postgis: false });
  await pulumi(["stack", "init", "dev"]);
  await pulumi(["config", "set", "port", String(cluster.port)]);
  await pulumi(["config", "set", "--secret", "password"], cluster.password);
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test.each([
  ["and was made", true],
  ["and was not", false],
])(
  "S4: killed while a role was being made, %s: one command, then up ends with one role",
  async (_what, there) => {
    expect((await pulumi(["up", "--yes", "--skip-preview"])).code).toBe(0);
    const stored = JSON.parse(readFileSync(state(), "utf8"));
    const { latest } = stored.checkpoint;
    const {
      id: _,
      outputs: __,
      ...resource
    } = latest.resources.find((one: { type: string }) => /Role$/.test(one.type));
    latest.resources = latest.resources.filter((one: { urn: string }) => one.urn !== resource.urn);
    latest.pending_operations = [{ type: "creating", resource: { ...resource, outputs: {} } }];
    writeFileSync(state(), JSON.stringify(stored));
    const admin = await cluster.connect("postgres");
    if (!there) await admin.query("DROP ROLE smoke");
    const at = ["--stack", "dev", "--config-file", join(dir, "Pulumi.dev.yaml")];
    const done = await run("npm", ["run", "-s", "recover", "--", ...at], { cwd: PROJECT, env });
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(done.stdout).toContain("unfinished: creating role");
    const up = await pulumi(["up", "--yes", "--skip-preview"]);
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect((await admin.query("SELECT FROM pg_roles WHERE rolname = 'smoke'")).rowCount).toBe(1);
    await admin.end();
  },
);
