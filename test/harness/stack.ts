import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  CommandError,
  type EngineEvent,
  Stack as EngineStack,
  LocalWorkspace,
  type UpdateSummary,
} from "@pulumi/pulumi/automation";
import { type Finished, must, run } from "../support/command";

const PROJECT = resolve(__dirname, "../..");

/** What one `pulumi up`, `refresh` or `destroy` did, as the engine has recorded it. */
export interface Changes {
  create: number;
  update: number;
  replace: number;
  delete: number;
  same: number;
}

/** One resource that the engine is done with; those that stay as they are and mere groups of others are none. */
export interface Step {
  /** How many it is done with, this one counted. */
  count: number;
  op: "create" | "update" | "delete";
  name: string;
  seconds: number;
}

/** One stack of the project with a state, a passphrase and a configuration file of its own folder. */
export class Stack {
  readonly configFile: string;
  private readonly env: Record<string, string>;
  private engine: EngineStack | undefined;

  constructor(
    readonly name: string,
    readonly dir: string,
  ) {
    mkdirSync(join(dir, "state"), { recursive: true, mode: 0o700 });
    this.configFile = join(dir, `Pulumi.${name}.yaml`);
    const passphrase = join(dir, "passphrase");
    if (!existsSync(passphrase)) {
      writeFileSync(passphrase, randomBytes(24).toString("hex"), { mode: 0o600 });
    }
    this.env = {
      PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
      PULUMI_SKIP_UPDATE_CHECK: "1",
    };
  }

  /** Makes the stack; the file that the engine writes in the project is moved to this stack's folder. */
  async init(): Promise<void> {
    const workspace = await LocalWorkspace.create({ workDir: PROJECT, envVars: this.env });
    this.engine = await EngineStack.create(this.name, workspace);
    const written = join(PROJECT, `Pulumi.${this.name}.yaml`);
    copyFileSync(written, this.configFile);
    rmSync(written);
  }

  /**
   * Sets one value; `path` may lead into an object (`sites.vn38.url`). Not with the Automation API, which
   * hands values over on the command line: secrets may not go that way.
   */
  async set(path: string, value: string, kind: "plaintext" | "secret" = "plaintext"): Promise<void> {
    const args = this.args("config", "set", "--path", path, `--${kind}`);
    await must("pulumi", args, { env: { ...process.env, ...this.env }, input: value });
  }

  /** Sets many plain values at once, each with its path: a call for each would take half a second. */
  async setAll(values: Record<string, string>): Promise<void> {
    const pairs = Object.entries(values).flatMap(([path, value]) => ["--plaintext", `${path}=${value}`]);
    await must("pulumi", this.args("config", "set-all", "--path", ...pairs), {
      env: { ...process.env, ...this.env },
    });
  }

  up(tell?: (step: Step) => void): Promise<Changes> {
    return changes((options) => this.made.up(options), this.options(tell));
  }

  destroy(tell?: (step: Step) => void): Promise<Changes> {
    return changes((options) => this.made.destroy(options), this.options(tell));
  }

  /** The command line of the engine for this stack, to be started and ended as a person would. */
  command(...args: string[]): { args: string[]; env: NodeJS.ProcessEnv } {
    return { args: this.args(...args), env: { ...process.env, ...this.env } };
  }

  preview(): Promise<Finished> {
    return run("pulumi", this.args("preview"), { env: { ...process.env, ...this.env } });
  }

  /** The state as the backend keeps it on disk. */
  stateText(): string {
    return readFileSync(
      join(this.dir, "state", ".pulumi", "stacks", "vn-sync-check", `${this.name}.json`),
      "utf8",
    );
  }

  /** Does something with another text in the configuration file, and puts the file back. */
  async withConfig<T>(text: string, what: () => Promise<T>): Promise<T> {
    const before = readFileSync(this.configFile, "utf8");
    writeFileSync(this.configFile, text);
    try {
      return await what();
    } finally {
      writeFileSync(this.configFile, before);
    }
  }

  private get made(): EngineStack {
    if (!this.engine) throw new Error(`stack ${this.name}: init comes first`);
    return this.engine;
  }

  private args(...args: string[]): string[] {
    const where = ["--stack", this.name, "--config-file", this.configFile];
    return ["-C", PROJECT, "--non-interactive", "--color", "never", ...args, ...where];
  }

  private options(tell?: (step: Step) => void): EngineOptions {
    return { configFile: this.configFile, ...(tell ? { onEvent: steps(tell) } : {}) };
  }
}

interface EngineOptions {
  configFile?: string;
  onEvent?: (event: EngineEvent) => void;
}

/**
 * Runs `up`, `refresh` or `destroy` of the Automation API and gives what it has changed. No secret is decrypted
 * for the summary. @throws Error with the end of what the engine printed
 */
export async function changes(
  work: (
    options: EngineOptions & { color: "never"; showSecrets: false },
  ) => Promise<{ summary: UpdateSummary }>,
  options: EngineOptions = {},
): Promise<Changes> {
  try {
    const { summary } = await work({ ...options, color: "never", showSecrets: false });
    return { create: 0, update: 0, replace: 0, delete: 0, same: 0, ...summary.resourceChanges };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Error(error.message.trim().split("\n").slice(-60).join("\n"));
  }
}

/** True when nothing was created, updated, replaced or deleted. */
export function nothingChanged(changes: Changes): boolean {
  return changes.create + changes.update + changes.replace + changes.delete === 0;
}

/** Turns the engine's events into the steps that it has ended. */
function steps(tell: (step: Step) => void): (event: EngineEvent) => void {
  const begun = new Map<string, number>();
  let count = 0;
  return ({ resourcePreEvent, resOutputsEvent, timestamp }) => {
    const { op, urn, old, new: now } = (resourcePreEvent ?? resOutputsEvent)?.metadata ?? {};
    if (!urn || !(now ?? old)?.custom || (op !== "create" && op !== "update" && op !== "delete")) return;
    if (resourcePreEvent) begun.set(urn, timestamp);
    else {
      const name = urn.slice(urn.lastIndexOf("::") + 2);
      tell({ count: ++count, op, name, seconds: timestamp - (begun.get(urn) ?? timestamp) });
    }
  };
}
