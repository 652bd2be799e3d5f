import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, day, type Sighting, searchAll, searchBody } from "./client";
import { type Account, type Emulator, simulate, simulatePlaces, startEmulator } from "./index";

const now = new Date();
let emulator: Emulator;
let base: string;
let account: Account;

beforeAll(async () => {
  emulator = await startEmulator({
    now,
    pageSize: 50,
    sites: [{ name: "isere", observations: 1500, forms: 60 }],
  });
  base = emulator.url("isere");
  account = emulator.world.site("isere").options.accounts[1] as Account;
});
afterAll(() => emulator.close());

const get = async (path: string, query: Record<string, string> = {}) =>
  (await ask(base, account, path, { query })).json() as Promise<{ data: Record<string, string>[] }>;
const ids = (found: Sighting[]) => found.map((s) => Number(s.observers[0].id_sighting)).sort((a, b) => a - b);
const truth = (fits: (row: { entry_date: string; sighting_date: string; taxo_group: number }) => boolean) =>
  [...emulator.world.truth()]
    .filter(fits)
    .map((row) => row.id)
    .sort((a, b) => a - b);
const iso = (shift: number) => day(now, shift).split(".").reverse().join("-");

test.each([
  ["taxo_groups", ["id", "name", "name_constant", "access_mode"]],
  ["territorial_units", ["id", "id_country", "short_name", "name"]],
  ["entities", ["id", "short_name"]],
  ["families", ["id", "id_taxo_group"]],
  ["observers", ["id", "id_universal", "name"]],
  ["validations", ["id", "id_species"]],
  ["fields", ["id", "name"]],
  ["fields/3", ["id", "value"]],
  ["species", ["id", "latin_name", "is_used"]],
  ["local_admin_units", ["id", "id_canton", "coord_lon", "coord_lat"]],
  ["places", ["id", "id_commune", "coord_lon", "coord_lat"]],
  ["places/200001", ["id", "coord_lon", "coord_lat"]],
  ["territorial_units/38", ["id", "short_name"]],
])("GET %s answers a list under data, all values text", async (path, keys) => {
  const { data } = await get(path);
  expect(data.length).toBeGreaterThan(0);
  for (const key of keys) expect(data[0]?.[key]).toBeTypeOf("string");
});

test("lists are narrowed by group, canton and commune", async () => {
  expect((await get("species", { id_taxo_group: "2" })).data.every((s) => s["id_taxo_group"] === "2")).toBe(
    true,
  );
  expect(
    (await get("local_admin_units", { id_canton: "07" })).data.every((c) => c["id_canton"] === "7"),
  ).toBe(true);
  const all = await get("places", { id_commune: "14001", get_hidden: "1" });
  expect(all.data).toHaveLength(4);
});

test("an unknown path is 404, a wrong method 405, a malformed search 400", async () => {
  expect((await ask(base, account, "no_such_thing")).status).toBe(404);
  expect((await ask(base, account, "observations/search/")).status).toBe(405);
  expect((await ask(base, account, "observations/search/", { body: { period_choice: "all" } })).status).toBe(
    400,
  );
});

test("a search by entry gives the days of the window, both included, and nothing else", async () => {
  const [from, to] = [iso(-6), iso(-3)];
  const { found } = await searchAll(base, account, searchBody(1, day(now, -6), day(now, -3)));
  const expected = truth((r) => r.taxo_group === 1 && r.entry_date >= from && r.entry_date <= to);
  expect(ids(found)).toEqual(expected);
  expect(expected.length).toBeGreaterThan(5);
});

test("a search by sighting goes by the day of the sighting", async () => {
  const body = { ...searchBody(1, day(now, -9), day(now)), entry_date: "0" };
  const { found } = await searchAll(base, account, body);
  expect(ids(found)).toEqual(
    truth((r) => r.taxo_group === 1 && r.sighting_date >= iso(-9) && r.sighting_date <= iso(0)),
  );
});

test("units divide what there is; an unknown one has nothing", async () => {
  const count = async (units: string[]) =>
    (await searchAll(base, account, searchBody(1, "01.01.2000", day(now), units))).found;
  const [ardeche, isere, both, none] = [
    await count(["107"]),
    await count(["138"]),
    await count(["107", "138"]),
    await count(["199"]),
  ];
  expect(ardeche.every((s) => s.place.county === "07")).toBe(true);
  expect(ardeche.length + isere.length).toBe(both.length);
  expect(none).toEqual([]);
});

