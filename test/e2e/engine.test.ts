import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { changes, nothingChanged } from "../harness/stack";
import { type Finished, run } from "../support/command";
import { engineEnv } from "../support/engine";
import { type Host, startHost } from "../support/host";
import { type Cluster, startCluster } from "../support/postgres";
import { documented, said } from "../support/printed";

// The engine, the language host and the plugins at work together, on a program that is not the kit's.
const PROGRAM = `
const command = require("@pulumi/command");
const postgresql = require("@pulumi/postgresql");
const pulumi = require("@pulumi/pulumi");
const config = new pulumi.Config();
const at = config.requireSecretObject("at");
const connection = at.apply((at) => at.ssh);
const provider = new postgresql.Provider("admin", {
  host: "127.0.0.1", port: config.requireNumber("pgPort"), database: config.require("database"),
  username: "postgres", password: at.apply((at) => at.pgPassword), sslmode: "disable",
});
const role = new postgresql.Role("role", { name: "smoke", login: true, password: at.apply((at) => at.rolePassword) }, { provider });
const schema = new postgresql.Schema("schema", { name: "smoke_data", owner: role.name }, { provider, retainOnDelete: true });
new postgresql.Grant("grant", {
  database: config.require("database"), role: role.name, schema: schema.name, objectType: "schema", privileges: ["USAGE", "CREATE"],
}, { provider, dependsOn: schema });
const file = new command.remote.Command("file", {
  connection, addPreviousOutputInEnv: false, logging: "none",
  create: "umask 077 && cat > /root/smoke && echo written", update: "cat > /root/smoke && echo written again",
  delete: "rm /root/smoke", stdin: at.apply((at) => at.content), triggers: ["/root/smoke"],
}, { dependsOn: role, deleteBeforeReplace: true });
new command.remote.CopyToRemote("copy", {
  connection, source: new pulumi.asset.StringAsset("copied"), remotePath: "/root/new/folder/copied",
});
const extra = config.getObject("extra");
if (extra) new command.remote.Command("extra", { connection, ...extra });
exports.said = file.stdout;
`;
const NAMES = ["command", "postgresql"] as const;
const KEY_FILE = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";

let dir: string;
let env: NodeJS.ProcessEnv;
let stack: Stack;
let host: Host;
let cluster: Cluster;
let database: string;
const secrets = { rolePassword: "role-password-1", content: "a-secret-content-1" };

async function pulumi(
  args: string[],
  more: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Finished> {
  return run("pulumi", ["--non-interactive", "--color", "never", ...args], {
    cwd: dir,
    env: more.env ?? env,
    ...(more.input === undefined ? {} : { input: more.input }),
  });
}

async function must(...args: string[]): Promise<string> {
  const done = await pulumi(args);
  expect(done.code, done.stdout + done.stderr).toBe(0);
  return done.stdout;
}

async function setSecrets(): Promise<void> {
  const ssh = {
    host: host.host,
    port: host.port,
    user: host.user,
    privateKey: host.privateKey,
    hostKey: host.hostKey,
  };
  const value = JSON.stringify({
    ssh: { ...ssh, dialErrorLimit: 1 },
    pgPassword: cluster.password,
    ...secrets,
  });
  const done = await pulumi(["config", "set", "--secret", "at"], { input: value });
  expect(done.code, done.stderr).toBe(0);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "vn-engine-"));
  const ready = await engineEnv();
  const { SSH_AUTH_SOCK: _agent, ...rest } = ready.env;
  env = {
    ...rest,
    PULUMI_HOME: join(dir, "home"),
    PULUMI_BACKEND_URL: `file://${dir}`,
    PULUMI_CONFIG_PASSPHRASE: "of the test",
  };
  writeFileSync(
    join(dir, "Pulumi.yaml"),
    "name: smoke\nruntime: { name: nodejs, options: { typescript: false } }\n",
  );
  writeFileSync(join(dir, "index.js"), PROGRAM);
  writeFileSync(join(dir, "package.json"), '{ "name": "smoke", "main": "index.js" }\n');
  symlinkSync(resolve(__dirname, "../../node_modules"), join(dir, "node_modules"));
  [host, cluster] = await Promise.all([startHost(), startCluster({ postgis: false })]);
  database = await cluster.createDatabase();
  // The Automation API looks for the engine where this process does.
  process.env["PATH"] = env["PATH"];
  const envVars = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  stack = await Stack.create("dev", await LocalWorkspace.create({ workDir: dir, envVars }));
  await must("config", "set", "pgPort", String(cluster.port));
  await must("config", "set", "database", database);
  await setSecrets();
});

