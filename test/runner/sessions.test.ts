import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { addDays, localDay } from "../../scripts/runner/account/days";
import { simulate } from "../emulator";
import type { RunnerAccount } from "./runnerAccount";
import { type RunnerAccounts, startRunnerAccounts } from "./runnerAccounts";

let accounts: RunnerAccounts;
beforeAll(async () => {
  accounts = await startRunnerAccounts();
});
afterAll(() => accounts?.stop());
afterEach(() => accounts.emulator.faults.clear());

const today = () => localDay(new Date());

/** Rows of the portal that a copy lacks or has in another version. */
async function lacking(account: RunnerAccount, schema: string, site = "isere"): Promise<number> {
  const { rows } = await account.sql.query(
    `SELECT id, update_ts FROM ${schema}.observations_json WHERE site = $1`,
    [site],
  );
  const have = new Map(rows.map((row) => [row.id, row.update_ts]));
  return [...accounts.emulator.world.truth({ site })].filter((row) => have.get(row.id) !== row.update_ts)
    .length;
}

/** Settings of the database alone: an account that others have cloned has none of the login's own. */
async function hostile(account: RunnerAccount, settings: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(settings))
    await account.sql.query(`ALTER DATABASE "${account.database}" SET ${name} = '${value}'`);
}

const HOSTILE: Record<string, Record<string, string>> = {
  "dates as the French write them": {
    datestyle: "SQL, DMY",
    intervalstyle: "sql_standard",
    timezone: "Pacific/Auckland",
  },
  "German dates, and a clock that is set back": { datestyle: "German, DMY", timezone: "America/Noronha" },
  "texts otherwise, and an encoding without the portal's letters": {
    standard_conforming_strings: "off",
    client_encoding: "LATIN1",
    array_nulls: "off",
    quote_all_identifiers: "on",
    extra_float_digits: "-15",
    search_path: "",
  },
  "limits and no writing": {
    statement_timeout: "150ms",
    lock_timeout: "100ms",
    idle_in_transaction_session_timeout: "500ms",
    idle_session_timeout: "1500ms",
    default_transaction_read_only: "on",
    default_transaction_isolation: "serializable",
  },
};

