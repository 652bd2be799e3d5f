import { connect as dial } from "node:net";
import type { Client } from "pg";

/** Seconds in which the server is to give up a statement that it was told to cancel. */
const TO_CANCEL = 3;
/** Seconds that a farewell may take: a server that hangs answers none. */
const TO_END = 2;

/** What ends a use of the database early. */
export interface Bounds {
  /** Seconds that it may take. */
  seconds: number;
  /** Aborted with an error when the run is told to stop. */
  stop?: AbortSignal | undefined;
}

/**
 * Awaits what is asked of a connection, for so long and no longer; what it is at is then cancelled on the server too.
 * Throws the reason of `stop`, or an error that says how long was waited.
 */
export async function bounded<T>(
  client: Client | undefined,
  work: Promise<T>,
  { seconds, stop }: Bounds,
): Promise<T> {
  let cutOff = false;
  let cut = (_error: unknown): void => undefined;
  const early = new Promise<never>((_, fail) => {
    cut = (error) => {
      cutOff = true;
      fail(error);
    };
  });
  const onStop = () => cut(stop?.reason);
  // node-postgres' own words, by which a connection that is gone is known.
  const timer = setTimeout(
    () => cut(new Error(`no answer within ${seconds} s: timeout expired`)),
    seconds * 1000,
  );
  stop?.addEventListener("abort", onStop);
  if (stop?.aborted) onStop();
  try {
    return await Promise.race([work, early]);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", onStop);
    if (cutOff) {
      work.catch(() => undefined);
      if (client) await cancelled(client, work);
    }
  }
}

/** Ends a connection, also one whose server does not answer any more. */
export async function ended(client: Client): Promise<void> {
  const parting = client.end().catch(() => undefined);
  if ((await Promise.race([parting, after(TO_END)])) === LATE) streamOf(client).destroy();
}

/** Has the server cancel what it is at, as libpq's PQcancel; it may come between two statements, so more than once. */
async function cancelled(client: Client, work: Promise<unknown>): Promise<void> {
  const over = work.then(
    () => undefined,
    () => undefined,
  );
  for (let i = 0; i < TO_CANCEL; i++) {
    sendCancel(client);
    if ((await Promise.race([over, after(1)])) !== LATE) return;
  }
}

function sendCancel(client: Client): void {
  const { processID, secretKey, host, port } = client as unknown as Record<
    "processID" | "secretKey" | "port",
    number
  > & { host: string };
  const { remoteAddress, remotePort } = streamOf(client);
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80_877_102, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey, 12);
  // The very server that the connection is to: a name may have several.
  const socket = remoteAddress ? dial(remotePort ?? port, remoteAddress) : dial(`${host}/.s.PGSQL.${port}`);
  socket.on("error", () => undefined).setTimeout(1000 * TO_CANCEL, () => socket.destroy());
  socket.end(packet);
}

interface Stream {
  remoteAddress?: string;
  remotePort?: number;
  destroy(): void;
}

function streamOf(client: Client): Stream {
  return (client as unknown as { connection: { stream: Stream } }).connection.stream;
}

const LATE = Symbol("late");

function after(seconds: number): Promise<typeof LATE> {
  return new Promise((done) => setTimeout(() => done(LATE), seconds * 1000));
}