test("pages are as long as asked for, forms whole, and the last has no key", async () => {
  const { found, pages } = await searchAll(base, account, searchBody(1, "01.01.2000", day(now)));
  expect(new Set(ids(found)).size).toBe(found.length);
  expect(pages.length).toBeGreaterThan(5);
  for (const size of pages.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(50);
  expect(Math.max(...pages)).toBeLessThan(50 + 8);
});

test("a page can be asked for again: a client repeats what failed", async () => {
  const body = searchBody(1, "01.01.2000", day(now));
  const first = await ask(base, account, "observations/search/", { body });
  const query = { pagination_key: first.headers.get("pagination_key") as string };
  const once = await (await ask(base, account, "observations/search/", { body, query })).text();
  expect(await (await ask(base, account, "observations/search/", { body, query })).text()).toBe(once);
  const wrong = await ask(base, account, "observations/search/", {
    body,
    query: { pagination_key: "none.1" },
  });
  expect(wrong.status).toBe(400);
});

test("a sighting has what the client reads, on one line, about 1.4 kB", async () => {
  const res = await ask(base, account, "observations/search/", {
    query: { short_version: "1" },
    body: searchBody(1, "01.01.2000", day(now)),
  });
  const text = await res.text();
  expect(text).not.toContain("\n");
  const { data } = JSON.parse(text);
  const [observer] = data.sightings[0].observers;
  expect(observer.insert_date).toMatch(/^\d{10}$/);
  for (const key of ["id_sighting", "@uid", "coord_lat", "coord_lon"])
    expect(observer[key]).toBeTypeOf("string");
  expect(data.sightings[0].date["@timestamp"]).toMatch(/^\d{10}$/);
  const size =
    text.length / (data.sightings.length + data.forms.flatMap((f: { sightings: [] }) => f.sightings).length);
  expect(size).toBeGreaterThan(1200);
  expect(size).toBeLessThan(1600);
  for (const key of ["@id", "id_form_universal", "lat", "lon"])
    expect(data.forms[0][key]).toBeTypeOf("string");
});

test("the list by ids gives those of the group that are still there", async () => {
  const [a, b, gone] = simulate(emulator.world, { action: "insert", site: "isere", count: 3, taxoGroup: 3 });
  const [other] = simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 2 });
  simulate(emulator.world, { action: "delete", site: "isere", ids: [gone?.id as number] });
  const list = [a, b, gone, other].map((row) => row?.id).join(",");
  const res = await ask(base, account, "observations", {
    query: { id_taxo_group: "3", id_sightings_list: list, short_version: "1" },
  });
  const { data } = (await res.json()) as { data: { sightings: Sighting[] } };
  expect(ids(data.sightings)).toEqual([a?.id, b?.id]);
});

test("a diff tells what changed since a moment, in the group asked for, the last change of each", async () => {
  const since = new Date(Date.now() + 3_600_000);
  const later = (minutes: number) => new Date(since.getTime() + minutes * 60_000);
  const done = (action: "update" | "delete", ids: number[], at: Date) =>
    simulate(emulator.world, { action, site: "isere", ids, at });
  const [born] = simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 1, at: later(1) });
  const [one, two, before] = simulate(emulator.world, {
    action: "insert",
    site: "isere",
    count: 3,
    taxoGroup: 1,
  }).map((r) => r.id);
  simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 2, at: later(2) });
  done("update", [one as number], later(3));
  done("update", [two as number], later(4));
  done("delete", [two as number], later(5));
  const pad = (n: number) => String(n).padStart(2, "0");
  const clock = `${pad(since.getHours())}:${pad(since.getMinutes())}:${pad(since.getSeconds())}`;
  const ymd = `${since.getFullYear()}-${pad(since.getMonth() + 1)}-${pad(since.getDate())}`;
  const ask1 = async (date: string, type = "all") => {
    const query = { id_taxo_group: "1", modification_type: type, date };
    return (await (await ask(base, account, "observations/diff/", { query })).json()) as Record<
      string,
      string
    >[];
  };
  const found = await ask1(`${ymd} ${clock}.123456`);
  expect(found.map((c) => [Number(c["id_sighting"]), c["modification_type"]])).toEqual([
    [born?.id, "updated"],
    [one, "updated"],
    [two, "deleted"],
  ]);
  expect(await ask1(`${clock} ${ymd.split("-").reverse().join(".")}`)).toEqual(found);
  expect(found.map((c) => Number(c["id_sighting"]))).not.toContain(before);
  expect(await ask1(`${ymd} ${clock}.123456`, "only_deleted")).toHaveLength(1);
  expect(await ask1(`${ymd} ${clock}.123456`, "only_modified")).toHaveLength(2);
});

test("a diff reaches ten weeks back, no further", async () => {
  const days = (n: number) => new Date(Date.now() - n * 86_400_000);
  const [far] = simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 7, at: days(71) });
  const [near] = simulate(emulator.world, { action: "insert", site: "isere", taxoGroup: 7, at: days(69) });
  const query = { id_taxo_group: "7", modification_type: "all", date: "2020-01-01 00:00:00.000000" };
  const found = (await (await ask(base, account, "observations/diff/", { query })).json()) as Record<
    string,
    string
  >[];
  const all = found.map((c) => Number(c["id_sighting"]));
  expect(all).toContain(near?.id);
  expect(all).not.toContain(far?.id);
});

test("places change too", async () => {
  const date = new Date(Date.now() - 1000).toISOString();
  const local = new Date(Date.parse(date) - now.getTimezoneOffset() * 60_000)
    .toISOString()
    .replace("T", " ")
    .replace("Z", "000");
  const [added] = simulatePlaces(emulator.world, { site: "isere", action: "insert" });
  const [gone] = simulatePlaces(emulator.world, { site: "isere", action: "delete", ids: [200_001] });
  const found = (await (
    await ask(base, account, "places/diff/", { query: { date: local } })
  ).json()) as Record<string, string>[];
  expect(found.map((c) => [Number(c["id_place"]), c["modification_type"]]).sort()).toEqual([
    [gone, "deleted"],
    [added, "updated"],
  ]);
  expect((await get(`places/${added}`)).data[0]?.["id"]).toBe(String(added));
  expect((await get(`places/${gone}`)).data).toEqual([]);
});
