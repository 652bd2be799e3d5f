import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, type ServerConfig, utils } from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningPlugin, secret, startPlugin } from "./support/engine";
import { UNKNOWN, type Values } from "./support/values";

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";

/** ssh2 makes one in some two hundred that it cannot read itself. */
function keyPair(options?: { passphrase: string; cipher: string; rounds: number }) {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", options);
    if (!(utils.parseKey(pair.private, options?.passphrase) instanceof Error)) return pair;
  }
}

const hostKeys = keyPair();
const userKeys = keyPair({
  passphrase: "open sesame",
  cipher: "aes256-cbc",
  rounds: 4,
});

let plugin: RunningPlugin;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "vn-plugin-"));
  const { SSH_AUTH_SOCK: _agent, ...env } = process.env;
  plugin = await startPlugin("command", env);
  await plugin.configure({});
});
afterAll(async () => {
  await plugin.stop();
  rmSync(dir, { recursive: true });
});

test("a local command is created, updated and deleted with its scripts, stdin and last output", async () => {
  const file = join(dir, "told");
  const inputs: Values = {
    create: "cat; echo; echo to stderr >&2; echo $A",
    update: 'printf "%s|%s\\n\\n" "$PULUMI_COMMAND_STDOUT" "$PULUMI_COMMAND_STDERR"',
    delete: `echo "$PULUMI_COMMAND_STDOUT" > ${file}`,
    stdin: secret("from stdin"),
    environment: { A: secret("from env") },
  };
  const { id, outs } = await plugin.create(LOCAL, inputs);
  expect(outs).toMatchObject({ stdout: "from stdin\nfrom env", stderr: "to stderr" });
  const updated = await plugin.update(LOCAL, id, outs, inputs);
  // One newline at the end goes, not two.
  expect(updated).toMatchObject({ stdout: "from stdin\nfrom env|to stderr\n", stderr: "" });
  await plugin.remove(LOCAL, id, { ...updated, addPreviousOutputInEnv: false });
  expect(readFileSync(file, "utf8")).toBe("\n");
});

test("without an update script create runs again, without either nothing does", async () => {
  const { id, outs } = await plugin.create(LOCAL, { create: "echo one" });
  expect(await plugin.update(LOCAL, id, outs, { create: "echo two" })).toMatchObject({ stdout: "two" });
  expect(await plugin.update(LOCAL, id, outs, { delete: "echo three" })).toMatchObject({ stdout: "one" });
});

test("a preview runs nothing and knows no output", async () => {
  const inputs = { create: `echo x > ${join(dir, "previewed")}` };
  const { outs } = await plugin.create(LOCAL, inputs, true);
  expect(outs).toMatchObject({ stdout: UNKNOWN, stderr: UNKNOWN });
  expect(() => readFileSync(join(dir, "previewed"))).toThrow();
});

test("a failing command shows its text and all its output", async () => {
  const failing = plugin.create(LOCAL, { create: "echo out; echo err >&2; exit 3" });
  await expect(failing).rejects.toThrow(/^exit status 3: running "echo out; echo err >&2; exit 3":\n/);
  await expect(failing).rejects.toThrow(/out\n/);
  await expect(failing).rejects.toThrow(/err\n/);
});

test("dir and interpreter are honoured", async () => {
  const { outs } = await plugin.create(LOCAL, {
    create: "print(1 + 1)",
    dir,
    interpreter: ["python3", "-c"],
  });
  expect(outs.stdout).toBe("2");
  expect((await plugin.create(LOCAL, { create: "pwd", dir })).outs.stdout).toBe(dir);
});

