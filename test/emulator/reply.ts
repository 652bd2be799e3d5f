import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Fault } from "./faults";

/** The right answer to a request. */
export interface Reply {
  status: number;
  body: string;
  /** Header pagination_key. */
  next: string | null;
  /** The same answer with nothing in it. */
  nothing: string;
}

const HTML =
  "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>Maintenance en cours</h1></body></html>\n";
const JSON_TYPE = "application/json; charset=utf-8";

/**
 * Sends the reply, or what the fault makes of it. Returns the status that the caller sees, 0 for none.
 * Right answers go out in chunks, as the portals send them: the client looks for the next page only then.
 */
export async function send(res: ServerResponse, reply: Reply, fault: Fault | null): Promise<number> {
  if (fault?.delayMs) await wait(fault.delayMs, undefined, { ref: false });
  if (res.destroyed) return 0;
  const body = Buffer.from(reply.body);
  const whole = (
    status: number,
    type: string,
    text: string | Buffer,
    headers: Record<string, string> = {},
  ) => {
    res.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text), ...headers });
    res.end(text);
    return status;
  };
  const key: Record<string, string> = reply.next ? { pagination_key: reply.next } : {};
  switch (fault?.kind) {
    case "status":
      return whole(
        fault.status ?? 500,
        "text/html; charset=utf-8",
        `<html><body>Error ${fault.status}</body></html>`,
        fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter },
      );
    case "html":
      return whole(200, "text/html; charset=utf-8", HTML);
    case "truncated":
      return whole(200, JSON_TYPE, body.subarray(0, Math.floor(body.length / 2)));
    case "empty":
      return whole(200, JSON_TYPE, "");
    case "nodata":
      return whole(200, JSON_TYPE, '{"data":[]}');
    case "null":
      return whole(200, JSON_TYPE, "null");
    case "object":
      return whole(200, JSON_TYPE, "{}");
    case "nothing":
      return whole(200, JSON_TYPE, reply.nothing);
    case "hang":
      return 0;
    case "drop":
      res.socket?.destroy();
      return 0;
    case "drop-length":
    case "drop-chunked":
    case "drop-close":
      return cutOff(res, body, fault.kind);
    case "lost-chunking":
      return whole(reply.status, JSON_TYPE, body, key);
    default:
      res.writeHead(reply.status, { "content-type": JSON_TYPE, ...(fault?.kind === "lost-key" ? {} : key) });
      // Written in two steps: with a body given to end() alone Node would send a Content-Length.
      res.write(body);
      res.end();
      return reply.status;
  }
}

/** Half of the body, then the connection is gone. */
function cutOff(
  res: ServerResponse,
  body: Buffer,
  kind: "drop-length" | "drop-chunked" | "drop-close",
): number {
  const headers: Record<string, string> = { "content-type": JSON_TYPE };
  if (kind === "drop-length") headers["content-length"] = String(body.length);
  if (kind === "drop-close") {
    // Neither length nor chunks: the end of the connection is the end of the body, so the caller sees no error.
    res.useChunkedEncodingByDefault = false;
    res.shouldKeepAlive = false;
    headers["connection"] = "close";
  }
  res.writeHead(200, headers);
  const socket = res.socket;
  res.write(body.subarray(0, Math.max(1, Math.floor(body.length / 2))), () => socket?.end());
  return 200;
}
