import { spawn } from "node:child_process";
import { MailFault } from "./mailFault";
import type { Message } from "./message";

/** Seconds: a program that queues takes moments; one that delivers itself waits for its server. */
const LONGEST = 30;

/**
 * Hands a mail to a program as sendmail takes it: all of it on standard input, the recipients from its own header.
 * @throws MailFault
 */
export async function bySendmail(program: string, { raw }: Message, stop: AbortSignal): Promise<void> {
  // A group of its own, to be ended as a whole.
  const child = spawn(program, ["-i", "-t"], { stdio: ["pipe", "ignore", "pipe"], cwd: "/", detached: true });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said = `${said}${text}`.slice(-2000);
  });
  // One that does not read to the end says why by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(raw.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  const words = () => said.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
  let late: NodeJS.Timeout | undefined;
  let ended = () => {};
  try {
    await new Promise<void>((done, fail) => {
      ended = () => fail(new MailFault("slow", words()));
      late = setTimeout(ended, LONGEST * 1000);
      if (stop.aborted) return ended();
      stop.addEventListener("abort", ended);
      child.once("error", (error) => fail(new MailFault("program", error.message)));
      // Not "close": what it leaves in the background may keep its streams.
      child.once("exit", (code, signal) => {
        if (code === 0) done();
        else setTimeout(() => fail(new MailFault("program", words() || `exit ${code ?? signal}`)), 50);
      });
    });
  } catch (error) {
    kill(child.pid);
    throw error;
  } finally {
    clearTimeout(late);
    stop.removeEventListener("abort", ended);
    child.stderr.destroy();
    child.unref();
  }
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {} // it has ended by itself
}
