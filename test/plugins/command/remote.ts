import type { Client, ClientChannel } from "ssh2";
import type { Log } from "../support/resource";
import type { Values } from "../support/values";
import { isObject, text } from "../support/values";
import { Output, type Runner } from "./run";
import { dial } from "./ssh";

const HINT =
  "This only works if your SSH server is configured to accept these variables via AcceptEnv. " +
  "Alternatively, prefix the command itself with the variables in the form 'VAR=value command'";

/** Runs a script on the host of the connection, by its user's shell. */
export const runRemote: Runner = async (script, inputs, environment, log) => {
  const { client, close } = await dial(connectionOf(inputs), log);
  try {
    const { asked, offered } = environment;
    const refused = await refusedVariables(client, { ...asked, ...offered });
    for (const name of refused) {
      if (name in asked) throw new Error(`Unable to set '${name}'. ${HINT}`);
      log("warning", `Unable to set '${name}'. ${HINT}`);
    }
    return await execute(client, script, inputs, { ...offered, ...asked }, log);
  } finally {
    close();
  }
};

export function connectionOf(inputs: Values): Values {
  if (!isObject(inputs.connection)) throw new Error("connection: missing");
  return inputs.connection;
}

function execute(
  client: Client,
  script: string,
  inputs: Values,
  env: { [name: string]: string },
  log: Log,
): Promise<{ stdout: string; stderr: string }> {
  const output = new Output(inputs.logging, log);
  return new Promise((resolve, reject) => {
    client.on("error", (error) => reject(output.failure(error.message, script)));
    client.exec(script, { env }, (error, channel) => {
      if (error) return reject(error);
      channel.on("data", (chunk: Buffer) => output.add("stdout", chunk));
      channel.stderr.on("data", (chunk: Buffer) => output.add("stderr", chunk));
      channel.on("close", (code: number | null | undefined, signal?: string) => {
        if (code === 0) resolve(output.printed());
        else if (typeof code === "number")
          reject(output.failure(`Process exited with status ${code}`, script));
        else if (signal) reject(output.failure(`Process exited with signal ${signal}`, script));
        else reject(output.failure("wait: remote command exited without exit status or exit signal", script));
      });
      channel.on("error", () => {}); // a script need not read what it is given; its exit status tells
      channel.end(text(inputs.stdin) ?? "");
    });
  });
}

/** The server answers nothing that ssh2 would pass on, so a command tells which variables arrived. */
async function refusedVariables(client: Client, env: { [name: string]: string }): Promise<string[]> {
  const names = Object.keys(env);
  if (names.length === 0) return [];
  const arrived = await new Promise<string>((resolve, reject) => {
    client.exec("env", { env }, (error: Error | undefined, channel: ClientChannel) => {
      if (error) return reject(error);
      let printed = "";
      channel.on("data", (chunk: Buffer) => {
        printed += chunk.toString("utf8");
      });
      channel.stderr.resume();
      channel.on("close", () => resolve(printed));
      channel.end();
    });
  });
  return names.filter((name) => !arrived.split("\n").some((line) => line.startsWith(`${name}=`)));
}