afterAll(async () => {
  await host?.stop();
  await cluster?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test("up makes role, schema, grant and files; a second one changes nothing; no secret is in the state", async () => {
  const first = await changes((options) => stack.up(options));
  expect(first).toMatchObject({ create: 7, update: 0, delete: 0 });
  expect(await host.must("cat /root/smoke; stat -c ' %a' /root/smoke; cat /root/new/folder/copied")).toBe(
    `${secrets.content} 600\ncopied`,
  );
  const db = await cluster.connect(database, { user: "smoke", password: secrets.rolePassword });
  await db.query("CREATE TABLE smoke_data.kept (id int)");
  await db.end();
  expect(nothingChanged(await changes((options) => stack.up(options)))).toBe(true);
  expect(nothingChanged(await changes((options) => stack.refresh(options)))).toBe(true);

  const state = readFileSync(join(dir, ".pulumi/stacks/smoke/dev.json"), "utf8");
  expect(state).toContain("written");
  for (const secret of [...Object.values(secrets), cluster.password, "PRIVATE KEY"])
    expect(state).not.toContain(secret);
});

test("changed content is an update of just that", async () => {
  secrets.content = "a-secret-content-2";
  await setSecrets();
  expect(await changes((options) => stack.up(options))).toMatchObject({
    update: 1,
    create: 0,
    replace: 0,
  });
  expect((await must("stack", "output", "said")).trim()).toBe("written again");
  expect(await host.must("cat /root/smoke")).toBe(secrets.content);
});

test("sshd refuses variables: asked for they are an error, the last output is only a warning", async () => {
  const set = async (extra: object): Promise<void> => {
    const done = await pulumi(["config", "set", "extra"], { input: JSON.stringify(extra) });
    expect(done.code, done.stderr).toBe(0);
  };
  await set({ create: "env", environment: { REFUSED: "x" } });
  const refused = await pulumi(["up", "--yes", "--skip-preview"]);
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain("Unable to set 'REFUSED'");

  await set({ create: "echo first", environment: { LC_ALL: "C.UTF-8" } });
  await must("up", "--yes", "--skip-preview");
  await set({ create: 'echo second; test -z "$PULUMI_COMMAND_STDOUT"', environment: { LC_ALL: "C.UTF-8" } });
  expect(await must("up", "--yes", "--skip-preview")).toContain("Unable to set 'PULUMI_COMMAND_STDOUT'");

  await set({ create: "echo to-out; echo to-err >&2; exit 7" });
  const failed = await pulumi(["up", "--yes", "--skip-preview"]);
  expect(failed.code).not.toBe(0);
  expect(failed.stdout).toMatch(
    /Process exited with status 7: running "echo to-out; echo to-err >&2; exit 7":/,
  );
  await must("config", "rm", "extra");
  await must("up", "--yes", "--skip-preview");
});

test("a preview works with host and database down", async () => {
  const [hostPort, pgPort] = [host.port, cluster.port];
  await must("config", "set", "pgPort", "1");
  const { port } = host;
  host.port = 1;
  try {
    await setSecrets();
    const previewed = await pulumi(["preview"]);
    expect(previewed.code, previewed.stdout + previewed.stderr).toBe(0);
    expect(previewed.stdout).not.toMatch(/ECONNREFUSED/);
    expect((await pulumi(["up", "--yes", "--skip-preview"])).code).not.toBe(0);
  } finally {
    host.port = port;
    expect([host.port, cluster.port]).toEqual([hostPort, pgPort]);
    await must("config", "set", "pgPort", String(pgPort));
    await setSecrets();
  }
});

test("other executables of the plugins' names, first on PATH, are used", async () => {
  const bin = join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  for (const name of NAMES) {
    const plugin = `pulumi-resource-${name}`;
    const folder = (env["PATH"] ?? "").split(":").find((part) => existsSync(join(part, plugin)));
    // Where the official plugins are installed for the engine there is none on PATH to hand over to.
    const next = folder ? join(folder, plugin) : await installed(name);
    writeFileSync(join(bin, plugin), `#!/bin/sh\necho ${name} >> ${dir}/used\nexec ${next} "$@"\n`, {
      mode: 0o755,
    });
  }
  const asked = await engineEnv({ ...env, PATH: `${bin}:${env["PATH"]}` });
  for (const name of NAMES)
    expect(asked.said).toContain(`plugin ${name}: ${join(bin, `pulumi-resource-${name}`)} (on PATH)`);
  const done = await pulumi(["up", "--yes", "--skip-preview"], { env: { ...env, ...asked.env } });
  expect(done.code, done.stdout + done.stderr).toBe(0);
  const used = readFileSync(join(dir, "used"), "utf8").trim().split("\n");
  expect([...new Set(used)].sort()).toEqual([...NAMES]);
});

test("S13: `config set` takes every key of the kit, of any type, and leaves faults to the program", async () => {
  const project = resolve(__dirname, "../..");
  const folder = join(dir, "keys");
  mkdirSync(folder);
  copyFileSync(join(project, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  writeFileSync(join(folder, "package.json"), '{ "name": "keys", "main": "index.js" }\n');
  writeFileSync(
    join(folder, "index.js"),
    `require("tsx/cjs");
const pulumi = require("@pulumi/pulumi");
const { parseConfig } = require(${JSON.stringify(join(project, "config/parse"))});
try {
  module.exports = parseConfig(pulumi.runtime.allConfig());
} catch (error) {
  throw Object.assign(new pulumi.RunError(error.message), { stack: error.message });
}
`,
  );
  symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
  const keys = async (...args: string[]) => {
    const done = await run("pulumi", ["-C", folder, "--non-interactive", "--color", "never", ...args], {
      env,
    });
    return { ...done, said: done.stdout + done.stderr };
  };
  expect((await keys("stack", "init", "keys")).code).toBe(0);
  const { config } = parse(exampleWithEveryKey());
  const set = Object.entries(config).flatMap(([key, value]) => settings(key, value));
  expect(set.length).toBeGreaterThan(60);
  const done = await keys("config", "set-all", "--path", ...set.flatMap((one) => ["--plaintext", one]));
  expect(done.code, done.said).toBe(0);
  const previewed = await keys("preview", "--json");
  expect(previewed.code, previewed.said).toBe(0);

  await keys("config", "set", "windowDays", "fourteen");
  await keys("config", "set", "--path", "oldHostGone", "[]");
  await keys("config", "set", "destroyData", "perhaps");
  await keys("config", "rm", "sites");
  await keys("config", "set", "--path", "sites[0]", "vn38");
  const refused = await keys("preview");
  expect(refused.said).toContain(
    'vn-sync-check:windowDays vaut "fourteen" : donner un nombre entier de 1 à 365',
  );
  expect(refused.said).toContain("vn-sync-check:sites n'est pas un objet");
  expect(refused.said).toContain('vn-sync-check:destroyData vaut "perhaps" : utiliser true ou false');
  expect(refused.said).not.toMatch(/must be of type|validating stack config/);
});

// W2
test("the engine knows each of its commands that is printed anywhere, with its options", async () => {
  const printed = [...documented(), ...said().commands].map(({ command }) => command);
  const forms = new Set(
    printed
      .filter((command) => command.startsWith("pulumi "))
      .map((command) =>
        command.replace(/^pulumi /, "").replace(/ (?:'|<|…|vn-sync-check:|\w+[A-Z]|instance).*$/, ""),
      ),
  );
  expect(forms.size).toBeGreaterThan(8);
  for (const form of forms) {
    const { code, stdout, stderr } = await run("pulumi", [...form.split(" "), "--help"], { env });
    expect([code, stdout + stderr], form).toEqual([0, expect.stringContaining("Usage:")]);
  }
});

test("another Pulumi program can have the kit as one component among its own", async () => {
  const folder = resolve(__dirname, "../../examples/other-program");
  const stack = `e2e${process.pid}`;
  const file = join(dir, "other.yaml");
  const example = async (...args: string[]) => {
    const done = await run("pulumi", ["-C", folder, "--non-interactive", "--color", "never", ...args], {
      env,
    });
    return { ...done, said: done.stdout + done.stderr };
  };
  const made = await example("stack", "init", stack);
  expect(made.code, made.said).toBe(0);
  renameSync(join(folder, `Pulumi.${stack}.yaml`), file);
  const at = ["--stack", stack, "--config-file", file];
  const secrets = ["adminPassword", "vn38-password", "vn38-key", "vn38-secret"];
  const set = secrets.flatMap((name) => ["--secret", `${name}=s3cret`]);
  const done = await example("config", "set-all", ...at, ...set);
  expect(done.code, done.said).toBe(0);
  const previewed = await example("preview", ...at);
  expect(previewed.code, previewed.said).toBe(0);
  expect(previewed.said).toContain("vn-sync-check:index:VnSyncCheck");
  expect(previewed.said).toContain("nextSteps");
  expect(previewed.said).not.toContain("s3cret");
});

test("the vendor is not asked again once it could not be reached", async () => {
  const before = Date.now();
  const again = await engineEnv({ ...env, VN_VENDOR: "unreachable" });
  expect(again.said).toMatch(/^engine: /m);
  for (const name of NAMES) expect(again.said).toMatch(new RegExp(`^plugin ${name}: `, "m"));
  expect(Date.now() - before).toBeLessThan(15_000);
});

test("destroy drops the role, keeps the schema and its table, and removes the file by its delete script", async () => {
  await must("destroy", "--yes", "--skip-preview");
  expect((await host.exec("test -e /root/smoke")).code).toBe(1);
  const db = await cluster.connect(database);
  try {
    const { rows } = await db.query("SELECT tableowner FROM pg_tables WHERE schemaname = 'smoke_data'");
    expect(rows).toEqual([{ tableowner: cluster.superuser }]);
    expect((await db.query("SELECT 1 FROM pg_roles WHERE rolname = 'smoke'")).rows).toEqual([]);
  } finally {
    await db.end();
  }
});

async function installed(name: string): Promise<string> {
  const listed = await run(
    "sh",
    ["-c", `ls -d "\${PULUMI_HOME:-$HOME/.pulumi}"/plugins/resource-${name}-v*/pulumi-resource-${name}`],
    { env },
  );
  return join(dirname(listed.stdout.trim().split("\n")[0] ?? ""), `pulumi-resource-${name}`);
}

/** The commented example with nothing commented out. */
function exampleWithEveryKey(): string {
  return readFileSync(resolve(__dirname, "../../Pulumi.example.yaml"), "utf8")
    .replace(/^( +)# /gm, "$1")
    .replace("privateKey: (secret)", `privateKey: ${JSON.stringify(KEY_FILE)}`)
    .replace("privateKey: (secret)", `privateKey: ${JSON.stringify(KEY_FILE)}`)
    .replace(
      /(?<=hostKey: )ssh-ed25519 \S+/g,
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH",
    )
    .replaceAll("(secret)", "s3cret");
}

/** `key=value` for each single value below a key. */
function settings(key: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [`${key}=${value}`];
  const below = Object.entries(value).map(
    ([name, one]) => [Array.isArray(value) ? `${key}[${name}]` : `${key}.${name}`, one] as const,
  );
  return below.flatMap(([name, one]) => settings(name, one));
}
