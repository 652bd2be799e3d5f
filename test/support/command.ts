import { spawn } from "node:child_process";

/** What a finished command left: its exit code and everything it printed. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Written to the command's standard input; secrets go this way, never as arguments. */
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Called with each line that the command prints, while it runs. */
  onLine?: (line: string) => void;
}

/** Runs a command to its end, whatever its exit code. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env ?? process.env, cwd: options.cwd });
    const collect = (stream: NodeJS.ReadableStream): (() => string) => {
      let text = "";
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        text += chunk;
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) options.onLine?.(line);
      });
      return () => text;
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout: stdout(), stderr: stderr() }));
    child.stdin.on("error", () => {}); // a command that ends without reading its input is judged by its exit code
    child.stdin.end(options.input ?? "");
  });
}

/** Runs a command that must succeed. @throws Error with the command and what it printed */
export async function must(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const done = await run(command, args, options);
  if (done.code !== 0) {
    const printed = `${done.stdout}\n${done.stderr}`.trim().split("\n").slice(-40).join("\n");
    throw new Error(`${command} ${args.join(" ")}: exit code ${done.code}\n${printed}`);
  }
  return done.stdout;
}

/** Asks again and again until the answer is not undefined. @throws Error when `seconds` have passed */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  everySeconds = 1,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, everySeconds * 1000));
  }
}
