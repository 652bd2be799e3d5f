import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FaultBook, FaultOptions } from "./faults";
import type { RequestFilter, RequestLog } from "./requests";
import { type SimulateRequest, simulate, simulatePlaces } from "./simulate";
import type { TruthFilter, World } from "./world";

/** What of an emulator can be steered. */
interface Steered {
  readonly port: number;
  readonly faults: FaultBook;
  readonly requests: RequestLog;
  readonly world: World;
  url(site: string): string;
}

/** `/_control/…`: what tests and the demo say to an emulator that runs as a process of its own. JSON in and out. */
export async function control(
  emulator: Steered,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  body: string,
): Promise<void> {
  const path = url.pathname.replace(/^\/_control\/?|\/$/g, "");
  const command = `${req.method} ${path.replace(/\/\d+$/, "/ID")}`;
  const id = Number(/\/(\d+)$/.exec(path)?.[1]);
  const query = Object.fromEntries(url.searchParams);
  const json = () => JSON.parse(body || "null");
  const ok = (value: unknown) => reply(res, 200, value);
  try {
    switch (command) {
      case "GET ":
        return ok({ port: emulator.port, sites: siteList(emulator) });
      case "GET faults":
        return ok(emulator.faults.list());
      case "POST faults":
        return ok([json()].flat().map((fault: FaultOptions) => emulator.faults.add(fault)));
      case "DELETE faults":
        emulator.faults.clear();
        return ok([]);
      case "DELETE faults/ID":
        emulator.faults.clear(id);
        return ok(emulator.faults.list());
      case "POST simulate":
        return ok([json()].flat().flatMap((request: SimulateRequest) => simulate(emulator.world, request)));
      case "POST simulate-places":
        return ok(simulatePlaces(emulator.world, json()));
      case "POST access": {
        const { site, taxoGroup, mode } = json();
        emulator.world.site(site).setAccess(taxoGroup, mode);
        return ok({ site, taxoGroup, mode });
      }
      case "GET truth":
        if (query["site"]) emulator.world.site(query["site"]);
        return await dump(res, emulator, truthFilter(query), query["items"] === "1");
      case "GET requests":
        return ok(emulator.requests.list(requestFilter(query)));
      case "DELETE requests":
        emulator.requests.clear();
        return ok([]);
      default:
        return reply(res, 404, { error: `${command}: no such control; see the list in main.ts --help` });
    }
  } catch (error) {
    if (res.headersSent) return void res.destroy();
    reply(res, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function siteList(emulator: Steered) {
  return [...emulator.world.sites.values()].map((site) => ({
    name: site.name,
    url: emulator.url(site.name),
    accounts: site.options.accounts.map((a) => ({ userEmail: a.userEmail, clientKey: a.clientKey })),
    observations: [...site.observations.values()].filter((o) => !o.deleted).length,
    taxoGroups: site.catalogue.groups,
    units: site.catalogue.units,
  }));
}

function reply(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  res.end(`${JSON.stringify(value)}\n`);
}

/** A JSON array, one row a line: half a million rows are never one string. */
async function dump(
  res: ServerResponse,
  emulator: Steered,
  want: TruthFilter,
  items: boolean,
): Promise<void> {
  res.writeHead(200, { "content-type": "application/json; charset=utf-8" });
  await pipeline(Readable.from(truthText(emulator, want, items)), res);
}

function* truthText(emulator: Steered, want: TruthFilter, items: boolean): Generator<string> {
  let part = "[";
  let between = "\n";
  for (const row of emulator.world.truth(want)) {
    const site = emulator.world.site(row.site);
    const observation = items ? site.observations.get(row.id) : undefined;
    part += between + JSON.stringify(observation ? { ...row, item: site.item(observation) } : row);
    between = ",\n";
    if (part.length < 1 << 18) continue;
    yield part;
    part = "";
  }
  yield `${part}\n]\n`;
}

function truthFilter(query: Record<string, string>): TruthFilter {
  return {
    ...(query["site"] ? { site: query["site"] } : {}),
    ...(query["taxoGroup"] ? { taxoGroup: Number(query["taxoGroup"]) } : {}),
    ...(query["unit"] ? { unit: query["unit"] } : {}),
    ...(query["userEmail"] ? { userEmail: query["userEmail"] } : {}),
    deleted: query["deleted"] === "1",
    unreadable: query["unreadable"] === "1",
  };
}

function requestFilter(query: Record<string, string>): RequestFilter {
  return {
    ...(query["site"] ? { site: query["site"] } : {}),
    ...(query["userEmail"] ? { userEmail: query["userEmail"] } : {}),
    ...(query["endpoint"] ? { endpoint: query["endpoint"] } : {}),
    ...(query["after"] ? { after: Number(query["after"]) } : {}),
  };
}
