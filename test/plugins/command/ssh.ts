import { connect as netConnect } from "node:net";
import type { Duplex } from "node:stream";
import { type AnyAuthMethod, Client, utils } from "ssh2";
import type { Log } from "../support/resource";
import { isObject, number, text, type Values } from "../support/values";

/** An open connection, and what ends it and its bastion's. */
export interface Dialled {
  client: Client;
  close: () => void;
}

/** Attempts after the first; the official plugin's default. -1 is "for ever". */
const DIAL_ERROR_LIMIT = 10;
/** Seconds for each attempt to connect; 0 is "for ever". */
const PER_DIAL_TIMEOUT = 15;

/** Connects, through a bastion where `proxy` names one, again and again until the limit of errors. */
export async function dial(connection: Values, log: Log): Promise<Dialled> {
  const config = await authentication(connection);
  const proxy = isObject(connection.proxy) ? connection.proxy : undefined;
  if (proxy === undefined) {
    const client = await retry("Dial", connection, log, async () =>
      handshake(connection, config, await openSocket(connection)),
    );
    return { client, close: () => client.end() };
  }
  try {
    const proxyConfig = await authentication(proxy);
    const bastion = await retry("Dial proxy", proxy, log, async () =>
      handshake(proxy, proxyConfig, await openSocket(proxy)),
    );
    try {
      const client = await retry("Dial", connection, log, async () =>
        handshake(connection, config, await forward(bastion, connection)),
      );
      return {
        client,
        close: () => {
          client.end();
          bastion.end();
        },
      };
    } catch (error) {
      bastion.end();
      throw error;
    }
  } catch (error) {
    throw new Error(`proxy: ${(error as Error).message}`);
  }
}

async function retry<T>(what: string, connection: Values, log: Log, attempt: () => Promise<T>): Promise<T> {
  const limit = number(connection.dialErrorLimit) ?? DIAL_ERROR_LIMIT;
  let delay = 100;
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (limit !== -1 && failed > limit) {
        throw new Error(`after ${limit} failed attempts: ${(error as Error).message}`);
      }
    }
    log("info", `${what} ${failed}/${limit === -1 ? "inf" : limit} failed: retrying`);
    await new Promise((resolve) => setTimeout(resolve, delay));
    delay = Math.min(delay * 1.5, 5000);
  }
}

interface Authentication {
  methods: AnyAuthMethod[];
  hostKey: { type: string; key: Buffer } | undefined;
}

/** What the connection offers to log in with, and the one host key that it accepts. */
async function authentication(connection: Values): Promise<Authentication> {
  const username = text(connection.user) ?? "root";
  const methods: AnyAuthMethod[] = [];
  const privateKey = text(connection.privateKey);
  if (privateKey !== undefined) {
    const passphrase = text(connection.privateKeyPassword);
    const parsed = utils.parseKey(privateKey, passphrase);
    if (parsed instanceof Error) throw new Error(`privateKey: ${parsed.message}`);
    methods.push({ type: "publickey", username, key: privateKey, ...(passphrase ? { passphrase } : {}) });
  }
  const password = text(connection.password);
  if (password !== undefined) {
    methods.push({ type: "password", username, password });
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map(() => password)),
    });
  }
  const agent = text(connection.agentSocketPath) ?? process.env["SSH_AUTH_SOCK"];
  if (agent) {
    await reachable(agent);
    // Two ways of one kind: as in the official plugin the first one given is the one tried.
    if (privateKey === undefined) methods.push({ type: "agent", username, agent });
  }
  return { methods, hostKey: expectedHostKey(text(connection.hostKey)) };
}

function expectedHostKey(line: string | undefined): Authentication["hostKey"] {
  if (line === undefined) return undefined;
  const found = /(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/=]+)/.exec(line);
  if (found === null) throw new Error("failed to parse host key: ssh: no key found");
  return { type: found[1] as string, key: Buffer.from(found[2] as string, "base64") };
}

function reachable(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = netConnect(socketPath, () => {
      socket.end();
      resolve();
    });
    socket.on("error", (error) => reject(new Error(`agentSocketPath: ${error.message}`)));
  });
}

function openSocket(connection: Values): Promise<Duplex> {
  const [host, port] = [text(connection.host) ?? "", number(connection.port) ?? 22];
  const seconds = number(connection.perDialTimeout) ?? PER_DIAL_TIMEOUT;
  return new Promise((resolve, reject) => {
    const socket = netConnect({ host, port });
    const failed = (error: Error): void => {
      socket.destroy();
      reject(new Error(`dial tcp ${host}:${port}: ${error.message}`));
    };
    if (seconds > 0) socket.setTimeout(seconds * 1000, () => failed(new Error("i/o timeout")));
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

function forward(bastion: Client, connection: Values): Promise<Duplex> {
  const [host, port] = [text(connection.host) ?? "", number(connection.port) ?? 22];
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
}

function handshake(connection: Values, { methods, hostKey }: Authentication, sock: Duplex): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let mismatch = false;
    client.once("ready", () => resolve(client));
    client.on("error", (error) => {
      sock.destroy();
      reject(new Error(`ssh: handshake failed: ${mismatch ? "ssh: host key mismatch" : error.message}`));
    });
    client.connect({
      sock: sock as never,
      username: text(connection.user) ?? "root",
      authHandler: methods,
      readyTimeout: 0,
      ...(hostKey && {
        algorithms: { serverHostKey: [hostKey.type as never] },
        hostVerifier: (offered: Buffer) => {
          mismatch = !offered.equals(hostKey.key);
          return !mismatch;
        },
      }),
    });
  });
}
