import { spawn } from "node:child_process";
import { text, texts } from "../support/values";
import { Output, type Runner } from "./run";

/** Runs a script on the machine of the engine, in the program's folder. */
export const runLocal: Runner = (script, inputs, environment, log) => {
  for (const input of ["assetPaths", "archivePaths"]) {
    if (inputs[input] !== undefined) throw new Error(`the stand-in of command does not know ${input}`);
  }
  const interpreter = texts(inputs.interpreter);
  const [program = "/bin/sh", ...args] = interpreter.length > 0 ? interpreter : ["/bin/sh", "-c"];
  const output = new Output(inputs.logging, log);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, script], {
      cwd: text(inputs.dir) ?? process.cwd(),
      env: { ...process.env, ...environment.asked, ...environment.offered },
    });
    child.stdout.on("data", (chunk: Buffer) => output.add("stdout", chunk));
    child.stderr.on("data", (chunk: Buffer) => output.add("stderr", chunk));
    child.on("error", (error) => reject(output.failure(error.message, script)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output.printed());
      else reject(output.failure(signal ? `signal: ${signal}` : `exit status ${code}`, script));
    });
    child.stdin.on("error", () => {}); // a script need not read what it is given
    child.stdin.end(text(inputs.stdin) ?? "");
  });
};
