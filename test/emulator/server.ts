import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { control } from "./control";
import { ApiError, answer } from "./endpoints";
import { type Call, FaultBook } from "./faults";
import { Gate, parseAuthorization } from "./oauth";
import type { ResolvedOptions } from "./options";
import { type Page, Pager } from "./paging";
import { type Reply, send } from "./reply";
import { type RecordedRequest, RequestLog } from "./requests";
import { World } from "./world";

/** A VisioNature portal's HTTP API for several sites on one port: `/<site>/api/…`, and `/_control/…`. */
export class Emulator {
  readonly world: World;
  readonly faults = new FaultBook();
  readonly requests = new RequestLog();
  private readonly gate = new Gate();
  private readonly pager: Pager;
  private readonly server: Server;

  constructor(private readonly options: ResolvedOptions) {
    this.world = new World(options);
    this.pager = new Pager(options.pageSize);
    this.server = createServer((req, res) => {
      this.handle(req, res).catch((error: unknown) => {
        // A client that is killed in mid-request is no error of the emulator's.
        if (req.socket.destroyed) return;
        console.error("emulator:", error);
        if (res.headersSent) res.destroy();
        else res.writeHead(500).end(String(error));
      });
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** What goes into `site:` of evn.yaml; ends with a slash, as the client needs it. */
  url(site: string): string {
    this.world.site(site);
    const host = this.options.host === "0.0.0.0" ? "127.0.0.1" : this.options.host;
    return `http://${host}:${this.port}/${site}/`;
  }

  async listen(): Promise<this> {
    await new Promise<void>((done, failed) => {
      this.server.once("error", failed);
      this.server.listen(this.options.port, this.options.host, () => done());
    });
    return this;
  }

  /** Ends it, with the connections left hanging by a fault. */
  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.server.close(() => done()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", `http://${req.headers.host ?? "localhost"}`);
    const body = await bodyOf(req);
    if (url.pathname.startsWith("/_control")) return control(this, req, res, url, body);
    const [, siteName = "", endpoint = ""] = /^\/([^/]+)\/api\/(.*?)\/*$/.exec(url.pathname) ?? [];
    const call = callOf(req, url, siteName, endpoint, body);
    const units = this.world.sites.get(siteName)?.shortNames(askedUnits(body));
    if (units) call.units = units;
    const fault = this.faults.take(call);
    const { reply, page, refused } = this.answer(req, url, call, body);
    const entry = this.requests.add({ ...recorded(call, url, body), status: 0, rows: page?.rows ?? 0 });
    if (fault) entry.fault = fault.kind;
    if (refused) entry.refused = refused;
    entry.status = await send(res, reply, fault);
  }

  /** The right answer, a refusal being one. */
  private answer(req: IncomingMessage, url: URL, call: Call, body: string): Answered {
    const site = this.world.sites.get(call.site);
    if (!site || !call.endpoint) return refuse(404, "no such site or resource");
    const verdict = this.gate.check(
      site.options.accounts,
      call.method,
      url.href,
      req.headers.authorization,
      Date.now(),
    );
    if ("refused" in verdict) return refuse(401, verdict.refused);
    try {
      const key = url.searchParams.get("pagination_key");
      const { account } = verdict;
      const request = { ...call, site, account, query: url.searchParams, body, now: Date.now() };
      const page = key === null ? this.pager.first(answer(request)) : this.pager.next(key);
      if (!page) return refuse(400, "unknown pagination_key");
      const reply = {
        status: 200,
        body: JSON.stringify(page.value),
        next: page.next,
        nothing: emptied(page.value),
      };
      return { reply, page };
    } catch (error) {
      if (error instanceof ApiError) return refuse(error.status, error.message);
      throw error;
    }
  }
}

interface Answered {
  reply: Reply;
  page?: Page;
  refused?: string;
}

function refuse(status: number, refused: string): Answered {
  return { reply: { status, body: JSON.stringify({ error: refused }), next: null, nothing: "{}" }, refused };
}

/** An answer of the same form without content. */
function emptied(value: unknown): string {
  if (Array.isArray(value)) return "[]";
  const sightings = "sightings" in ((value as { data: object }).data ?? {});
  return sightings ? '{"data":{"sightings":[],"forms":[]}}' : '{"data":[]}';
}

function callOf(req: IncomingMessage, url: URL, site: string, endpoint: string, body: string): Call {
  const parsed = parsedBody(body) as { taxonomic_group?: unknown } | undefined;
  const group = url.searchParams.get("id_taxo_group") ?? parsed?.taxonomic_group;
  return {
    site,
    endpoint,
    method: req.method ?? "GET",
    userEmail: url.searchParams.get("user_email") ?? "",
    clientKey: parseAuthorization(req.headers.authorization)?.["oauth_consumer_key"] ?? "",
    ...(group === undefined || group === null ? {} : { taxoGroup: Number(group) }),
    page: Pager.numberOf(url.searchParams.get("pagination_key")),
  };
}

function recorded(call: Call, url: URL, body: string): Omit<RecordedRequest, "n" | "at" | "status" | "rows"> {
  const { taxoGroup: _group, units: _units, ...rest } = call;
  const query = Object.fromEntries(url.searchParams);
  delete query["user_pw"];
  const parsed = parsedBody(body);
  return { ...rest, query, ...(parsed === undefined ? {} : { body: parsed }) };
}

function askedUnits(body: string): unknown {
  return (parsedBody(body) as { territorial_unit_ids?: unknown } | undefined)?.territorial_unit_ids;
}

function parsedBody(body: string): unknown {
  try {
    return body ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
