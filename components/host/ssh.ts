import { connect as netConnect } from "node:net";
import type { Duplex } from "node:stream";
import { type AnyAuthMethod, type AuthHandlerMiddleware, Client, utils } from "ssh2";
import type { StackConfig } from "../../config/schema";

type Access = Extract<StackConfig["host"], { type: "ssh" }>;
/** How one machine is logged in to. */
export type Login = Omit<Access, "type" | "bastion">;

/** Why there is no connection: which key of the configuration is to be looked at, and what was said. */
export class NoConnection extends Error {
  constructor(
    readonly why:
      | "unreachable"
      | "host key"
      | "private key"
      | "key password"
      | "agent"
      | "no way in"
      | "refused"
      /** The key is taken, and the server asks for more: the ways that are left in `said`. */
      | "more factors"
      /** The connection was closed after the login had been let in or nearly so. */
      | "turned away"
      /** The other side is well, and speaks what only the provider's own client knows. */
      | "not understood"
      | "ended",
    /** Which machine: `host`, or `host.bastion` on the way to it. */
    readonly at: string,
    readonly login: Login,
    /** The other side's or the library's own words; for "host key" the line of the key that the host has. */
    readonly said: string,
  ) {
    super(said);
  }
}

/** Seconds that a machine may take to answer. */
const ANSWER = 20;
/** A server that has many guests (MaxStartups) drops the next: tried again so many times, a little later each. */
const AGAIN = 6;

/** An open connection; `close` ends the bastion's too. @throws NoConnection */
export async function openSsh(access: Access): Promise<{ client: Client; close(): void }> {
  const { bastion, ...host } = access;
  if (bastion === undefined) {
    const client = await patiently(() => logIn("host", host, () => dial("host", host)));
    return { client, close: () => client.end() };
  }
  const first = await patiently(() => logIn("host.bastion", bastion, () => dial("host.bastion", bastion)));
  try {
    const client = await patiently(() => logIn("host", host, () => through(first, host)));
    return {
      client,
      close() {
        client.end();
        first.end();
      },
    };
  } catch (error) {
    first.end();
    throw error;
  }
}

/** Only what another try may mend is tried again. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof NoConnection) || error.why !== "ended" || tries === AGAIN) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300 * tries));
  }
}

async function logIn(at: string, login: Login, socket: () => Promise<Duplex>): Promise<Client> {
  const { methods, token } = await waysIn(at, login);
  const sock = await socket();
  return await new Promise((resolve, reject) => {
    const client = new Client();
    let offered: Buffer | undefined;
    const expected = login.hostKey?.split(" ");
    let offers = 0;
    let taken = false;
    let left = "";
    let banner = "";
    client.once("ready", () => resolve(client));
    client.on("banner", (text) => {
      banner = text.trim();
    });
    const another: AuthHandlerMiddleware = (ways, partly, next) => {
      taken ||= partly === true;
      left = ways?.join(", ") ?? "";
      next((methods[offers++] ?? false) as AnyAuthMethod);
    };
    client.on("error", (error: Error & { level?: string }) => {
      sock.destroy();
      const unknown =
        /no matching (key exchange|C->S|S->C)/i.test(error.message) ||
        (error.level === "client-authentication" && methods.every(({ type }) => type === "agent") && token);
      const why = unknown
        ? "not understood"
        : offered !== undefined || /no matching host key/i.test(error.message)
          ? "host key"
          : error.level === "client-authentication"
            ? taken
              ? "more factors"
              : "refused"
            : "ended";
      const said = offered !== undefined ? keyLine(offered) : taken ? left : error.message;
      reject(new NoConnection(why, at, login, said));
    });
    client.once("close", () => {
      const said = banner || "the connection was closed";
      reject(new NoConnection(offers > 0 ? "turned away" : "ended", at, login, said));
    });
    client.connect({
      sock: sock as never,
      username: login.user,
      authHandler: another,
      readyTimeout: ANSWER * 1000,
      keepaliveInterval: 15_000,
      ...(expected && {
        algorithms: { serverHostKey: hostKeyAlgorithms(expected[0] as string) as never },
        hostVerifier: (key: Buffer) => {
          const same = key.equals(Buffer.from(expected[1] as string, "base64"));
          if (!same) offered = key;
          return same;
        },
      }),
    });
  });
}

/** An RSA key signs in three ways. */
function hostKeyAlgorithms(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}

function keyLine(key: Buffer): string {
  return `${key.toString("latin1", 4, 4 + key.readUInt32BE(0))} ${key.toString("base64")}`;
}

/** `token`: the agent has a key that lies in a security token (FIDO), which the client here cannot use. */
async function waysIn(at: string, login: Login): Promise<{ methods: AnyAuthMethod[]; token: boolean }> {
  const { user: username, privateKey, privateKeyPassword: passphrase, password } = login;
  const methods: AnyAuthMethod[] = [];
  if (privateKey !== undefined) {
    const parsed = utils.parseKey(privateKey, passphrase);
    if (parsed instanceof Error) {
      const locked = /passphrase|encrypted|decrypt|integrity|checksum|bad decrypt/i.test(parsed.message);
      throw new NoConnection(locked ? "key password" : "private key", at, login, parsed.message);
    }
    methods.push({ type: "publickey", username, key: privateKey, ...(passphrase && { passphrase }) });
  }
  if (password !== undefined) {
    methods.push({ type: "password", username, password });
    methods.push({
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _lang, prompts, finish) => finish(prompts.map(() => password)),
    });
  }
  // The provider asks an agent whose socket is named even where there is a key, and fails where it is dead.
  const agent = login.agentSocket ?? process.env["SSH_AUTH_SOCK"];
  let token = false;
  if (agent) {
    const keys = await keysOf(agent).catch((error: Error) => {
      throw new NoConnection("agent", at, login, error.message);
    });
    token = /sk-(ssh|ecdsa)/.test(keys);
    if (privateKey === undefined) methods.push({ type: "agent", username, agent });
  }
  if (methods.length === 0) throw new NoConnection("no way in", at, login, "");
  return { methods, token };
}

/** What an agent answers when it is asked for its keys: their types are readable in it. */
function keysOf(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // SSH_AGENTC_REQUEST_IDENTITIES
    const socket = netConnect(socketPath, () => socket.write(Buffer.from([0, 0, 0, 1, 11])));
    let answer = Buffer.alloc(0);
    const end = () => {
      socket.destroy();
      resolve(answer.toString("latin1"));
    };
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) end();
    });
    socket.on("close", end);
    socket.on("error", reject);
    socket.setTimeout(ANSWER * 1000, () => reject(new Error(`ETIMEDOUT, ${ANSWER} s`)));
  });
}

function dial(at: string, login: Login): Promise<Duplex> {
  const { address: host, port } = login;
  return new Promise((resolve, reject) => {
    const socket = netConnect({ host, port });
    const failed = (said: string): void => {
      socket.destroy();
      reject(new NoConnection("unreachable", at, login, said));
    };
    socket.setTimeout(ANSWER * 1000, () => failed(`no answer within ${ANSWER} s`));
    socket.once("error", (error: Error & { errors?: Error[] }) =>
      failed(error.message || (error.errors?.[0]?.message ?? "no connection")),
    );
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      socket.on("error", () => {}); // told by the client
      resolve(socket);
    });
  });
}

function through(bastion: Client, login: Login): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, login.address, login.port, (error, channel) =>
      error ? reject(new NoConnection("unreachable", "host", login, error.message)) : resolve(channel),
    );
  });
}
