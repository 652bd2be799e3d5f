import { randomBytes } from "node:crypto";
import type { Difference, Log, ResourceType } from "../support/resource";
import { boolean, defined, equal, text, UNKNOWN, type Value, type Values } from "../support/values";

/** What a command printed. */
export interface Printed {
  stdout: string;
  stderr: string;
}

/** Runs one script with everything else that the inputs say; rejects with what it printed. */
export type Runner = (script: string, inputs: Values, environment: Environment, log: Log) => Promise<Printed>;

/** Variables asked for, and the last run's output, which is only offered. */
export interface Environment {
  asked: { [name: string]: string };
  offered: { [name: string]: string };
}

/** The two command resources are the same but for where a script runs. */
export function commandType(run: Runner): ResourceType {
  const runScript = async (
    script: Value | undefined,
    inputs: Values,
    last: Values,
    log: Log,
  ): Promise<Values> => {
    const command = text(script);
    if (command === undefined) return { stdout: text(last.stdout) ?? "", stderr: text(last.stderr) ?? "" };
    const { stdout, stderr } = await run(command, inputs, environment(inputs, last), log);
    return { stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
  };
  return {
    diff: commandDiff,
    preview: (inputs, state) =>
      state !== undefined &&
      equal({ ...inputs, stdout: state.stdout ?? "", stderr: state.stderr ?? "" }, state)
        ? state
        : { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN },
    create: async (inputs, name, log) => ({
      id: name + randomBytes(4).toString("hex"),
      outs: { ...inputs, ...(await runScript(inputs.create, inputs, {}, log)) },
    }),
    update: async (_id, state, inputs, log) => ({
      ...inputs,
      ...(await runScript(inputs.update ?? inputs.create, inputs, state, log)),
    }),
    remove: async (_id, state, log) => {
      await runScript(state.delete, state, state, log);
    },
  };
}

/** Every changed input is an update, except triggers. */
export function commandDiff(_state: Values, before: Values, inputs: Values): Difference {
  const changed: Difference["changed"] = {};
  for (const input of new Set([...Object.keys(before), ...Object.keys(inputs)])) {
    if (input.startsWith("__") || equal(before[input], inputs[input])) continue;
    changed[input] = { from: before[input], to: inputs[input], replace: input === "triggers" };
  }
  return { changed };
}

function environment(inputs: Values, last: Values): Environment {
  const asked: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(defined((inputs.environment ?? {}) as Values))) {
    asked[name] = String(value);
  }
  const offered: { [name: string]: string } = {};
  if (boolean(inputs.addPreviousOutputInEnv) !== false) {
    if (text(last.stdout)) offered["PULUMI_COMMAND_STDOUT"] = String(last.stdout);
    if (text(last.stderr)) offered["PULUMI_COMMAND_STDERR"] = String(last.stderr);
  }
  return { asked, offered };
}

/** Keeps what a command prints, and shows it line by line where `logging` lets it. */
export class Output {
  private readonly parts: { stdout: Buffer[]; stderr: Buffer[]; both: Buffer[] } = {
    stdout: [],
    stderr: [],
    both: [],
  };
  private rest = "";

  constructor(
    private readonly logging: Value | undefined,
    private readonly log: Log,
  ) {}

  add(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.parts[stream].push(chunk);
    this.parts.both.push(chunk);
    const shown = text(this.logging) ?? "stdoutAndStderr";
    if (shown !== "stdoutAndStderr" && shown !== stream) return;
    const lines = (this.rest + chunk.toString("utf8")).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.log("info", line);
  }

  printed(): Printed {
    if (this.rest !== "") this.log("info", this.rest);
    this.rest = "";
    return {
      stdout: Buffer.concat(this.parts.stdout).toString("utf8"),
      stderr: Buffer.concat(this.parts.stderr).toString("utf8"),
    };
  }

  /** The error of a command that failed shows all of it and all that it printed. */
  failure(how: string, command: string): Error {
    this.printed();
    const both = Buffer.concat(this.parts.both).toString("utf8");
    return new Error(`${how}: running ${JSON.stringify(command)}:\n${both}`);
  }
}