test("logging decides what is shown, never what is kept", async () => {
  const create = "echo shown-out; echo shown-err >&2";
  for (const [logging, lines] of [
    ["none", []],
    ["stdout", ["shown-out"]],
    ["stderr", ["shown-err"]],
    [undefined, ["shown-err", "shown-out"]],
  ] as const) {
    plugin.logged.length = 0;
    const { outs } = await plugin.create(LOCAL, { create, ...(logging ? { logging } : {}) });
    expect(outs).toMatchObject({ stdout: "shown-out", stderr: "shown-err" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(plugin.logged.filter((line) => line.startsWith("shown")).sort()).toEqual(lines);
  }
});

test("a change of triggers replaces, any other updates, an equal one nothing", async () => {
  const before: Values = { create: "a", triggers: ["1"], environment: { A: "1" } };
  const state = { ...before, stdout: "", stderr: "" };
  expect(await plugin.diff(REMOTE, state, before, before)).toMatchObject({ changes: false, replaces: [] });
  expect(await plugin.diff(REMOTE, state, before, { ...before, triggers: ["2"] })).toMatchObject({
    changes: true,
    replaces: ["triggers"],
    deleteBeforeReplace: false,
  });
  expect(
    await plugin.diff(REMOTE, state, before, { create: "a", triggers: ["1"], delete: "b" }),
  ).toMatchObject({
    replaces: [],
    diffs: ["environment", "delete"],
  });
});

/** A real SSH server that runs commands with sh; remembers how clients logged in. */
async function sshServer(
  config: Partial<ServerConfig> = {},
): Promise<{ port: number; logins: string[]; close(): void }> {
  const logins: string[] = [];
  const server = new Server({ hostKeys: [hostKeys.private], ...config }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      const accepted =
        (context.method === "password" && context.password === "correct") ||
        (context.method === "publickey" &&
          `${context.key.algo} ${context.key.data.toString("base64")}` === userKeys.public.trim());
      if (!accepted) return context.reject(["password", "publickey"]);
      // A client asks first whether a key would do, and then signs with it.
      if (context.method !== "publickey" || context.signature)
        logins.push(`${context.username} by ${context.method}`);
      context.accept();
    });
    client.on("tcpip", (accept, _reject, info) => {
      const channel = accept();
      const socket = netConnect(info.destPort, info.destIP);
      socket.on("error", () => channel.destroy());
      channel.pipe(socket).pipe(channel);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const child = spawn("sh", ["-c", command]);
        child.stdin.on("error", () => {}); // a command may end before it has read what it is given
        child.stdout.on("data", (chunk) => channel.write(chunk));
        child.stderr.on("data", (chunk) => channel.stderr.write(chunk));
        channel.pipe(child.stdin);
        child.on("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, logins, close: () => server.close() };
}

test("a remote command runs over SSH, through a bastion, with an encrypted key and the host key checked", async () => {
  const [target, bastion] = [await sshServer(), await sshServer()];
  try {
    const key = {
      privateKey: secret(userKeys.private),
      privateKeyPassword: "open sesame",
      hostKey: hostKeys.public,
    };
    const inputs: Values = {
      connection: secret({
        ...{ host: "127.0.0.1", port: target.port, user: "vn", ...key },
        proxy: { host: "127.0.0.1", port: bastion.port, user: "jump", password: secret("correct") },
      }),
      create: "cat; echo; echo err >&2",
      stdin: secret("over ssh"),
      delete: "exit 4",
    };
    const { id, outs } = await plugin.create(REMOTE, inputs);
    expect(outs).toMatchObject({ stdout: "over ssh", stderr: "err" });
    expect(target.logins).toEqual(["vn by publickey"]);
    expect(bastion.logins).toEqual(["jump by password"]);
    await expect(plugin.remove(REMOTE, id, outs)).rejects.toThrow(
      /^Process exited with status 4: running "exit 4":\n/,
    );
  } finally {
    target.close();
    bastion.close();
  }
});

test("another host key is refused, as often as dialErrorLimit says", async () => {
  const target = await sshServer({ hostKeys: [keyPair().private] });
  try {
    const connection = { host: "127.0.0.1", port: target.port, password: "correct", dialErrorLimit: 1 };
    plugin.logged.length = 0;
    await expect(
      plugin.create(REMOTE, { connection: { ...connection, hostKey: hostKeys.public }, create: "true" }),
    ).rejects.toThrow("after 1 failed attempts: ssh: handshake failed: ssh: host key mismatch");
    expect(plugin.logged).toContain("Dial 1/1 failed: retrying");
    expect(target.logins).toEqual([]);
    // Without a host key any is accepted, as with the official plugin.
    expect((await plugin.create(REMOTE, { connection, create: "echo in" })).outs.stdout).toBe("in");
    await expect(
      plugin.create(REMOTE, { connection: { ...connection, password: "wrong" }, create: "true" }),
    ).rejects.toThrow(/after 1 failed attempts/);
  } finally {
    target.close();
  }
});

test("a host that answers nothing ends an attempt by perDialTimeout or by its refusal", async () => {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  listener.close();
  const connection = { host: "127.0.0.1", port, dialErrorLimit: 0, perDialTimeout: 1 };
  await expect(plugin.create(REMOTE, { connection, create: "true" })).rejects.toThrow(
    /^after 0 failed attempts: dial tcp .*ECONNREFUSED/,
  );
});

test("an agent's socket that is not there is an error, and one that is lets in", async () => {
  const target = await sshServer();
  const socket = join(dir, "agent");
  const connection = { host: "127.0.0.1", port: target.port, agentSocketPath: socket, dialErrorLimit: 0 };
  await expect(plugin.create(REMOTE, { connection, create: "true" })).rejects.toThrow(/agentSocketPath/);
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  try {
    writeFileSync(join(dir, "key"), userKeys.private, { mode: 0o600 });
    writeFileSync(join(dir, "askpass"), "#!/bin/sh\necho open sesame\n", { mode: 0o700 });
    const env = {
      ...process.env,
      SSH_AUTH_SOCK: socket,
      SSH_ASKPASS: join(dir, "askpass"),
      SSH_ASKPASS_REQUIRE: "force",
    };
    for (let tries = 0; tries < 50; tries++) {
      const code = await new Promise((resolve) =>
        spawn("ssh-add", ["-q", join(dir, "key")], { env, stdio: "ignore" }).on("close", resolve),
      );
      if (code === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await plugin.create(REMOTE, { connection, create: "echo in" })).outs.stdout).toBe("in");
    expect(target.logins).toEqual(["root by publickey"]);
  } finally {
    agent.kill();
    target.close();
  }
});
