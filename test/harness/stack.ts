import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Finished, type RunOptions, run } from "../support/command";

const PROJECT = resolve(__dirname, "../..");

/** What one `pulumi up` or `destroy` did, counted from its event log. */
export interface Changes {
  create: number;
  update: number;
  replace: number;
  delete: number;
  same: number;
}

/** One stack of the project with a state, a passphrase and a configuration file of its own folder. */
export class Stack {
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;

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
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
      PULUMI_SKIP_UPDATE_CHECK: "1",
    };
  }

  /** Runs pulumi in the project; the configuration file is this stack's. */
  pulumi(args: string[], options: RunOptions = {}): Promise<Finished> {
    return run("pulumi", ["-C", PROJECT, "--non-interactive", "--color", "never", ...args], {
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  private async mustPulumi(args: string[], options: RunOptions = {}): Promise<string> {
    const done = await this.pulumi(args, options);
    if (done.code !== 0) {
      const printed = `${done.stdout}\n${done.stderr}`.trim().split("\n").slice(-60).join("\n");
      throw new Error(`pulumi ${args.slice(0, 2).join(" ")}: exit code ${done.code}\n${printed}`);
    }
    return done.stdout;
  }

  /** Makes the stack; the file that the engine writes in the project is moved to this stack's folder. */
  async init(): Promise<void> {
    const done = await this.pulumi(["stack", "init", this.name]);
    if (done.code !== 0) throw new Error(`pulumi stack init: ${done.stderr}`);
    const written = join(PROJECT, `Pulumi.${this.name}.yaml`);
    copyFileSync(written, this.configFile);
    rmSync(written);
  }

  private at(...args: string[]): string[] {
    return [...args, "--stack", this.name, "--config-file", this.configFile];
  }

  /** Sets one value; `path` may lead into an object (`sites.vn38.url`). */
  async set(path: string, value: string, kind: "plaintext" | "secret" = "plaintext"): Promise<void> {
    await this.mustPulumi(this.at("config", "set", "--path", path, `--${kind}`), { input: value });
  }

  up(options: RunOptions = {}, args: string[] = []): Promise<Changes> {
    return this.change("up", ["--skip-preview", ...args], options);
  }

  destroy(options: RunOptions = {}): Promise<Changes> {
    return this.change("destroy", ["--skip-preview"], options);
  }

  preview(args: string[] = []): Promise<Finished> {
    return this.pulumi(this.at("preview", ...args));
  }

  /** One output of the stack, secret ones too. */
  async output(name: string): Promise<unknown> {
    const all = JSON.parse(
      await this.mustPulumi(["stack", "output", "--json", "--show-secrets", "--stack", this.name]),
    );
    return all[name];
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

  private async change(verb: "up" | "destroy", args: string[], options: RunOptions): Promise<Changes> {
    return summary(await this.mustPulumi(this.at(verb, "--yes", ...args), options));
  }
}

/** Reads the block "Resources:" that the engine prints at the end (`+ 3 created`, `9 unchanged`, …). */
export function summary(printed: string): Changes {
  const changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  const words = {
    created: "create",
    updated: "update",
    replaced: "replace",
    deleted: "delete",
    unchanged: "same",
  } as const;
  const block = printed.slice(printed.lastIndexOf("Resources:"));
  for (const [, count, word] of block.matchAll(/(\d+) (created|updated|replaced|deleted|unchanged)/g)) {
    changes[words[word as keyof typeof words]] = Number(count);
  }
  return changes;
}

/** True when nothing was created, updated, replaced or deleted. */
export function nothingChanged(changes: Changes): boolean {
  return changes.create + changes.update + changes.replace + changes.delete === 0;
}