describe.each(Object.entries(HOSTILE))("a database with %s", (name, settings) => {
  test("A2, A9: weekly and daily download, prove and repair; a hole is a hole; status reads all of it", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.settings({ windowDays: 40 });
    await hostile(account, settings);
    if (name.startsWith("limits")) {
      // Each answer takes longer than a session may idle, and a repaired row its time.
      accounts.emulator.faults.add({
        kind: "delay",
        delayMs: 2500,
        endpoint: "observations/search",
        call: 2,
        times: 2,
      });
      await account.sql.query(`SET default_transaction_read_only = off; SET statement_timeout = 0;
        CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.003); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
    }
    simulate(accounts.emulator.world, { action: "insert", site: "isere", count: 4 });
    // The second step of one group is refused: the days before it lack.
    accounts.emulator.faults.add({
      kind: "status",
      status: 404,
      endpoint: "observations/search",
      site: "isere",
      taxoGroup: 7,
      unit: "38",
      times: "always",
    });
    const weekly = await account.run("weekly");
    expect(weekly.code, await account.said()).toBe(2);
    expect(weekly.stderr).toMatch(/isere: [1-8] of 8 downloads not proven complete/);
    accounts.emulator.faults.clear();
    const daily = await account.run("daily");
    expect(daily, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
    const report = await account.status();
    expect(report).toMatchObject({ ok: true, problems: [], firstImport: { state: "done" } });
    expect(report.proof).toMatchObject({
      window_from: addDays(today(), -40),
      window_to: today(),
      proven: true,
    });
    expect(Date.now() - Date.parse(report.last.daily?.startedAt ?? "")).toBeLessThan(120_000);
    expect(await lacking(account, "src_vn_json_check")).toBe(0);
    expect(await lacking(account, "src_vn_json")).toBe(0);
  });
});

test("A2: a first import in steps comes to its end on a database with German dates", async () => {
  const account = await accounts.make({ fresh: true, sites: ["isere"] });
  await account.settings({
    firstImport: { start: true, since: addDays(today(), -100), stepDays: 20 },
  });
  await hostile(account, { datestyle: "German, DMY" });
  const init = await account.run("init");
  expect(init, await account.said()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await account.status()).firstImport).toMatchObject({ state: "done", done: 8, expected: 8 });
});

test("A8: a login whose sessions fire no triggers downloads nothing, and what to run is said", async () => {
  const account = await accounts.make({ sites: ["isere"] });
  await hostile(account, { session_replication_role: "replica" });
  const weekly = await account.run("weekly");
  expect(weekly.code).toBe(1);
  expect(weekly.stderr).toMatch(/fire no triggers.*ALTER ROLE "vn_check" RESET session_replication_role;/);
  expect((await account.run("status")).stdout).toMatch(/fire no triggers/);
});

describe("a server that is away for a moment", () => {
  let su: Client;
  beforeAll(async () => {
    su = await accounts.cluster.connect("postgres");
  });
  afterAll(() => su?.end().catch(() => undefined));

  const closed = async (account: RunnerAccount, seconds: number) => {
    await su.query(`ALTER DATABASE "${account.database}" ALLOW_CONNECTIONS false`);
    await su.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'vn_check'",
      [account.database],
    );
    await sleep(seconds * 1000);
    await su.query(`ALTER DATABASE "${account.database}" ALLOW_CONNECTIONS true`);
  };

  test("A14: connections refused at the start of a run, and in the middle of its download, are waited for", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    const open = closed(account, 2);
    await sleep(200);
    const first = account.start("weekly");
    await open;
    accounts.emulator.faults.add({
      kind: "delay",
      delayMs: 700,
      endpoint: "observations/search",
      times: "always",
    });
    accounts.emulator.requests.clear();
    const until = Date.now() + 60_000;
    while (accounts.asked("search", "isere").length < 2 && Date.now() < until) await sleep(50);
    await closed(account, 3);
    accounts.emulator.faults.clear();
    expect(await first.ended, await account.said()).toMatchObject({ code: 0 });
    expect(await account.said()).toMatch(/not currently accepting connections.*tried again in 1 s/);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });

  test("A14: a restart of PostgreSQL in the middle of the repair ends neither run nor repair", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await account.sql.query(`
      CREATE FUNCTION src_vn_json.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON src_vn_json.observations_json FOR EACH ROW EXECUTE FUNCTION src_vn_json.slow()`);
    const run = account.start("weekly");
    const until = Date.now() + 120_000;
    for (;;) {
      const { rows } = await account.sql.query(
        "SELECT 1 FROM src_vn_json_repair.run WHERE phase = 'applying'",
      );
      if (rows.length > 0) break;
      if (Date.now() > until) throw new Error(await account.said());
      await sleep(50);
    }
    await su.end();
    await accounts.cluster.restart(3);
    su = await accounts.cluster.connect("postgres");
    account.sql = await accounts.cluster.connect(account.database);
    expect(await run.ended, await account.said()).toMatchObject({ code: 0 });
    expect(await lacking(account, "src_vn_json")).toBe(0);
    const { rows } = await account.sql.query(
      "SELECT status FROM src_vn_json_repair.run ORDER BY id DESC LIMIT 2",
    );
    expect(rows.map((row) => row.status)).toEqual(["done", "interrupted"]);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
  });

  test("A14: what does not pass is told by its cause and remedy, and kept on the host", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    await su.query("ALTER ROLE vn_check CONNECTION LIMIT 0");
    try {
      const status = await account.run("status");
      expect(status.stdout).toMatch(
        /too many connections for role.*raise max_connections or the CONNECTION LIMIT/,
      );
      expect(status.stdout).not.toMatch(/pgpass/);
    } finally {
      await su.query("ALTER ROLE vn_check CONNECTION LIMIT -1");
    }
    const pass = await account.file(".pgpass");
    await account.write(".pgpass", "*:*:*:*:wrong");
    const weekly = await account.run("weekly");
    expect(weekly.stderr).toMatch(/password authentication failed.*pulumi up puts it right/);
    await account.write(".pgpass", pass);
    // Nothing of it is in the database.
    expect((await account.run("status")).stdout).toMatch(
      /the last weekly run failed: connecting to .*password/,
    );
    expect((await account.run("weekly")).code).toBe(0);
    expect(await account.status()).toMatchObject({ ok: true, problems: [] });
    const service = await account.file(".pg_service.conf");
    await account.write(".pg_service.conf", service.replace(/port=\d+/, "port=1"));
    expect((await account.run("status")).stdout).toMatch(/ECONNREFUSED.*Nothing listens there/);
  });
});

describe("a portal that limits requests", () => {
  test("A16: 429 is waited for, as it asks or ever longer, and the download is whole", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    accounts.emulator.faults.add({
      kind: "status",
      status: 429,
      endpoint: "observations/search",
      call: 3,
      times: 3,
    });
    accounts.emulator.faults.add({
      kind: "status",
      status: 503,
      retryAfter: "1",
      endpoint: "observations/search",
      call: 7,
    });
    accounts.emulator.faults.add({
      kind: "status",
      status: 429,
      retryAfter: new Date(Date.now() + 2000).toUTCString(),
      endpoint: "taxo_groups",
    });
    const weekly = await account.run("weekly");
    expect(weekly, await account.said()).toMatchObject({ code: 0, stderr: "" });
    const said = await account.said();
    for (const seconds of [2, 4, 8])
      expect(said).toContain(`isere: the portal answers HTTP 429 (too many requests): waiting ${seconds} s`);
    expect(said).toContain("isere: the portal answers HTTP 503 (unavailable): waiting 1 s");
    expect(await account.status()).toMatchObject({ ok: true, proof: { proven: true } });
  });

  test("A16: a wait that no job can bear is not waited for, but told by its name, here and in status", async () => {
    const account = await accounts.make({ sites: ["isere"] });
    accounts.emulator.faults.add({
      kind: "status",
      status: 429,
      retryAfter: "86400",
      endpoint: "observations/search",
      times: "always",
    });
    const weekly = await account.run("weekly");
    expect(weekly.code).toBe(2);
    expect(weekly.stderr).toMatch(
      /isere: the portal answers HTTP 429 \(too many requests\) and asks to wait 86400 s, longer than a job does/,
    );
    const { rows } = await account.sql.query(
      "SELECT message FROM src_vn_json_repair.job ORDER BY id DESC LIMIT 1",
    );
    expect(rows[0].message).toMatch(/HTTP 429/);
    expect((await account.run("status")).stdout).toMatch(/HTTP 429 \(too many requests\)/);
  });
});
