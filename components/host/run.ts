import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { StackConfig } from "../../config/schema";
import { openSsh } from "./ssh";

/** What a command left behind. */
export interface Said {
  /** Undefined where it was ended, by a signal or because it took too long. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  /** Seconds after which it was given up. */
  late?: number;
  /** The shell has ended, and something that it had started keeps the connection open. */
  held?: true;
}

/** Seconds for what a shell leaves behind to let go of the streams. */
const LET_GO = 10;
/** Of each stream no more than this is kept, so that a host that never stops talking fills no memory. */
const MOST = 1_000_000;

/**
 * Runs a command line once by the login's shell, over SSH or on this machine.
 * @param seconds after which it is given up
 * @throws NoConnection
 */
export async function runOnce(
  host: StackConfig["host"],
  command: string,
  stdin: string,
  seconds: number,
): Promise<Said> {
  if (host.type === "local") {
    const child = spawn("/bin/sh", ["-c", command]);
    return await heard(child.stdout, child.stderr, child.stdin, stdin, seconds, (end) => {
      child.on("close", (code) => end(code ?? undefined));
      child.on("exit", (code) => setTimeout(() => end(code ?? undefined, true), LET_GO * 1000).unref());
      return () => child.kill("SIGKILL");
    });
  }
  const { client, close } = await openSsh(host);
  try {
    return await new Promise<Said>((resolve, reject) => {
      client.on("error", ({ message }) => resolve({ code: undefined, stdout: "", stderr: message }));
      client.exec(command, (error, channel) => {
        if (error) return resolve({ code: undefined, stdout: "", stderr: error.message });
        channel.on("error", () => {}); // its exit code tells
        heard(channel, channel.stderr, channel, stdin, seconds, (end) => {
          channel.on("close", (code: number | null | undefined) => end(code ?? undefined));
          channel.on("exit", (code: number | null) =>
            setTimeout(() => end(code ?? undefined, true), LET_GO * 1000).unref(),
          );
          return () => {
            channel.close();
            end(undefined);
          };
        }).then(resolve, reject);
      });
    });
  } finally {
    close();
  }
}

/** Collects what is printed until `closing` tells the end. */
function heard(
  out: Readable,
  err: Readable,
  input: Writable,
  stdin: string,
  seconds: number,
  closing: (end: (code: number | undefined, held?: true) => void) => () => void,
): Promise<Said> {
  return new Promise((resolve) => {
    const kept = { stdout: "", stderr: "" };
    const keep = (stream: Readable, name: keyof typeof kept) => {
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        kept[name] = (kept[name] + chunk).slice(-MOST);
      });
    };
    keep(out, "stdout");
    keep(err, "stderr");
    let late = false;
    const giveUp = closing((code, held) => {
      clearTimeout(timer);
      resolve({ code, ...kept, ...(late && { late: seconds }), ...(held && { held }) });
    });
    const timer = setTimeout(() => {
      late = true;
      giveUp();
    }, seconds * 1000);
    input.on("error", () => {}); // a program need not read what it is given
    input.end(stdin);
  });
}
