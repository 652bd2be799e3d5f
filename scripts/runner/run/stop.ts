import { RunError } from "../facts";

/** Aborted with a RunError when this process is told to stop. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => stop.abort(new RunError({ key: "stopped", signal })));
  return stop.signal;
}
