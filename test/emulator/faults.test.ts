import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ask, day, searchAll, searchBody } from "./client";
import { type Account, type Emulator, type FaultKind, startEmulator } from "./index";

let emulator: Emulator;
let base: string;
let main: Account;
let check: Account;
const body = searchBody(1, "01.01.2000", day(new Date()));

beforeAll(async () => {
  emulator = await startEmulator({
    pageSize: 40,
    sites: [
      { name: "isere", observations: 300 },
      { name: "ardeche", observations: 50 },
    ],
  });
  base = emulator.url("isere");
  [main, check] = emulator.world.site("isere").options.accounts as [Account, Account];
});
afterEach(() => emulator.faults.clear());
afterAll(() => emulator.close());

const search = (query: Record<string, string> = {}, signal?: AbortSignal) =>
  ask(base, check, "observations/search/", {
    query: { short_version: "1", ...query },
    body,
    ...(signal ? { signal } : {}),
  });
const inject = (kind: FaultKind, more = {}) =>
  emulator.faults.add({ kind, endpoint: "observations/search", ...more });
const status = async (account: Account, path: string, options = {}) => {
  const res = await ask(base, account, path, options);
  await res.text();
  return res.status;
};

test.each([302, 400, 401, 403, 404, 414, 500, 502, 503, 504])("status %i", async (code) => {
  inject("status", { status: code });
  expect((await search()).status).toBe(code);
  expect((await search()).status).toBe(200);
});

test("html: 200, and nothing in it that the client would take for JSON", async () => {
  inject("html");
  const res = await search();
  const text = await res.text();
  expect(res.status).toBe(200);
  expect(text).toContain("<html>");
  expect(text).not.toMatch(/[{[].*[}\]]/);
});

test("truncated, empty, nodata, nothing: 200 with less than there is", async () => {
  const right = await (await search()).text();
  const wrong: string[] = [];
  for (const kind of ["truncated", "empty", "nodata", "nothing"] as const) {
    inject(kind);
    const res = await search();
    expect(res.status).toBe(200);
    wrong.push(await res.text());
    emulator.faults.clear();
  }
  expect(() => JSON.parse(wrong[0] as string)).toThrow();
  expect(right.startsWith(wrong[0] as string)).toBe(true);
  expect(wrong.slice(1)).toEqual(["", '{"data":[]}', '{"data":{"sightings":[],"forms":[]}}']);
});

test("nothing, where the right answer is another list", async () => {
  emulator.faults.add({ kind: "nothing", times: "always" });
  expect(await (await ask(base, check, "taxo_groups")).json()).toEqual({ data: [] });
  const query = { id_taxo_group: "1", date: "2026-01-01 00:00:00.000000" };
  expect(await (await ask(base, check, "observations/diff/", { query })).json()).toEqual([]);
});

test("hang: no answer while the caller waits; others are served, and the emulator still closes", async () => {
  inject("hang");
  await expect(search({}, AbortSignal.timeout(300))).rejects.toThrow();
  expect((await search()).status).toBe(200);
  expect(emulator.requests.list().at(-2)).toMatchObject({ fault: "hang", status: 0 });
});

test("drop: the connection closes before an answer", async () => {
  inject("drop");
  await expect(search()).rejects.toThrow();
});

test.each(["drop-chunked", "drop-length"] as const)(
  "%s: the body breaks off, and the caller sees it",
  async (kind) => {
    inject(kind);
    const res = await search();
    expect(res.status).toBe(200);
    expect(res.headers.has("content-length")).toBe(kind === "drop-length");
    await expect(res.text()).rejects.toThrow();
  },
);

test("drop-close: the body breaks off, and only its end lacks", async () => {
  inject("drop-close");
  const res = await search();
  const text = await res.text();
  expect(res.headers.has("content-length") || res.headers.has("transfer-encoding")).toBe(false);
  expect(() => JSON.parse(text)).toThrow();
});

test("delay: the right answer, late", async () => {
  inject("delay", { delayMs: 250 });
  const start = Date.now();
  expect((await search()).status).toBe(200);
  expect(Date.now() - start).toBeGreaterThanOrEqual(240);
});

test("lost-key and lost-chunking: the client stops after a page, without a word", async () => {
  const all = (await searchAll(base, check, body)).pages.length;
  expect(all).toBeGreaterThan(2);
  inject("lost-key", { page: 2 });
  expect((await searchAll(base, check, body)).pages).toHaveLength(2);
  inject("lost-chunking", { page: 1 });
  const res = await search();
  expect(res.headers.get("pagination_key")).toBeTruthy();
  expect(res.headers.get("transfer-encoding")).toBeNull();
  expect(Number(res.headers.get("content-length"))).toBe(Buffer.byteLength(await res.text()));
});

test("a fault hits the account, site, endpoint and method it names, and no other", async () => {
  emulator.faults.add({
    kind: "status",
    status: 500,
    userEmail: check.userEmail,
    endpoint: "taxo_groups",
    times: "always",
  });
  emulator.faults.add({
    kind: "status",
    status: 501,
    clientKey: main.clientKey,
    endpoint: "places/*",
    times: "always",
  });
  emulator.faults.add({ kind: "status", status: 502, site: "ardeche", times: "always" });
  emulator.faults.add({ kind: "status", status: 503, method: "post", times: "always" });
  expect(await status(check, "taxo_groups")).toBe(500);
  expect(await status(main, "taxo_groups")).toBe(200);
  expect(await status(check, "species")).toBe(200);
  expect(await status(main, "places/200001")).toBe(501);
  expect(await status(main, "places")).toBe(200);
  expect(await status(check, "places/200001")).toBe(200);
  expect(await status(check, "observations/search/", { body })).toBe(503);
  const [ardeche] = emulator.world.site("ardeche").options.accounts;
  expect((await ask(emulator.url("ardeche"), ardeche as Account, "taxo_groups")).status).toBe(502);
});

test("a fault hits the group and unit it names", async () => {
  inject("status", { status: 500, taxoGroup: 2, unit: "38", times: "always" });
  const one = (group: number, unit: string) =>
    status(check, "observations/search/", { body: searchBody(group, "01.11.2026", "02.11.2026", [unit]) });
  expect([await one(1, "138"), await one(2, "107"), await one(2, "138")]).toEqual([200, 200, 500]);
});

test("call and times: the n-th matching call, so many in a row; counted", async () => {
  const fault = inject("status", { status: 503, call: 3, times: 2 });
  const seen: number[] = [];
  for (let i = 0; i < 6; i++) seen.push(await status(check, "observations/search/", { body }));
  expect(seen).toEqual([200, 200, 503, 503, 200, 200]);
  expect(emulator.faults.list()).toMatchObject([{ id: fault.id, seen: 6, hits: 2 }]);
});

test("faults that cannot be are refused with what can", () => {
  expect(() => emulator.faults.add({ kind: "explode" as FaultKind })).toThrow(/one of status, html/);
  expect(() => emulator.faults.add({ kind: "status" })).toThrow(/from 300 to 599/);
  expect(() => emulator.faults.add({ kind: "delay" })).toThrow(/delayMs/);
  expect(() => emulator.faults.add({ kind: "hang", user: "x" } as never)).toThrow(
    /"user" is not a known field/,
  );
});
