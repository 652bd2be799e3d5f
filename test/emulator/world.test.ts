import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { resolveOptions } from "./options";
import { simulate } from "./simulate";
import { World } from "./world";

const now = new Date("2026-03-10T12:00:00Z");
const sites = [
  { name: "isere", observations: 800 },
  { name: "ardeche", observations: 200 },
];
const make = (seed = 1, more = {}) => new World(resolveOptions({ now, seed, sites, ...more }));
const items = (world: World) =>
  [...world.sites.values()].map((site) => [...site.observations.values()].map((o) => site.item(o)));

test("the same seed and moment give the same world, another seed another", () => {
  expect(items(make())).toEqual(items(make()));
  expect(items(make())).not.toEqual(items(make(2)));
});

test("what is simulated is the same too", () => {
  const run = () => {
    const world = make();
    for (const action of ["insert", "update", "delete"] as const)
      simulate(world, {
        action,
        site: "isere",
        count: 20,
        between: ["2026-03-10T13:00:00Z", "2026-03-11T13:00:00Z"],
      });
    return [...world.truth({ unreadable: true }), ...world.truth({ deleted: true })];
  };
  expect(run()).toEqual(run());
});

test("sizes are as asked for; entries lie in the years given, a share of them in the last fortnight", () => {
  const world = make(1, { years: 2, recentShare: 0.5 });
  const all = [...world.truth({ site: "isere", unreadable: true })];
  expect(all).toHaveLength(800);
  const recent = all.filter((row) => row.entry_date >= "2026-02-24").length;
  expect(recent).toBeGreaterThan(330);
  expect(recent).toBeLessThan(500);
  expect(all.every((row) => row.entry_date >= "2024-03-10" && row.entry_date <= "2026-03-10")).toBe(true);
  const forms = world.site("isere").forms;
  expect(forms).toHaveLength(16);
  expect(
    forms.every(
      (f) =>
        f.sightings.length >= 2 &&
        f.sightings.every((o) => o.form === f && o.group === f.sightings[0]?.group),
    ),
  ).toBe(true);
});

test("ids repeat between sites: only (id, site) is a key", () => {
  const world = make();
  expect(
    world.site("isere").observations.has(100_001) && world.site("ardeche").observations.has(100_001),
  ).toBe(true);
});

test("half a million observations are made in seconds", () => {
  const start = Date.now();
  const world = make(1, { sites: [{ name: "isere", observations: 500_000 }] });
  expect(world.site("isere").observations.size).toBe(500_000);
  expect(Date.now() - start).toBeLessThan(20_000);
}, 60_000);

test("an update always has a later update_ts, also at a moment before the last one", () => {
  const world = make();
  const [row] = [...world.truth({ site: "isere" })];
  const ids = [row?.id as number];
  const [first] = simulate(world, { action: "update", site: "isere", ids, at: "2020-01-01T00:00:00Z" });
  const [second] = simulate(world, { action: "update", site: "isere", ids, at: "2020-01-01T00:00:00Z" });
  expect(first?.update_ts).toBe((row?.update_ts as number) + 1);
  expect(second?.update_ts).toBe((row?.update_ts as number) + 2);
});

test("inserts go where they are told: form, group, unit, day, moment", () => {
  const world = make();
  const rows = simulate(world, {
    action: "insert",
    site: "isere",
    count: 4,
    inForm: true,
    taxoGroup: 3,
    unit: "07",
    at: "2026-03-09T08:00:00",
    sightedAt: "2026-03-01",
  });
  expect(new Set(rows.map((r) => r.id_form_universal)).size).toBe(1);
  expect(rows[0]).toMatchObject({
    taxo_group: 3,
    territorial_unit: "07",
    entry_date: "2026-03-09",
    deleted: false,
  });
});

test("what cannot be done is said", () => {
  const world = make();
  expect(() => simulate(world, { action: "insert", site: "nowhere" })).toThrow(/isere, ardeche/);
  expect(() => simulate(world, { action: "delete", site: "isere", count: 9999 })).toThrow(
    /only \d+ observations fit/,
  );
  expect(() => simulate(world, { action: "delete", site: "isere", ids: [1] })).toThrow(/not there/);
  expect(() => simulate(world, { action: "insert", site: "isere", at: "yesterday" })).toThrow(/ISO date/);
  expect(() => simulate(world, { action: "insert", site: "isere", taxo_group: 1 } as never)).toThrow(
    /"taxo_group" is not/,
  );
  expect(() => resolveOptions({ sites: [{ name: "a b" }] })).toThrow(/letters, digits/);
});

test("the program says where it listens, is steered over HTTP and ends when told", async () => {
  const program = spawn(
    process.execPath,
    ["--import", "tsx", `${__dirname}/main.ts`, "--site", "isere=100"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    const lines: string[] = [];
    for await (const line of createInterface({ input: program.stdout })) {
      lines.push(line);
      if (line.startsWith("READY ")) break;
    }
    const { port, sites } = JSON.parse(lines.at(-1)?.slice(6) ?? "{}");
    expect(sites.isere).toBe(`http://127.0.0.1:${port}/isere/`);
    expect(lines.join("\n")).toContain(`site: ${sites.isere}`);
    const control = async (path: string, body?: unknown, method = body ? "POST" : "GET") => {
      const res = await fetch(`http://127.0.0.1:${port}/_control/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: res.status, value: JSON.parse(await res.text()) };
    };
    const before = (await control("truth?site=isere")).value.length;
    const inserted = await control("simulate", [
      { action: "insert", site: "isere", count: 3 },
      { action: "delete", site: "isere" },
    ]);
    expect(inserted.value).toHaveLength(4);
    expect((await control("truth?site=isere&items=1")).value).toHaveLength(before + 2);
    expect((await control("truth?deleted=1")).value).toHaveLength(1);
    expect((await control("simulate-places", { site: "isere", action: "insert" })).value).toEqual([200_049]);
    expect((await control("faults", { kind: "status", status: 500, times: "always" })).value).toHaveLength(1);
    expect((await fetch(`${sites.isere}api/taxo_groups`)).status).toBe(500);
    expect((await control("faults/1", undefined, "DELETE")).value).toEqual([]);
    expect((await fetch(`${sites.isere}api/taxo_groups`)).status).toBe(401);
    expect((await control("requests?site=isere&after=1")).value).toMatchObject([{ n: 2, status: 401 }]);
    expect((await control("access", { site: "isere", taxoGroup: 1, mode: "none" })).status).toBe(200);
    expect((await control("truth?taxoGroup=1")).value).toEqual([]);
    expect((await control("truth?site=none")).status).toBe(400);
    expect((await control("faults", { kind: "explode" })).value.error).toMatch(/one of/);
    expect((await control("nothing")).status).toBe(404);
    const left = (await control("")).value.sites[0];
    expect(left.name).toBe("isere");
    expect(JSON.stringify(left)).not.toContain("secret");
  } finally {
    program.kill("SIGTERM");
  }
  const [code] = program.exitCode === null ? await once(program, "exit") : [program.exitCode];
  expect(code).toBe(0);
});
